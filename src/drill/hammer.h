#pragma once
// The hammer: agent and watchdog of the active region are stopped and continued at random, again
// and again, while sessions commit on PostgreSQL. Every acknowledgement that a client received must
// lie in a lease that the grantors' own records show.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "drill/drill.h"
#include "topology/topology.h"

namespace understudy::drill {

struct HammerResult {
  unsigned rounds = 0;
  std::uint64_t acknowledgements = 0;
  std::uint64_t refusals = 0;  ///< by the fence, before commit
  std::uint64_t cut = 0;       ///< connections closed without an answer
  std::uint64_t grants = 0;    ///< in the registry's log
  std::uint64_t extended = 0;  ///< leases begun by the other region's agent
  std::uint64_t lapses = 0;    ///< times a lease ended before the next was granted
  std::uint64_t outside = 0;   ///< acknowledgements outside every granted lease: must be 0
  std::int64_t latest_us =
      0;  ///< how far beyond its lease the latest of them was received; may be < 0
  std::vector<std::string> evidence;  ///< of those outside, at most ten

  [[nodiscard]] bool passed() const { return outside == 0 && acknowledgements > 0 && lapses > 0; }
};

/// On a stack of its own, without automatic failover. `seed` decides when and for how long. Between
/// a backend's last look at the clock and the client's own, an answer may take g
/// (lease.answer_max); beyond that it counts as outside.
[[nodiscard]] Result<HammerResult> run_hammer(Topology topology, const DrillOptions& options,
                                              unsigned rounds, std::uint64_t seed, const Say& say);

}  // namespace understudy::drill
