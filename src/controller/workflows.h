#pragma once
// The workflow documents, built into the program from workflows/*.asl.json.

#include <string_view>

namespace understudy {

[[nodiscard]] std::string_view failover_workflow();

}  // namespace understudy
