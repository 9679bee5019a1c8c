#pragma once
// The faults a drill can do to the local stack. Each is really done: processes are killed or
// stopped, connections dropped, programs replaced.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "drill/judge.h"
#include "local/site.h"
#include "system/process.h"

namespace understudy::drill {

/// A fault that is being done. `heal` undoes it as far as it can be undone (a killed region is
/// started again, as when power comes back); it is called once.
struct Injected {
  std::function<Result<Done>()> heal;
};

struct Fault {
  std::string_view name;
  std::string_view what;  ///< for people
  Outcome expected;
  std::vector<int>
      rows;        ///< of the decision table; one of them must have decided. Empty: none need
  Duration bound;  ///< from the fault: by then the outcome must have come, or be sure not to
  bool majority_sees_primary_down = true;
  bool spares_active = false;  ///< the witness or the standby alone is lost, and nobody may notice
  bool region_lost = false;    ///< the old region does not answer while the fault lasts
  bool needs_stalled_standby =
      false;           ///< replication is cut so long before that the budget is exceeded
  bool thaws = false;  ///< what was under way in the region continues afterwards
  /// Does it to `region`, the active one.
  std::function<Result<Injected>(const Site& site, const std::string& region)> inject;
};

[[nodiscard]] std::span<const Fault> all_faults();
/// None if there is no fault of that name.
[[nodiscard]] const Fault* find_fault(std::string_view name);

/// Keeps the standby from replicating from `region` until it is healed.
[[nodiscard]] Result<Injected> cut_replication(const Site& site, const std::string& region);

/// What belongs to a region now.
[[nodiscard]] std::vector<process::Identity> processes_of(const Site& site,
                                                          const std::string& domain);

}  // namespace understudy::drill
