#include "recovery/rpo_guard.h"

#include <algorithm>

namespace understudy {

namespace {

/// The standby must have kept up for so long before commits are let go.
constexpr Duration kKeptUp = std::chrono::seconds(2);
/// More than an hour's looks, which nobody needs: the oldest alone tells the lag.
constexpr std::size_t kMarksMax = 36'000;

}  // namespace

RpoGuard::RpoGuard(const Topology& topology, Guards guards)
    : synchronous_(topology.database.replication == Replication::synchronous),
      budget_first_(topology.policy.rpo == RpoPolicy::budget_first),
      hold_from_(std::min(
          topology.policy.lag_budget / 2,
          topology.policy.lag_budget - topology.lease.ttl - topology.lease.margin - kHoldObeyed)),
      hold_max_(topology.policy.rpo_hold_max),
      guards_(guards) {}

void RpoGuard::note(BootTime now, const DatabaseState& primary) {
  // A standby that does not stream has what it had.
  while (primary.streaming && !marks_.empty() && marks_.front().written <= primary.standby_written)
    marks_.pop_front();
  const bool moved = marks_.empty() || primary.written > marks_.back().written;
  const bool lacks = !primary.streaming || primary.written > primary.standby_written;
  // An agent that has just begun does not know for how long: as if it were time.
  const BootTime since = begun_ ? now : now - hold_from_;
  begun_ = true;
  if (moved && lacks && marks_.size() < kMarksMax) marks_.push_back({since, primary.written});
  lag_ = marks_.empty() ? Duration::zero() : now - marks_.front().at;
}

/// With hysteresis: to have kept up within half of what begins it ends it.
bool RpoGuard::behind(BootTime now) {
  if (lag_ >= hold_from_ / 2) behind_at_ = now;
  return holds_ || gave_up_ ? now - behind_at_ < kKeptUp : lag_ >= hold_from_;
}

void RpoGuard::see(BootTime now, const DatabaseState& primary, bool attached) {
  if (!attached || primary.role != DatabaseRole::primary) {
    begun_ = true;
    marks_.clear();
    lag_ = Duration::zero();
    holds_ = gave_up_ = false;
    return;
  }
  note(now, primary);
  if (synchronous_) {
    holds_ = true;
    return;
  }
  if (!budget_first_ || !guards_.has(Guard::commits_held_behind)) return;
  const bool is_behind = behind(now);
  if (!is_behind) {
    holds_ = gave_up_ = false;
  } else if (!holds_ && !gave_up_) {
    holds_ = true;
    held_since_ = now;
  } else if (holds_ && now - held_since_ >= hold_max_ && guards_.has(Guard::hold_gives_up)) {
    holds_ = false;
    gave_up_ = true;
  }
}

}  // namespace understudy
