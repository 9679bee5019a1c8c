#pragma once
// Keeps the loss that a failover may bring within the lag budget, by holding commits back while the
// standby is behind. Pure: told what is so, it says whether to hold.

#include <deque>

#include "base/time.h"
#include "ports/database.h"
#include "recovery/guards.h"
#include "topology/topology.h"

namespace understudy {

/// Whether each commit of the active region must wait until its standby has it.
///
/// With replication that is synchronous: for as long as a standby is attached; without one, nobody
/// could be promoted, and nothing be lost. With policy.rpo budget-first: from when the standby is
/// so far behind that a region whose agent froze now, and whose lease then runs out with nobody to
/// hold anything, just keeps the budget; or half a budget, if that is less; until it has caught up
/// again. Not thread-safe.
class RpoGuard {
 public:
  /// Requires: the relations of the topology hold (relation rpo-budget).
  explicit RpoGuard(const Topology& topology, Guards guards = {});

  /// One look at the active region's primary. `attached`: a standby could be promoted.
  void see(BootTime now, const DatabaseState& primary, bool attached);

  /// The topology wants commits held, at some times or always.
  [[nodiscard]] bool armed() const { return synchronous_ || budget_first_; }
  /// As of the last look.
  [[nodiscard]] bool holds() const { return holds_; }
  /// For how long the standby has lacked something, as of the last look.
  [[nodiscard]] Duration lag() const { return lag_; }
  /// It held for longer than policy.rpo_hold_max, and gave up: the loss is not bounded now.
  [[nodiscard]] bool gave_up() const { return gave_up_; }

 private:
  void note(BootTime now, const DatabaseState& primary);
  [[nodiscard]] bool behind(BootTime now);

  /// Everything up to `written` was committed by then.
  struct Mark {
    BootTime at;
    WalPosition written;
  };

  const bool synchronous_;
  const bool budget_first_;
  const Duration hold_from_;
  const Duration hold_max_;
  const Guards guards_;
  std::deque<Mark> marks_;  // that the standby has not reached; oldest first
  Duration lag_{};
  bool begun_ = false;  // looked once
  bool holds_ = false;
  bool gave_up_ = false;
  BootTime held_since_{};
  BootTime behind_at_{};
};

}  // namespace understudy
