#pragma once
// Watches whether the active region runs what it should: after a failover, services are told to
// start, and nobody waits for them but this.

#include <atomic>
#include <map>
#include <string>

#include "ports/inspection.h"
#include "recovery/steps/step.h"

namespace understudy {

/// One task. It only tells people: the region serves what it can, and its supervisor starts what
/// ended again and again.
class CapacityWatch {
 public:
  /// Both outlive it. `inspectors`: by region, both.
  CapacityWatch(Orchestration& world, std::map<std::string, RegionInspector*> inspectors)
      : world_(world), inspectors_(std::move(inspectors)) {}

  void start();
  void stop() { stopped_ = true; }

 private:
  struct Lack {
    BootTime since{};
    bool told = false;
  };

  void look();
  void note(const std::string& region, const Service& service, const ServiceState& state);
  void tell(const std::string& region, const Service& service, const ServiceState& state);
  void tell_well(const std::string& region, const Service& service);

  Orchestration& world_;
  const std::map<std::string, RegionInspector*> inspectors_;
  std::atomic<bool> stopped_{false};
  std::string watched_;  // by the task alone, and so are the next two
  std::map<std::string, Lack> lacks_;
  unsigned occasions_ = 0;
};

}  // namespace understudy
