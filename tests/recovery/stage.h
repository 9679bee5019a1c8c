#pragma once
// Time and tasks for tests: everything that waits, waits in virtual time.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "ports/clock.h"
#include "ports/tasks.h"

namespace understudy::fake {

/// Runs tasks one at a time, in an order that is the same in every run. A task goes on until it
/// waits; when all wait, the clock jumps to the earliest instant that one waits for. So nothing
/// really sleeps, and what tests share with tasks needs no locks of its own.
///
/// Tasks are real threads that hand a baton on: sanitizers and debuggers understand them. The
/// thread that made the stage is one of the tasks. Requires: no mutex is held across a wait.
class Stage final : public Clock, public Tasks {
 public:
  Stage();
  ~Stage() override;  ///< finish()
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  [[nodiscard]] BootTime boot() const override;
  [[nodiscard]] WallTime wall() const override;
  [[nodiscard]] std::string boot_id() const override { return "a-boot"; }
  void sleep_until(BootTime time) override;

  void spawn(const std::string& name, std::function<void()> body) override;
  [[nodiscard]] std::unique_ptr<Signal> signal() override;

  /// Lets the others run for so long.
  void run_for(Duration length) { sleep_until(boot() + length); }
  /// Lets the others run until `there` says yes. False: it did not within `limit`.
  [[nodiscard]] bool run_until(const std::function<bool()>& there,
                               Duration limit = std::chrono::seconds(60));
  /// Moves the wall clock, not the boot clock.
  void shift_wall(Duration by) { wall_offset_ += by; }

  /// Lets every task come to its end. Stops the process if one does not within a virtual hour.
  void finish();

 private:
  struct Task {
    std::string name;
    std::condition_variable turn;
    bool on = false;
    BootTime wake{};
    std::uint64_t order = 0;
    std::thread thread;
  };
  class StageSignal;
  struct ByWake {
    bool operator()(const Task* a, const Task* b) const {
      return a->wake != b->wake ? a->wake < b->wake : a->order < b->order;
    }
  };

  void wait(std::unique_lock<std::mutex>& held, Task& self);
  void pass_on(std::unique_lock<std::mutex>& held);
  void make_ready(Task& task);
  void sleep(std::unique_lock<std::mutex>& held, BootTime time);

  mutable std::mutex lock_;
  BootTime now_;
  Duration wall_offset_{};
  std::list<Task> tasks_;
  Task* current_;
  std::deque<Task*> ready_;
  std::set<Task*, ByWake> asleep_;
  std::uint64_t order_ = 0;
  std::uint64_t turns_at_now_ = 0;
  std::size_t alive_ = 0;  // but the one that made the stage
};

}  // namespace understudy::fake
