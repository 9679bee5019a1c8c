#pragma once
// Doing several things at once: threads in production, fibers in the simulator.
//
// Shared state is guarded by std::mutex as usual, under one rule: no lock is held across a call of
// any port, since in the simulator that is where another fiber may run.

#include <functional>
#include <memory>
#include <string>

#include "base/time.h"

namespace understudy {

/// Wakes one waiting task. A notification that comes before the wait is not lost; several become
/// one.
class Signal {
 public:
  virtual ~Signal() = default;
  virtual void notify() = 0;
  /// True if notified since the last wait, or before `deadline`; false if the deadline came first.
  virtual bool wait_until(BootTime deadline) = 0;
};

/// Thread-safe.
class Tasks {
 public:
  virtual ~Tasks() = default;
  /// Runs `body` beside the caller. It must end by itself once what it serves is stopped: tasks are
  /// joined when the Tasks object goes. `name` (at most 15 characters) is for people.
  virtual void spawn(const std::string& name, std::function<void()> body) = 0;
  [[nodiscard]] virtual std::unique_ptr<Signal> signal() = 0;
};

}  // namespace understudy
