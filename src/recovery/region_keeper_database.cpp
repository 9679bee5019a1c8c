// The agent's database task: epoch row, heartbeat, who is admitted.

#include <fmt/format.h>

#include <algorithm>

#include "recovery/region_keeper.h"

namespace understudy {

namespace {

/// How often the database is looked at: while anything moves, or commits may have to be held; and
/// while nothing does. How long a look may take.
constexpr Duration kDatabaseInterval = milliseconds(100);
constexpr Duration kCalmInterval = milliseconds(250);
constexpr Duration kDatabaseTimeout = milliseconds(500);

}  // namespace

void RegionKeeper::keep_database() {
  while (!stopped()) {
    pulse_("database");
    auto state = ports_.database.state(ports_.clock.boot() + kDatabaseTimeout);
    if (state) {
      look_after(*state);
    } else {
      const std::lock_guard held(lock_);
      database_answers_ = false;
      database_note_ = "database: " + state.error().what;
    }
    note_whether_to_write();
    const bool now_writable = writable();
    bool flipped = false;
    {
      const std::lock_guard held(lock_);
      flipped = was_writable_ != now_writable;
      was_writable_ = now_writable;
    }
    if (flipped) {
      services_signal_->notify();
      ports_.events.emit(now_writable ? "region.writable" : "region.fenced", {{"region", region_}});
    }
    database_signal_->wait_until(next_look());
  }
}

/// In time for the next heartbeat and for the end of the page.
BootTime RegionKeeper::next_look() const {
  const BootTime now = ports_.clock.boot();
  const WallTime wall = ports_.clock.wall();
  const std::lock_guard held(lock_);
  const bool calm = record_ && record_->transition.phase == Phase::none && database_answers_ &&
                    !attaching_ && !rpo_guard_.armed();
  if (!calm) return now + kDatabaseInterval;
  Duration wait = kCalmInterval;
  if (was_writable_) wait = std::min({wait, holder_->rest(now, wall), beat_at_ - now});
  return now + std::max<Duration>(wait, milliseconds(10));
}

/// What one look at the database makes necessary.
void RegionKeeper::look_after(const DatabaseState& state) {
  const BootTime now = ports_.clock.boot();
  const bool open = writable();
  bool publish = false, beat = false, refuse = false;
  std::uint64_t epoch = 0, term = 0;
  {
    const std::lock_guard held(lock_);
    if (!database_) lease_signal_->notify();
    database_ = state;
    database_answers_ = true;
    database_note_.clear();
    if (!record_) return;
    const bool primary = state.role == DatabaseRole::primary;
    const bool ours = record_->active == region_;
    epoch = record_->epoch;
    term = record_->term;
    publish = primary && open && ours && state.epoch < epoch;
    beat = primary && open && ours && now >= beat_at_;
    if (state.epoch == epoch && ours) published_epoch_ = epoch;
    // The new primary waits for its page; its sessions are let live.
    const bool taking_over =
        record_->transition.phase != Phase::none && record_->transition.target == region_;
    refuse = primary && !open && !taking_over;
    if (beat) beat_at_ = now + topology_.lease.renew_interval;
  }
  if (publish) {
    auto done = ports_.database.publish_epoch(epoch, region_, term, now + kDatabaseTimeout);
    const std::lock_guard held(lock_);
    if (done) published_epoch_ = epoch;
    note_write("epoch row: ", done);
  } else if (beat) {
    auto done = ports_.database.beat(now + kDatabaseTimeout);
    const std::lock_guard held(lock_);
    note_write("", done);
  }
  guard_rpo(state);
  admit(!refuse);
}

/// A standby holds nobody's commits; what an earlier primary ordered is taken back.
void RegionKeeper::guard_rpo(const DatabaseState& state) {
  bool hold = false;
  bool gave_up = false;
  Duration lag{};
  {
    const std::lock_guard held(lock_);
    const bool attached = record_ && record_->active == region_ &&
                          (record_->standby.has_value() || attaching_.has_value());
    const bool gave_up_before = rpo_guard_.gave_up();
    rpo_guard_.see(ports_.clock.boot(), state, attached);
    hold = rpo_guard_.holds();
    lag = rpo_guard_.lag();
    gave_up = rpo_guard_.gave_up() && !gave_up_before;
    if (commits_held_ == hold && !gave_up) return;
  }
  const auto done = ports_.database.hold_commits(hold, ports_.clock.boot() + kDatabaseTimeout);
  ports_.events.emit(
      hold ? "commits.held" : "commits.let_go",
      {{"region", region_}, {"lag_ms", to_ms(lag)}, {"gave_up", gave_up}, {"ok", done.ok()}});
  const std::lock_guard held(lock_);
  commits_held_ = done ? std::optional(hold) : std::nullopt;
}

/// Requires: the lock is held.
void RegionKeeper::note_write(std::string_view what, const Result<Done>& done) {
  if (done) wrote_at_ = ports_.clock.boot();
  write_note_ = done ? "" : fmt::format("{}{}", what, done.error().what);
}

/// A region that is not to write misses nothing.
void RegionKeeper::note_whether_to_write() {
  const bool open = writable();
  const std::lock_guard held(lock_);
  const bool expected = open && record_ && record_->active == region_ && database_ &&
                        database_->role == DatabaseRole::primary;
  if (expected) return;
  wrote_at_ = ports_.clock.boot();
  write_note_.clear();
}

void RegionKeeper::admit(bool admitted) {
  {
    const std::lock_guard held(lock_);
    if (admitted_ == admitted) return;
  }
  auto done = ports_.database.admit_application(admitted, ports_.clock.boot() + kDatabaseTimeout);
  ports_.events.emit(admitted ? "application.admitted" : "application.refused",
                     {{"region", region_}, {"ok", done.ok()}});
  const std::lock_guard held(lock_);
  if (done) {
    admitted_ = admitted;
  } else {
    database_note_ = "application role: " + done.error().what;
  }
}

}  // namespace understudy
