#pragma once
// The course of a drill as numbers in equal steps of time, for charts. Nothing is judged by it.

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "drill/instant.h"
#include "drill/ledger.h"

namespace understudy::drill {

/// How old the newest commit was that the standby's database showed. Times count from the fault.
struct LagSample {
  std::int64_t at_ms = 0;
  std::int64_t lag_ms = 0;
};

/// A region held the writer lease from then until then, without a gap.
struct HeldLease {
  std::string region;
  std::int64_t from_ms = 0;
  std::int64_t until_ms = 0;
  bool endless = false;  ///< it had not ended when the drill did
};

/// What the clients saw, in steps of `step_ms` (100, or more if the drill was so long that it would
/// take over 6000) from `begins_ms` on, counted from the fault:
///
///     {"begins_ms": -20000, "step_ms": 100,
///      "ingress": [{"name": "http://...", "acknowledged": [11, ...], "declined": [1, ...],
///                   "refused": [0, ...], "unknown": [0, ...]}],    tries, by their outcome's time
///      "acknowledged_by": [{"region": "north", "counts": [11, ...]}],
///      "page_errors": [0, ...],
///      "marks": [{"name": "fault", "at_ms": 0}],         what the drill itself did
///      "latency": {"step_ms": 1000, "p50_ms": [5, null, ...], "p99_ms": [...]},
///      "errors": [{"ingress": "http://...", "reason": "HTTP 503", "count": 7}],
///      "lag": {"at_ms": [...], "lag_ms": [...]},
///      "leases": [{"region": "north", "from_ms": -900, "until_ms": 2100, "endless": false}]}
///
/// Declined is what a service that is well may answer (4xx: another buyer has the seat); refused is
/// the rest of what clients know did not happen. Latency is that of acknowledged orders, by the
/// second in which the buyer came; null: there were none.
[[nodiscard]] boost::json::object course_of(const Ledger& ledger, const Instant& fault_at,
                                            const std::vector<LagSample>& lag,
                                            const std::vector<HeldLease>& leases);

}  // namespace understudy::drill
