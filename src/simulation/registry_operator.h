#pragma once
// A person who finds the registry without its record, and makes a new one as `understudy registry
// recover` does.

#include <array>
#include <map>

#include "simulation/region.h"
#include "simulation/registry_process.h"
#include "simulation/stage.h"

namespace understudy::simulation {

class RegistryOperator {
 public:
  RegistryOperator(Stage& stage, Machine& machine, RegistryProcess& registry,
                   std::array<Region*, 2> regions);

  /// The record is lost; from now on it is tried again and again to make a new one.
  void begin();
  /// What they are told that does not come back: the region that the plan leaves dead.
  void is_gone(const Region& region) { gone_ = &region; }

 private:
  void look();
  [[nodiscard]] bool recover();

  Stage& stage_;
  RegistryProcess& registry_;
  const std::array<Region*, 2> regions_;
  Process process_;
  const Region* gone_ = nullptr;
  std::optional<Record> made_;             ///< the newest record of theirs
  std::map<const Region*, bool> settled_;  ///< at the look before: no promotion was under way
  bool busy_ = false;
  int in_vain_ = 0;
};

}  // namespace understudy::simulation
