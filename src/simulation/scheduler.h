#pragma once
// Virtual time: a heap of events, and fibers that wait in it. One thread runs a whole history, so
// nothing in a simulated world is ever touched by two at once.

#include <cstdint>
#include <deque>
#include <vector>

#include "simulation/act.h"
#include "simulation/clock.h"
#include "simulation/timetable.h"

namespace understudy::simulation {

class Process;
class Fiber;
class FiberPool;

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
  /// Of the next machine in this world, from 0.
  [[nodiscard]] std::size_t number_machine() { return machines_++; }

  /// Runs `act` then, outside any fiber: it must not wait. Equal times go in the order of the
  /// calls.
  void at(TrueTime when, Act&& act);
  void after(Duration length, Act&& act) { at(now_ + length, std::move(act)); }

  /// Runs `body` in a fiber of `owner`, from now on.
  void spawn(Process& owner, Act&& body);

  /// In a fiber: waits until woken, or until then. True if woken. It does not return if its
  /// process dies: the stack is unwound, and only destructors run.
  bool wait_until(TrueTime when);
  /// In a fiber: itself, for the wait that comes next.
  [[nodiscard]] Waiter self();
  /// Nothing happens if it does not wait any more.
  void wake(const Waiter& waiter, bool woken = true);
  [[nodiscard]] bool in_fiber() const { return running_ != nullptr; }

  /// Lets it go on before this returns. Outside any fiber.
  void go_on(const Waiter& waiter) { resume(waiter, true); }
  /// Ends a fiber that waits, before this returns. Outside any fiber.
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
  /// Of now.
  struct Due {
    std::uint64_t order = 0;
    Waiter waiter;           // whoever goes on, but for an act
    std::uint32_t slot = 0;  // of acts_
    What what = What::act;
  };
  [[nodiscard]] std::uint32_t slot_for(Act&& act);
  void act(std::uint32_t slot);
  void begin_event(std::uint64_t order);
  void happen(const Due& event);
  void happen(const Later& event);
  void set_timer(Fiber& fiber);
  void look_at_deadline(Fiber& fiber, TrueTime timer);
  void resume(const Waiter& waiter, bool woken);
  void switch_to(Fiber& fiber);

  TrueTime now_{};
  std::uint64_t order_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t digest_ = 0xcbf29ce484222325ULL;
  /// Of what comes later; those of its times that come now go first.
  Timetable later_;
  std::vector<Due> due_;  // of what comes now, from next_due_ on
  std::size_t next_due_ = 0;
  std::deque<Act> acts_;  // none of them moves
  std::vector<std::uint32_t> free_acts_;
  Fiber* running_ = nullptr;
  std::size_t machines_ = 0;
};

}  // namespace understudy::simulation
