#pragma once
// What the system says of itself during a drill: for the timeline and for the decision's row id.
// The verdict does not rest on it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drill/judge.h"
#include "local/site.h"

namespace understudy::drill {

/// The phase in which the public ingress was seen to lead to the other region.
inline constexpr std::string_view kReadinessPhase = "readiness seen at the public ingress";

struct Story {
  std::vector<Phase> phases;  ///< detection, decision, fence, lag gate, promotion, readiness ...
  std::vector<int> rows;      ///< decided about the active region after the fault, in order
  std::optional<int> failover_row;  ///< that started a failover
  unsigned failovers = 0;           ///< executions started after the fault
  unsigned self_fencings = 0;       ///< times the active region lost its page
  std::vector<std::string> alerts;
};

/// Reads the event files of the stack.
[[nodiscard]] Result<Story> read_story(const Site& site, const std::string& region,
                                       const Instant& fault_at);

}  // namespace understudy::drill
