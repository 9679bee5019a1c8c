#pragma once
// `understudy drill`.

#include <string>
#include <vector>

#include "cli/commands.h"

namespace understudy {

struct DrillWords {
  std::vector<std::string> faults;
  bool all = false;
  unsigned runs = 1;
  unsigned orders_per_second = 115;
  unsigned steady_seconds = 20;
  unsigned fault_seconds = 0;
  bool keep = false;
  bool keep_failed = false;
  bool safety_only = false;  ///< how long things take is shown, and fails nothing
  unsigned round_trips = 0;
  bool crashes = false;        ///< with round trips: somebody is killed in every state
  unsigned hammer_rounds = 0;  ///< > 0: the hammer instead of a fault
  std::uint64_t seed = 1;
  std::string json_file;
  std::string markdown_file;
  std::string report_folder;
  std::string evidence_folder;
};

/// Each fault on a stack of its own. Exit::ok only if every drill passed.
Exit drill_command(const Where& where, const DrillWords& words);

/// Prints the faults there are, what is expected of each, and the rows that decide it.
void list_faults();

}  // namespace understudy
