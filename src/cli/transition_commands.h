#pragma once
// What operators begin, and order of what runs: switchover, failback, failover --force, rejoin;
// pause, resume, retry, cancel, skip, mode.

#include <string>

#include "cli/commands.h"

namespace understudy {

struct TransitionWords {
  std::string reason;
  bool yes = false;    ///< else it asks, on a terminal, or refuses
  bool force = false;  ///< of a failover
  bool ungraceful = false;
  bool copy = false;  ///< of a rejoin
  bool wait = true;   ///< until it has ended
};

/// Begins it, follows it to its end, and says how it ended: 0 if it succeeded.
Exit switchover_command(const Where& where, const TransitionWords& words);
Exit force_failover_command(const Where& where, const TransitionWords& words);
Exit rejoin_command(const Where& where, const TransitionWords& words);

/// Checks what can be checked beforehand, and leaves a question that lapses after an hour.
Exit plan_failback_command(const Where& where, const TransitionWords& words);
Exit answer_failback_command(const Where& where, bool approved, const TransitionWords& words);

struct ControlWords {
  std::string what;       ///< pause, resume, retry, cancel, skip, graceful, ungraceful
  std::string execution;  ///< "": the only one that runs
  std::string state;      ///< of a skip; "": the one entered last
  std::string comment;
};
Exit control_command(const Where& where, const ControlWords& words);

}  // namespace understudy
