#pragma once
// The third vantage: whichever region is not being looked at.

#include <map>
#include <memory>
#include <string>

#include "ports/vantage.h"
#include "topology/topology.h"

namespace understudy {

/// Thread-safe. Both outlive it.
class OtherRegion final : public Vantage {
 public:
  OtherRegion(const Topology& topology,
              const std::map<std::string, std::unique_ptr<Vantage>>& by_region)
      : topology_(topology), by_region_(by_region) {}

  std::string name() const override { return "other-region"; }
  Result<Sighting> look(const std::string& region, BootTime deadline) override {
    return by_region_.at(topology_.other(region).name)->look(region, deadline);
  }
  Result<Watched> watch(const std::string& region, const Pace& pace) override {
    return by_region_.at(topology_.other(region).name)->watch(region, pace);
  }

 private:
  const Topology& topology_;
  const std::map<std::string, std::unique_ptr<Vantage>>& by_region_;
};

}  // namespace understudy
