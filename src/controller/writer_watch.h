#pragma once
// Watches whether the active region can write: a full disk, say, is seen by none of the vantages,
// and is told only by those whose writes it refuses.

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

  Orchestration& world_;
  std::atomic<bool> stopped_{false};
};

}  // namespace understudy
