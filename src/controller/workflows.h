#pragma once
// The workflow documents, built into the program from workflows/*.asl.json.

#include <string_view>

namespace understudy {

[[nodiscard]] std::string_view failover_workflow();
[[nodiscard]] std::string_view switchover_workflow();  ///< and failback
[[nodiscard]] std::string_view rejoin_workflow();

}  // namespace understudy
