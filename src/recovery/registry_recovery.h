#pragma once
// A record to begin anew with, after the registry lost its own or went back in time (rule R7).

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "ports/region_agent.h"
#include "ports/registry.h"
#include "recovery/guards.h"

namespace understudy {

/// What is known while no registry runs. It must not run from before the agents were asked until
/// the record is in place: a change that it made in between would be forgotten.
struct RecoveryEvidence {
  std::string platform;
  std::map<std::string, std::optional<AgentStatus>> agents;  ///< both regions; none: no answer
  /// An operator's word that this region is powered off, or destroyed, and does not come back
  /// before its database was made anew.
  std::optional<std::string> gone;
  /// An operator's word that no promotion is under way in this region's database: asked for if its
  /// agent has lost its state, and with it what it was ordered.
  std::optional<std::string> settled;
  std::optional<Record> earlier;  ///< what the last recovery made, or the platform began with
  WallTime now{};
  Guards guards{};
};

struct Recovery {
  Record record;
  std::string because;  ///< why this region is the active one, for people
};

/// A region whose page is open holds the lease: no other can. If there is none, both must answer,
/// but for one that is gone: databases tell which was promoted last, and orders where one is
/// silent. A promotion that was ordered and is not done goes on, as a transition that somebody
/// adopts. The record counts on from far above all that anybody saw, so that whatever is under way
/// by the lost one falls to a conflict. The other is attached in it if it stands by and no page can
/// be endless; else the active region attaches it itself (R17).
///
/// Error, unchanged_retry: somebody who must be asked does not answer, or has not settled yet;
/// unchanged_final: what they say contradicts the rules, and a person must find out.
[[nodiscard]] Result<Recovery> recover_record(const RecoveryEvidence& evidence,
                                              const std::string& nonce);

}  // namespace understudy
