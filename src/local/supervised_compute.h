#pragma once
// The Compute port on a region's supervisor.

#include "local/units.h"
#include "ports/clock.h"
#include "ports/compute.h"

namespace understudy {

/// Thread-safe. A group of units is a service.
class SupervisedCompute final : public Compute {
 public:
  SupervisedCompute(SupervisorClient supervisor, const Clock& clock)
      : supervisor_(std::move(supervisor)), clock_(clock) {}

  Result<std::map<std::string, unsigned>> running(BootTime deadline) override;
  Result<Done> want(const std::string& service, unsigned count, BootTime deadline) override;

 private:
  SupervisorClient supervisor_;
  const Clock& clock_;
};

}  // namespace understudy
