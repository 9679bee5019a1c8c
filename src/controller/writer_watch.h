#pragma once
// Watches what only the active region's agent knows of its writes: that they are refused, as by a
// full disk, which no vantage sees; and that they wait for the standby no longer.

#include <atomic>

#include "recovery/steps/step.h"

namespace understudy {

/// One task. It only tells people, since the region's database answers and may yet be mended; to
/// leave it for that would lose what it has and the standby has not.
class WriterWatch {
 public:
  explicit WriterWatch(Orchestration& world) : world_(world) {}

  void start();
  void stop() { stopped_ = true; }

 private:
  void look();
  void tell_of_trouble(const Record& record, const AgentStatus& agent);
  void tell_of_loss(const Record& record, const AgentStatus& agent);

  Orchestration& world_;
  std::atomic<bool> stopped_{false};
};

}  // namespace understudy
