#pragma once
// Virtual time: a heap of events, and fibers that wait in it. One thread runs a whole history, so
// nothing in a simulated world is ever touched by two at once.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"

namespace understudy::simulation {

/// True time since the history began: what no clock in the world shows exactly.
struct TrueClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<TrueClock>;
  static constexpr bool is_steady = true;
};
using TrueTime = TrueClock::time_point;

class Process;
class Fiber;
class FiberPool;

/// Thrown out of whatever a fiber waits in, when its process dies: a crash unwinds the stack, and
/// runs nothing else. Not a std::exception, so that no handler for those stops it.
struct Died {};

/// A fiber that waits, for whoever is to wake it. Stale once it was woken.
struct Waiter {
  Fiber* fiber = nullptr;
  std::uint64_t ticket = 0;
};

/// Not thread-safe: belongs to the thread that made it, as do all its fibers.
class Scheduler {
 public:
  Scheduler();
  ~Scheduler();  ///< Requires: every process has ended
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  [[nodiscard]] TrueTime now() const { return now_; }

  /// Runs `act` then, outside any fiber: it must not wait. Equal times go in the order of the
  /// calls.
  void at(TrueTime when, std::function<void()> act);
  void after(Duration length, std::function<void()> act) { at(now_ + length, std::move(act)); }

  /// Runs `body` in a fiber of `owner`, from now on.
  void spawn(Process& owner, std::function<void()> body);

  /// In a fiber: waits until woken, or until then. True if woken. Throws Died.
  bool wait_until(TrueTime when);
  /// In a fiber: itself, for the wait that comes next.
  [[nodiscard]] Waiter self();
  /// Nothing happens if it does not wait any more.
  void wake(const Waiter& waiter, bool woken = true);
  [[nodiscard]] bool in_fiber() const { return running_ != nullptr; }

  /// Lets it go on before this returns. Outside any fiber.
  void go_on(const Waiter& waiter) { resume(waiter, true); }
  /// Ends a fiber that waits, by Died, before this returns. Outside any fiber.
  void unwind(Fiber& fiber);

  /// Runs events until `end`, or until `stop` is true.
  void run_until(TrueTime end, const bool& stop);

  /// A number that depends on every event so far and on their order.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  /// Puts something else that happened into the digest.
  void mix(std::uint64_t word) { digest_ = (digest_ ^ word) * 0x100000001b3ULL; }

 private:
  enum class What : std::uint8_t { act, wake, time_out, look_at_deadline };
  struct Event {
    TrueTime when;
    std::uint64_t order = 0;
    Waiter waiter;           // whoever goes on, but for an act
    std::uint32_t slot = 0;  // of acts_
    What what = What::act;
    bool operator>(const Event& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };

  void push(Event event);
  [[nodiscard]] std::optional<Event> take_next(TrueTime end);
  void happen(const Event& event);
  void set_timer(Fiber& fiber);
  void look_at_deadline(Fiber& fiber, TrueTime timer);
  void resume(const Waiter& waiter, bool woken);
  void switch_to(Fiber& fiber);

  TrueTime now_{};
  std::uint64_t order_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t digest_ = 0xcbf29ce484222325ULL;
  std::vector<Event> heap_;  // of what comes later; those of its times that come now go first
  std::deque<Event> due_;    // of what comes now
  std::vector<std::function<void()>> acts_;
  std::vector<std::uint32_t> free_acts_;
  Fiber* running_ = nullptr;
};

}  // namespace understudy::simulation
