#pragma once
// The other region's primary, as the one to rebuild from. Asked with the rights of replication.

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "local/timeline_history.h"

namespace understudy {

struct RebuildSource {
  std::string system;  ///< PostgreSQL's identifier of the cluster
  std::uint64_t timeline = 0;
  TimelineHistory history;
  std::uint64_t bytes = 0;  ///< of its databases
};

/// `conninfo`: of a role with REPLICATION, without a database. unchanged_retry: it cannot be
/// reached, or is no primary now.
[[nodiscard]] Result<RebuildSource> ask_source(const std::string& conninfo, milliseconds timeout);

/// Until its first checkpoint after the promotion its control file, by which pg_rewind goes, has
/// the old timeline: makes that checkpoint if need be.
[[nodiscard]] Result<Done> make_timeline_known(const std::string& conninfo, milliseconds timeout);

/// Makes sure that it keeps the log for our standby from now on. A slot that has lost its log is
/// made anew.
[[nodiscard]] Result<Done> keep_slot_there(const std::string& conninfo, const std::string& slot,
                                           milliseconds timeout);

}  // namespace understudy
