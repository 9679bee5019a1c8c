#pragma once
// The one linearizable record of who is active (safety-protocol sections 1 and 5).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace understudy {

/// The writer lease of the active region.
struct Lease {
  std::uint64_t serial = 0;  ///< counts grants
  bool revoked = false;      ///< no more grants in this term
  bool endless = false;      ///< true exactly while no standby is attached
  bool operator==(const Lease&) const = default;
};

/// The registry in Record::grantors; every other one is a region, by its agent.
inline constexpr std::string_view kRegistryGrantor = "registry";

/// How far a transition has come. `promoting` is the point of no return.
enum class Phase : std::uint8_t { none, open, revoked, promoting, switched };

enum class TransitionKind : std::uint8_t { failover, switchover, failback };

/// The latest transition; `phase` none: it has ended.
struct Transition {
  std::uint64_t number = 0;  ///< counts attempts, for ever
  std::string execution;     ///< "<kind>-<platform>-<number>"
  TransitionKind kind = TransitionKind::failover;
  std::string target;
  Phase phase = Phase::none;
  bool attested =
      false;  ///< an operator's word that the old region was powered off after both revocations
  bool operator==(const Transition&) const = default;
};

/// The record. Everything that decides who may write is in here, and nothing else is.
struct Record {
  std::uint64_t version = 0;  ///< counts changes
  std::string nonce;          ///< names the latest change, so that its author knows it again
  std::uint64_t epoch = 0;    ///< counts changes of the active region
  std::string active;
  std::uint64_t term = 0;  ///< counts lease generations
  Lease lease;
  std::optional<std::string> standby;  ///< attached, and so a possible target
  std::vector<std::string> grantors;   ///< who may extend the lease
  Transition transition;
  bool operator==(const Record&) const = default;
};

/// The change was not made, since the item had moved on.
struct Conflict {
  Record current;
};

/// Applied (the record as it now is), refused with the current item, or an error. An Error with
/// After::unknown may still be applied later, at most once.
using Replaced = std::variant<Record, Conflict, Error>;

/// Thread-safe. Every implementation promises: one item; compare-and-swap on an explicit version
/// that only grows; linearizable for all callers; durable before the answer; no deletion, no
/// expiry, no clock.
class Registry {
 public:
  virtual ~Registry() = default;

  /// Linearizable. Waits at most until `deadline`.
  [[nodiscard]] virtual Result<Record> read(BootTime deadline) = 0;

  /// Applies `next` iff the item's version is next.version − 1. A refusal after an internal retry
  /// is compared by nonce, so a Conflict is never our own first try.
  [[nodiscard]] virtual Replaced replace(const Record& next, BootTime deadline) = 0;

  /// The record as soon as its version exceeds `version`, or as it is when `deadline` comes.
  [[nodiscard]] virtual Result<Record> await_change(std::uint64_t version, BootTime deadline) = 0;
};

[[nodiscard]] std::string_view to_string(Phase phase);
[[nodiscard]] std::string_view to_string(TransitionKind kind);
[[nodiscard]] std::optional<Phase> phase_from(std::string_view text);
[[nodiscard]] std::optional<TransitionKind> transition_kind_from(std::string_view text);

}  // namespace understudy
