#pragma once
// There and back again, under load: the active region is killed, every other time with some
// orders that its standby has not, the other takes over, the first comes back as its standby and is
// made active again by a failback. Judged by what clients wrote
// down, by the databases, and by the salvage files.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "drill/drill.h"
#include "topology/topology.h"

namespace understudy::drill {

/// One trip. Lengths in milliseconds.
struct RoundTrip {
  unsigned number = 0;
  std::int64_t rto_ms = 0;       ///< kill to the first order acknowledged by the other region
  std::int64_t rejoined_ms = 0;  ///< the killed region's return until it is attached again
  std::int64_t failback_longest_ms = 0;  ///< longest wait of an order during the failback
  std::uint64_t disk_bytes = 0;          ///< of both regions' database folders, at the end
};

struct RoundTripsResult {
  std::vector<RoundTrip> trips;
  std::uint64_t acked = 0;
  std::uint64_t lost = 0;                   ///< acknowledged orders that the database does not hold
  std::uint64_t salvaged = 0;               ///< orders in the salvage files
  std::uint64_t salvaged_unacked = 0;       ///< of those, which no client was told of
  std::uint64_t lost_beyond_salvage = 0;    ///< lost, and in no salvage file: must be 0
  std::uint64_t salvaged_though_held = 0;   ///< salvaged, and in the database: must be 0
  std::uint64_t failed_in_failbacks = 0;    ///< orders for any seat, not served: must be 0,
                                            ///< unless somebody is killed in the middle of it
  std::uint64_t dual_acknowledgements = 0;  ///< by an older epoch after a newer one's first
  unsigned failbacks_aborted = 0;           ///< and planned again: must be 0 likewise
  unsigned approved = 0;                    ///< with crashes: failovers that asked a person
  bool crashes = false;                     ///< somebody was killed in every state
  /// With crashes: how often who died, by execution and state ("failback Fence").
  std::map<std::string, std::map<std::string, unsigned>> deaths;
  std::vector<std::string> failed_checks;

  [[nodiscard]] bool passed() const {
    return failed_checks.empty() && acked > 0 && lost_beyond_salvage == 0 &&
           salvaged_though_held == 0 && dual_acknowledgements == 0 &&
           (crashes || (failed_in_failbacks == 0 && failbacks_aborted == 0));
  }
};

/// On a stack of its own. `crashes`: in every state of every failover, rejoin and failback the
/// controller or an agent is killed (Reaper). Error: a trip could not be made, or did not end in
/// its time.
[[nodiscard]] Result<RoundTripsResult> run_round_trips(Topology topology,
                                                       const DrillOptions& options, unsigned trips,
                                                       bool crashes, const Say& say);

}  // namespace understudy::drill
