#pragma once
// A region's inspection in the fake world: all is well but what a test says.

#include <set>

#include "ports/drill_history.h"
#include "ports/inspection.h"
#include "tests/recovery/world.h"

namespace understudy::fake {

class FakeInspector final : public RegionInspector {
 public:
  FakeInspector(World& world, FakeRegion& region) : world_(world), region_(region) {}

  Result<Inspection> inspect(BootTime deadline) override;
  Result<std::vector<ServiceState>> services(BootTime deadline) override;
  Result<WallTime> wall(BootTime deadline) override;

  std::set<std::string> ill;         ///< services whose instances are not well
  bool silent = false;               ///< the agent does not answer
  Duration clock_ahead{};            ///< of its wall clock
  Duration takes = milliseconds(1);  ///< an answer
  std::map<std::string, std::vector<std::string>> missing;  ///< variables, by service

 private:
  [[nodiscard]] Result<Done> reach(BootTime deadline);

  World& world_;
  FakeRegion& region_;
};

class FakeDrills final : public DrillHistory {
 public:
  Result<std::vector<PastDrill>> past() override { return all; }
  std::vector<PastDrill> all;
};

}  // namespace understudy::fake
