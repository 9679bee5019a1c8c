#pragma once
// The standby's side of the writer lease: what it promised the holder, and when that is over.

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "recovery/guards.h"
#include "topology/topology.h"

namespace understudy {

/// Keeps the promises of one agent as second grantor (rules R4, R5). Not thread-safe: its owner
/// guards it with one lock, under which it also keeps revoked_term.
class LeaseExtender {
 public:
  /// What was promised before a restart is not known: it counts as if promised at `started`.
  LeaseExtender(LeaseTiming timing, BootTime started, Guards guards = {});

  /// "My database is not promoted before now + ttl + margin." Requires: nothing forbids it.
  void promise(BootTime now);

  /// How long the latest promise lasts yet; negative: for how long it has been over.
  [[nodiscard]] Duration rest(BootTime now) const { return promised_until_ - now; }

  /// When the lease promised last is over for its holder; none: nothing was promised since the
  /// start.
  [[nodiscard]] std::optional<BootTime> lease_until() const { return lease_until_; }

 private:
  const Duration ttl_;
  const Duration lasts_;
  std::optional<BootTime> lease_until_;
  BootTime promised_until_;
};

}  // namespace understudy
