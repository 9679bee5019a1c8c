#pragma once
// `understudy simulate`.

#include <cstdint>
#include <string>

#include "base/exit_status.h"

namespace understudy {

/// As given on the command line.
struct SimulateWords {
  std::uint64_t seeds = 10'000;
  std::uint64_t from = 1;
  std::uint64_t seed = 0;  ///< 0: many
  unsigned jobs = 0;       ///< 0: one a core
  std::string profile = "everything";
  bool trace = false;
  bool shrink = false;
  bool detection = false;
  std::string sabotage;  ///< "", a name, "all" or "list"
};

/// Exit ok: no promise broken, or with a sabotage: every one was caught.
Exit simulate_command(const SimulateWords& words);

}  // namespace understudy
