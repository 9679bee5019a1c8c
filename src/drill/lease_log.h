#pragma once
// When a region held the writer lease, by the grantors' own records.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "drill/stage.h"

namespace understudy::drill {

/// A stretch of time in which a lease was held without a gap.
struct Lease {
  BootTime from;
  BootTime until;
};

/// Joins the leases that touch, whoever granted them; in the order of their beginnings.
[[nodiscard]] std::vector<Lease> joined(std::vector<Lease> leases);

struct LeaseLog {
  std::vector<Lease> leases;   ///< joined
  std::uint64_t grants = 0;    ///< by the registry
  std::uint64_t extended = 0;  ///< leases that the other region's agent began
};

/// The registry logs each grant. The other region's agent tells of the first promise of a row and
/// of when the row before ended; until when the last one holds it says when asked. The holder
/// counts from before it asked: its lease ends at the latest `ttl` after the grantor's own time of
/// the grant.
[[nodiscard]] Result<LeaseLog> read_lease_log(const Stage& stage, const Topology& topology,
                                              const std::string& holder);

}  // namespace understudy::drill
