#pragma once
// The faults of `understudy drill`, and what must come of each.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "drill/injections.h"
#include "drill/judge.h"
#include "drill/stage.h"

namespace understudy::drill {

struct Fault {
  std::string name;
  std::string what;  ///< for people
  Outcome expected;
  std::vector<int>
      rows;        ///< of the decision table; one of them must have decided. Empty: none need
  Duration bound;  ///< from the fault: by then the outcome must have come, or be sure not to
  bool majority_sees_primary_down = true;
  bool spares_active = false;  ///< the witness or the standby alone is lost, and nobody may notice
  bool region_lost = false;    ///< the old region does not answer while the fault lasts
  bool thaws = false;          ///< what was under way in the region continues afterwards
  /// Replication is cut so long before that the lag budget is exceeded.
  bool after_stalled_replication = false;
  /// Done before the fault, which counts from its own moment. Empty: nothing.
  std::function<Injection> prepare = nullptr;
  /// Ids of what `understudy check` must say: before the fault if something is prepared, else once
  /// it is done.
  std::vector<int> foreseen = {};
  bool not_ready = false;  ///< and its status is then 1, until the fault is healed
  /// Nobody knows what would be lost, so a person is asked, approves, and then it fails over. The
  /// fault stays.
  bool asks = false;
  /// Not a fault but an order: planned, it may fail no order and keep none waiting for long.
  bool planned = false;
  /// What the platform is to be like for it; none: as described.
  void (*setting)(Topology& topology) = nullptr;
  std::string_view tells = {};  ///< in the subject of an alert that must have been raised
  /// Instead of the platform's, for what cannot be as fast.
  std::optional<Objectives> objectives = std::nullopt;
  StageNeeds needs = {};
  /// Does it to `region`, the active one.
  std::function<Injection> inject;
};

[[nodiscard]] std::span<const Fault> all_faults();
/// None if there is no fault of that name.
[[nodiscard]] const Fault* find_fault(std::string_view name);

}  // namespace understudy::drill
