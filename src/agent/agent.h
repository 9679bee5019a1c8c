#pragma once
// The two processes of `understudy-agent`.

#include <string>

#include "base/result.h"

namespace understudy {

/// Runs a region's agent under its watchdog until SIGTERM. The watchdog is this process; the agent
/// is its child, killed and started anew when it dies, or when one of its tasks has not moved for
/// twice the lease's ttl. A second one for the same region is refused before it touches anything.
/// Requires: one thread.
[[nodiscard]] Result<Done> run_agent(const std::string& data, const std::string& region);

/// Runs the edge's vantage until SIGTERM.
[[nodiscard]] Result<Done> run_vantage(const std::string& data);

}  // namespace understudy
