#pragma once
// What an agent must still know after it died.

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace understudy {

/// Durable, and written before the act that it allows (safety-protocol section 1). Every counter
/// only grows.
struct AgentState {
  std::string identity;             ///< the region this state belongs to
  std::uint64_t term = 0;           ///< last granted to it
  std::uint64_t fenced_term = 0;    ///< highest it was fenced in
  std::uint64_t revoked_term = 0;   ///< highest it promised, as a grantor, not to extend
  std::uint64_t epoch = 0;          ///< highest obeyed or read
  std::uint64_t ordered_epoch = 0;  ///< highest its database was asked to be promoted for
  std::uint64_t version = 0;        ///< highest version of the record it saw
  bool operator==(const AgentState&) const = default;
};

/// Thread-safe.
class AgentStore {
 public:
  virtual ~AgentStore() = default;
  /// None if there is no state yet (a new or wiped disk). An error for one that cannot be believed.
  [[nodiscard]] virtual Result<std::optional<AgentState>> load() = 0;
  /// Raises every stored counter to at least the given one; concurrent calls merge. Durable when it
  /// returns.
  [[nodiscard]] virtual Result<Done> raise(const AgentState& state) = 0;
};

}  // namespace understudy
