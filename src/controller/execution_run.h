#pragma once
// What a runner keeps of one execution. For the runner's own files.

#include "controller/execution_runner.h"

namespace understudy {

/// What operators ordered of an execution, and who it was.
struct OrdersInForce {
  std::optional<ControlOrder> paused{};
  std::optional<ControlOrder> cancelled{};
  std::optional<ControlOrder> ungraceful{};
  std::map<std::string, ControlOrder> skipped{};  ///< by state
};

/// One running execution. `execution`, `now` and `timers` belong to its own task.
struct ExecutionRunner::Run {
  Run(states::Execution of, std::unique_ptr<Signal> wake)
      : name(of.info().name), execution(std::move(of)), signal(std::move(wake)) {}

  void post(states::Stimulus stimulus) {
    {
      const std::lock_guard held(lock);
      mailbox.push_back(std::move(stimulus));
    }
    signal->notify();
  }

  const std::string name;
  states::Execution execution;
  /// The engine's time: the wall clock's, but that it never runs backwards.
  WallTime now{};
  /// How long it takes until then is counted by the boot clock: a wall clock that is put back would
  /// hold up whatever waits, and nobody may write meanwhile.
  struct Timer {
    WallTime at;
    BootTime due;
  };
  std::map<states::TimerId, Timer> timers;
  std::unique_ptr<Signal> signal;
  std::weak_ptr<Run> self;

  std::mutex lock;  // guards all below
  std::deque<states::Stimulus> mailbox;
  std::map<std::string, std::string> questions;  // open ones: by token, the state that asks
  bool finished = false;
  std::string state;                               // of the task begun last
  std::map<std::string, const Step*> steps;        // by state, of the tasks that were begun
  std::map<states::TaskId, std::string> underway;  // whose step runs: its state
  bool waits_for_time = false;                     // nothing but a timer
  bool retry_now = false;
  bool ordering = false;  // an order is just being written
  OrdersInForce orders;
};

}  // namespace understudy
