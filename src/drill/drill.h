#pragma once
// One drill: a stack of its own, load, a fault, and the verdict.

#include <boost/json/object.hpp>
#include <functional>
#include <optional>
#include <string>

#include "drill/audience.h"
#include "drill/faults.h"
#include "drill/judge.h"
#include "drill/story.h"
#include "drill/stragglers.h"
#include "topology/topology.h"

namespace understudy::drill {

struct DrillOptions {
  std::string own_program;           ///< path of this binary
  unsigned orders_per_second = 115;  ///< some seats are wanted by several: 100 and more are sold
  unsigned pages_per_second = 10;
  std::chrono::seconds steady{20};  ///< load before the fault
  /// How long a fault lasts that nobody may notice; none: as long as the fault's own bound.
  std::optional<std::chrono::nanoseconds> fault_lasts;
  bool judge_times = true;   ///< false: how long things take is shown, and fails nothing
  bool keep = false;         ///< leave the stack's folder behind (ended, for looking into it)
  bool keep_failed = false;  ///< the same, but only of a drill that failed
  std::string
      evidence_folder;  ///< "": removed with the stack; else the clients' file is copied there
};

struct DrillResult {
  Verdict verdict;
  Story story;
  StragglerCount stragglers;
  AudienceSeen audience;
  milliseconds disk_write_max{0};          ///< the machine's longest small write since the fault
  bool asked = false;                      ///< a person was asked and approved, and it went on
  std::vector<std::string> failed_checks;  ///< beyond the verdict: each fails the drill
  unsigned records = 0;                    ///< that were written, and verified
  std::string folder;                      ///< of the stack, if it was kept
  WallTime fault_at;
  boost::json::object course;  ///< for charts; see course.h

  [[nodiscard]] bool passed() const { return verdict.passed() && failed_checks.empty(); }
};

using Say = std::function<void(const std::string&)>;

/// Runs it from nothing to nothing: makes a stack in a fresh folder on free ports, and removes it
/// whatever happens. Requires: one thread (as `up` does). Error: the drill itself could not be
/// done.
[[nodiscard]] Result<DrillResult> run_drill(const Fault& fault, const Topology& topology,
                                            const DrillOptions& options, const Say& say);

}  // namespace understudy::drill
