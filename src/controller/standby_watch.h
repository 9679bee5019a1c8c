#pragma once
// Watches the attached standby, and detaches one that is gone for long (rule R19), so that the
// active region needs nobody but the registry, and then nobody at all.

#include <atomic>
#include <mutex>
#include <string>

#include "recovery/steps/step.h"

namespace understudy {

/// One task. Thread-safe. An agent attaches a standby again by itself, once it streams.
class StandbyWatch {
 public:
  explicit StandbyWatch(Orchestration& world) : world_(world) {}

  void start();
  void stop() { stopped_ = true; }

  /// Detaches now, at somebody's word (`who`, "" for our own): the lease becomes endless, and
  /// nothing can fail over until a standby is attached again. Error: why the record does not allow
  /// it, or that the registry did not answer, in which case it may have been applied.
  [[nodiscard]] Result<Record> detach(const std::string& who);

 private:
  void watch();
  void look();
  [[nodiscard]] bool holder_misses_it(const Record& record) const;

  Orchestration& world_;
  std::atomic<bool> stopped_{false};
  std::string watched_;  // by the task alone, and so is the next
  BootTime seen_at_{};
};

}  // namespace understudy
