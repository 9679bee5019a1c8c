#pragma once
// `understudy salvage`: what failovers lost, and bringing it back.

#include "cli/commands.h"

namespace understudy {

struct SalvageWords {
  std::string region;       ///< "": any
  std::uint64_t epoch = 0;  ///< 0: the newest
  bool json = false;
  bool transactions = false;  ///< show each of them
  bool yes = false;           ///< replay for good
};

Exit salvage_list_command(const Where& where);
Exit salvage_show_command(const Where& where, const SalvageWords& words);
Exit salvage_replay_command(const Where& where, const SalvageWords& words);

}  // namespace understudy
