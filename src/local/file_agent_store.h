#pragma once
// The AgentStore port on one small JSON file.

#include <memory>
#include <string>

#include "ports/agent_store.h"

namespace understudy {

/// Replaces the file as a whole, flushed to disk, at every raise().
[[nodiscard]] std::unique_ptr<AgentStore> make_file_agent_store(std::string path);

}  // namespace understudy
