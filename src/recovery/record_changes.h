#pragma once
// The changes that the record may go through, one function each, and the check of any change.
//
// Each function returns the next record for a compare-and-swap on the version it was given, or why
// the rule forbids it. `nonce` names the change, so that its author knows it again (R9).

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/registry.h"

namespace understudy {

using Change =
    Result<Record>;  ///< an error: nothing was sent; unchanged_retry: it may be allowed later

/// R3: the holder's renewal: serial + 1.
[[nodiscard]] Change renewed(const Record& seen, const std::string& holder,
                             const std::string& nonce);

/// The regions whose agents may extend the active region's lease, besides the registry.
[[nodiscard]] std::vector<std::string> other_grantors(const Record& record);

struct TransitionRequest {
  TransitionKind kind = TransitionKind::failover;
  std::string platform;
  std::string target;
  /// Above all that were taken; gaps are attempts that never got so far. 0: the next one.
  std::uint64_t number = 0;
};

/// "<kind>-<platform>-<number>": the one name of the execution that owns transition `number`.
[[nodiscard]] std::string execution_name(TransitionKind kind, const std::string& platform,
                                         std::uint64_t number);

/// R10: none → open; the number grows. Needs a standby attached, which must be the target.
[[nodiscard]] Change opened(const Record& seen, const TransitionRequest& request,
                            const std::string& nonce);

/// R10: open → revoked: no grant in this term any more. Valid only on the very record it was built
/// on, so no renewal slips in unseen.
[[nodiscard]] Change revoked(const Record& seen, const std::string& nonce);

/// R13: revoked → promoting: the point of no return.
[[nodiscard]] Change promoting(const Record& seen, const std::string& nonce);

/// promoting → switched: epoch + 1, term + 1, the target is active with an endless lease of the
/// registry's, nobody attached.
[[nodiscard]] Change switched(const Record& seen, const std::string& nonce);

/// switched → none.
[[nodiscard]] Change completed(const Record& seen, const std::string& nonce);

/// R16: open or revoked → none; term + 1 if it was revoked. Never after the point of no return.
[[nodiscard]] Change aborted(const Record& seen, const std::string& nonce);

/// R19: the standby is gone for long: nobody is attached, and the lease becomes endless, so that
/// the active region needs nobody. The grantors stay: that one may still be asked to revoke.
[[nodiscard]] Change detached(const Record& seen, const std::string& nonce);

/// R17, R8: the standby is a possible target again, and a grantor. A new serial, so that nobody
/// counts a lease's end from the time in which it was endless. Only the holder may ask for it, with
/// its page no longer endless.
[[nodiscard]] Change attached(const Record& seen, const std::string& standby,
                              const std::string& nonce);

/// R21: nobody is attached, and nobody becomes so by what is under way: an attach that was built
/// before falls to a conflict. Asked for by a region that is about to be overwritten.
[[nodiscard]] Change kept_detached(const Record& seen, const std::string& nonce);

/// What a change is that does not move the phase.
enum class QuietChange : std::uint8_t { renewal, attach, detach, keep_detached };
[[nodiscard]] QuietChange quiet_change(const Record& before, const Record& after);

/// The rule that a change from `before` to `after` would break; none if it is one of those above.
/// Asked by the registry of every change, so that no caller's bug gets into the record.
[[nodiscard]] std::optional<std::string> broken_rule(const Record& before, const Record& after);

/// What is wrong with a record in itself; none if nothing is.
[[nodiscard]] std::optional<std::string> malformed(const Record& record);

}  // namespace understudy
