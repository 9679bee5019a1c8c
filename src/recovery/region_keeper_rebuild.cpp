// The region keeper's part in planned moves and in the way back: draining, what the standby lacks,
// and the rebuilding of a region that was left (R21).

#include <fmt/format.h>

#include <algorithm>

#include "recovery/record_changes.h"
#include "recovery/region_keeper.h"

namespace understudy {

namespace {

constexpr Duration kChangesInterval = std::chrono::seconds(1);
constexpr Duration kChangesTimeout = std::chrono::seconds(2);
/// A rebuild()'s caller looks this often whether it has ended.
constexpr Duration kRebuildLook = milliseconds(20);
constexpr Duration kRecord = milliseconds(2000);
constexpr Duration kLocalWork = std::chrono::minutes(10);
constexpr Duration kCopy = std::chrono::hours(24);

Error not_yet(std::string what) { return Error{After::unchanged_retry, std::move(what)}; }
Error refused(std::string what) { return Error{After::unchanged_final, std::move(what)}; }

}  // namespace

/// Best effort: without it a lost tail is told with fewer details.
void RegionKeeper::keep_changes() {
  while (!stopped()) {
    std::optional<WalPosition> standby_has;
    const bool open = writable();
    {
      const std::lock_guard held(lock_);
      if (open && database_answers_ && database_ && database_->role == DatabaseRole::primary &&
          database_->streaming)
        standby_has = database_->standby_written;
    }
    if (standby_has) {
      (void)ports_.database.keep_changes_since(*standby_has, ports_.clock.boot() + kChangesTimeout);
    }
    changes_signal_->wait_until(ports_.clock.boot() + kChangesInterval);
  }
}

Result<Done> RegionKeeper::drain(std::uint64_t transition, BootTime deadline) {
  auto record = ports_.registry.read(deadline);
  if (!record) return within("not drained", not_yet(record.error().what));
  const Transition& is = record->transition;
  if (record->active != region_ || is.number != transition || is.phase == Phase::none ||
      is.kind == TransitionKind::failover) {
    return refused(fmt::format("no planned transition {} leads away from {}", transition, region_));
  }
  {
    const std::lock_guard held(lock_);
    drained_for_ = transition;
  }
  const auto closed = ports_.gate.set_open(false, deadline);
  const std::lock_guard held(lock_);
  gate_open_ = closed ? std::optional(false) : std::nullopt;
  return closed;
}

/// R7. A read that was on its way while another task saw a newer record is no sign of a registry
/// that went back in time; one that began after that is.
Result<Record> RegionKeeper::read_anew(BootTime deadline) {
  std::uint64_t seen = 0;
  {
    const std::lock_guard held(lock_);
    seen = holder_->state().version;
  }
  auto record = ports_.registry.read(deadline);
  if (!record) return not_yet("the record could not be read: " + record.error().what);
  if (record->version < seen) return not_yet("the registry shows an older record than was seen");
  return record;
}

/// Everything here may be overwritten only while nobody counts on it: another region is active, and
/// this one is neither attached nor a target.
std::optional<Error> RegionKeeper::not_to_be_rebuilt(const Record& record,
                                                     std::uint64_t epoch) const {
  const bool bystander_alone = ports_.guards.has(Guard::bystander_alone);
  if (record.active == region_ && bystander_alone)
    return refused(region_ + " is the active region");
  if (record.epoch != epoch && ports_.guards.has(Guard::stale_rebuild_refused))
    return refused(fmt::format("epoch {} is over, the record shows {}", epoch, record.epoch));
  if (record.transition.phase != Phase::none)
    return not_yet(record.transition.execution + " is under way");
  if (record.standby == region_ && bystander_alone)
    return refused(region_ + " is attached as standby: understudy detach first");
  if (writable() && bystander_alone) return not_yet(region_ + " still holds an open page");
  return std::nullopt;
}

/// R21. The active region's agent may be attaching this one, by what it saw while the database
/// still streamed: a message that comes late would make a standby of what is half overwritten. The
/// record moves on first, so that it falls to a conflict. Requires: the database is stopped, and
/// nothing is promised to the other agent any more, so that no later attach begins.
std::optional<Error> RegionKeeper::stay_detached(std::uint64_t epoch, BootTime deadline) {
  auto record = read_anew(deadline);
  while (record) {
    if (auto why = not_to_be_rebuilt(*record, epoch)) return why;
    const auto next = kept_detached(*record, nonce());
    if (!next) return std::nullopt;  // attached, and a sabotage says that it does not matter
    if (!ports_.guards.has(Guard::attach_overtaken)) return std::nullopt;
    const Replaced answer = ports_.registry.replace(*next, deadline);
    if (std::holds_alternative<Record>(answer)) return std::nullopt;
    // A region that goes on alone renews its lease all the time: at once, by what stands there now.
    if (const auto* conflict = std::get_if<Conflict>(&answer)) {
      record = conflict->current;
    } else {
      record = not_yet("the record could not be changed: " + std::get<Error>(answer).what);
    }
  }
  return record.error();
}

Result<RebuildState> RegionKeeper::rebuild(const RebuildOrder& order, BootTime deadline) {
  bool begin = false;
  {
    const std::lock_guard held(lock_);
    if (!holder_) return not_yet("the agent has not read the record yet");
    begin = !rebuilding_;
  }
  if (begin) {
    const auto record = read_anew(deadline);
    if (!record) return record.error();
    if (auto why = not_to_be_rebuilt(*record, order.epoch)) return *why;
    const std::lock_guard held(lock_);
    const bool done = rebuild_.epoch == order.epoch && rebuild_.phase == RebuildPhase::done &&
                      database_ && database_->streaming;
    if (done) return rebuild_;
    begin = !std::exchange(rebuilding_, true);
    if (begin) rebuild_ = {.epoch = order.epoch, .phase = RebuildPhase::lost_tail};
  }
  if (begin) ports_.tasks.spawn("rebuild", [this, order] { run_rebuild(order); });
  while (true) {
    {
      const std::lock_guard held(lock_);
      if (!rebuilding_ || ports_.clock.boot() >= deadline || stopped()) return rebuild_;
    }
    ports_.clock.sleep_until(ports_.clock.boot() + kRebuildLook);
  }
}

void RegionKeeper::run_rebuild(const RebuildOrder& order) {
  ports_.events.emit("region.rebuild_began", {{"region", region_}, {"epoch", order.epoch}});
  const auto done = make_standby(order);
  note_rebuild(done ? RebuildPhase::done : RebuildPhase::failed, done ? "" : done.error().what);
  ports_.events.emit("region.rebuild_ended", {{"region", region_},
                                              {"epoch", order.epoch},
                                              {"ok", done.ok()},
                                              {"why_not", done ? "" : done.error().what}});
  const std::lock_guard held(lock_);
  rebuilding_ = false;
  commits_held_.reset();  // the settings are the other region's now
  admitted_.reset();
  database_signal_->notify();
}

Result<Done> RegionKeeper::make_standby(const RebuildOrder& order) {
  DatabaseRebuild& rebuild = ports_.rebuild;
  const auto within_time = [this](Duration length) { return ports_.clock.boot() + length; };
  auto tail = ports_.guards.has(Guard::lost_tail_kept)
                  ? rebuild.keep_lost_tail(order.epoch, within_time(kLocalWork))
                  : Result<LostTail>(LostTail{});
  if (!tail) return within("what would be lost could not be kept", tail.error());
  {
    const std::lock_guard held(lock_);
    rebuild_.lost_tail = *tail;
  }
  ports_.events.emit("lost_tail.kept", {{"region", region_},
                                        {"epoch", order.epoch},
                                        {"transactions", tail->transactions},
                                        {"changes", tail->changes},
                                        {"method", tail->method}});
  // From here on it is overwritten; the record may have moved on meanwhile.
  if (auto why = stay_detached(order.epoch, within_time(kRecord))) {
    // It is not. What stood by does so again, since somebody may count on it; what did not, and
    // holds what the other never had, stays down.
    (void)rebuild.start_as_standby(within_time(kLocalWork));
    return *why;
  }
  Result<Done> rewound = refused("a copy was asked for");
  if (!order.copy) {
    note_rebuild(RebuildPhase::rewind);
    rewound = rebuild.rewind(within_time(kLocalWork));
    if (!rewound && rewound.error().after != After::unchanged_final)
      return within("rewinding", rewound.error());
  }
  if (!rewound) {
    note_rebuild(RebuildPhase::copy);
    ports_.events.emit("region.copied_anew",
                       {{"region", region_}, {"because", rewound.error().what}});
    const auto progress = [this](unsigned percent) {
      const std::lock_guard held(lock_);
      rebuild_.percent = percent;
    };
    if (auto copied = rebuild.copy(progress, within_time(kCopy)); !copied)
      return within("copying the active region's database", copied.error());
  }
  note_rebuild(RebuildPhase::start);
  return rebuild.start_as_standby(within_time(kLocalWork));
}

void RegionKeeper::note_rebuild(RebuildPhase phase, std::string problem) {
  const std::lock_guard held(lock_);
  rebuild_.phase = phase;
  rebuild_.problem = std::move(problem);
}

}  // namespace understudy
