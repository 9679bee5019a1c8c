#pragma once
// Who held the writer lease when, during a whole drill, by the grantors' own records: for the
// report's ribbon.

#include <vector>

#include "drill/course.h"
#include "drill/stage.h"

namespace understudy::drill {

/// Both regions' leases in the order of their beginnings; times count from the fault. As the
/// grantors count, that is to the latest possible end (see lease_log.h). What a region's other
/// grantor does not answer for any more is left out.
///
/// Error: the registry's log cannot be read.
[[nodiscard]] Result<std::vector<HeldLease>> read_lease_history(const Stage& stage,
                                                                const Topology& topology,
                                                                const Instant& fault_at);

}  // namespace understudy::drill
