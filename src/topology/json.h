#pragma once
// A topology as JSON, to hand to child processes: nothing is lost, and nothing is looked up again.

#include <string>
#include <string_view>

#include "base/result.h"
#include "topology/topology.h"

namespace understudy {

/// Lengths become whole milliseconds in fields that end in _ms ("ttl_ms": 2000); regions and
/// services are lists, in order, of objects with a "name"; an absent schema_file is null; every
/// field is there. One line, the same for equal topologies.
///
/// Requires: every length is whole milliseconds, every text is UTF-8 (load.h sees to both).
[[nodiscard]] std::string to_json(const Topology& topology);

/// Reads what to_json() wrote. Errors (always unchanged_final) name the first field that is
/// missing, unknown or wrong, or the first broken relation of load.h.
[[nodiscard]] Result<Topology> from_json(std::string_view text);

}  // namespace understudy
