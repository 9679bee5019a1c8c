// The region keeper's other half: what it answers and obeys. Called from any thread.

#include <fmt/format.h>

#include <algorithm>

#include "recovery/region_keeper.h"

namespace understudy {

namespace json = boost::json;

namespace {

/// An await_active() looks this often.
constexpr Duration kAwaitStep = milliseconds(2);

Error not_yet(std::string what) { return Error{After::unchanged_retry, std::move(what)}; }
Error refused(std::string what) { return Error{After::unchanged_final, std::move(what)}; }

}  // namespace

Result<AgentStatus> RegionKeeper::status(BootTime /*deadline*/) {
  const BootTime now = ports_.clock.boot();
  const WallTime wall = ports_.clock.wall();
  const std::lock_guard held(lock_);
  AgentStatus status{.region = region_, .incarnation = incarnation_};
  if (holder_) {
    status.term = holder_->state().term;
    status.epoch = holder_->state().epoch;
    status.fenced_term = holder_->state().fenced_term;
    status.revoked_term = holder_->state().revoked_term;
    status.ordered_epoch = holder_->state().ordered_epoch;
    status.version = holder_->state().version;
    const Duration rest = holder_->rest(now, wall);
    status.writable = rest > Duration::zero();
    status.endless = rest == Duration::max();
    status.lease_rest_ms = status.endless ? 0 : to_ms(rest);
  } else if (const auto promise = ports_.page.read()) {
    // Of an earlier life, whose disk is lost.
    status.endless = promise->endless;
    status.writable =
        promise->endless || (now < promise->deadline && wall < promise->deadline_wall);
  }
  status.promise_rest_ms = std::chrono::ceil<milliseconds>(extender_.rest(now)).count();
  status.other_silent_ms = to_ms(now - other_promised_at_);
  status.writes_missed_ms = to_ms(now - wrote_at_);
  if (rpo_guard_.gave_up()) status.unguarded_lag_ms = to_ms(rpo_guard_.lag());
  if (database_answers_) status.database = database_;
  status.running = running_;
  status.draining = gate_open_ == false;
  status.rebuild = rebuild_;
  for (const std::string* note : {&note_, &database_note_, &write_note_}) {
    if (!status.note.empty() && !note->empty()) status.note += "; ";
    status.note += *note;
  }
  return status;
}

Result<FenceAck> RegionKeeper::fence(std::uint64_t term, BootTime deadline) {
  AgentState state;
  {
    const std::lock_guard held(lock_);
    if (!holder_) return not_yet("the agent has not read the record yet");
    if (!holder_->fence(term)) {
      return refused(
          fmt::format("term {} is over, this region is in term {}", term, holder_->state().term));
    }
    state = holder_->state();
  }
  if (auto stored = ports_.store.raise(state); !stored)
    return within("fence not durable", stored.error());
  {
    const std::lock_guard held(lock_);
    if (ports_.guards.has(Guard::page_closed_by_fence)) holder_->close();
  }
  database_signal_->notify();
  // A backend may have judged the page just before it was closed: its answer is out after g.
  ports_.clock.sleep_until(ports_.clock.boot() + topology_.lease.answer_max);
  FenceAck ack{.term = term, .at = ports_.clock.wall(), .log_end = std::nullopt};
  // After the page is closed nothing more is acknowledged: what is in the log now is all there is.
  if (auto database =
          ports_.database.state(std::min(deadline, ports_.clock.boot() + milliseconds(100)))) {
    if (database->role == DatabaseRole::primary) ack.log_end = database->written;
  }
  ports_.events.emit("region.fence_acknowledged", {{"region", region_}, {"term", term}});
  return ack;
}

Result<RevokeAck> RegionKeeper::revoke(std::uint64_t term, BootTime /*deadline*/) {
  AgentState state;
  {
    const std::lock_guard held(lock_);
    if (!holder_) return not_yet("the agent has not read the record yet");
    holder_->revoke(term);
    state = holder_->state();
  }
  if (auto stored = ports_.store.raise(state); !stored)
    return within("revocation not durable", stored.error());
  const BootTime now = ports_.clock.boot();
  const std::lock_guard held(lock_);
  return RevokeAck{.term = term, .rest = extender_.rest(now)};
}

Result<Done> RegionKeeper::extend(std::uint64_t term, BootTime /*deadline*/) {
  const BootTime now = ports_.clock.boot();
  std::optional<BootTime> before;
  {
    const std::lock_guard held(lock_);
    if (!holder_) return not_yet("the agent has not read the record yet");
    if (holder_->is_revoked(term)) return refused(fmt::format("term {} is revoked", term));
    if (rebuilding_) return refused("the database of " + region_ + " is being rebuilt");
    if (!database_answers_ || !database_ || database_->role != DatabaseRole::standby)
      return refused("the database of " + region_ + " is not known to be a standby");
    if (!ports_.guards.has(Guard::extends_unattached) && record_ && record_->standby != region_)
      return refused(region_ + " is not attached");
    before = extender_.lease_until();
    extender_.promise(now);
  }
  if (!before || now >= *before) emit_lease_begun(term, now, before);
  return Done{};
}

/// With these, the leases that this agent granted can be told for any time, without a line for each
/// promise.
void RegionKeeper::emit_lease_begun(std::uint64_t term, BootTime now,
                                    std::optional<BootTime> before) const {
  json::object fields{
      {"by", region_}, {"term", term}, {"at_boot_ns", now.time_since_epoch().count()}};
  if (before) fields["last_ended_boot_ns"] = before->time_since_epoch().count();
  ports_.events.emit("lease.begun", std::move(fields));
}

/// R4: what this agent promised, it keeps by itself, whatever the orchestrator believes. Revoking
/// here ends what could be promised from now on.
std::optional<Error> RegionKeeper::not_to_promote_yet(const Record& record,
                                                      const PromoteOrder& order) {
  const BootTime now = ports_.clock.boot();
  const std::lock_guard held(lock_);
  holder_->revoke(record.term);
  const Duration rest = extender_.rest(now);
  const bool fenced = order.fenced_term == record.term;
  if (rest <= Duration::zero() || fenced || !ports_.guards.has(Guard::promise_kept))
    return std::nullopt;
  return not_yet(
      fmt::format("{} promised not to be promoted for another {} ms", region_, to_ms(rest)));
}

Result<DatabaseState> RegionKeeper::promote(const PromoteOrder& order, BootTime deadline) {
  std::uint64_t obeyed = 0;
  {
    const std::lock_guard held(lock_);
    if (!holder_) return not_yet("the agent has not read the record yet");
    obeyed = holder_->state().epoch;
  }
  // R14: an old order changes nothing and is answered with what is so.
  if (order.epoch <= obeyed) return ports_.database.state(deadline);
  // A late or repeated order of a transition that is over finds the record elsewhere.
  auto record = ports_.registry.read(deadline);
  if (!record)
    return within("promotion not confirmed by the registry", not_yet(record.error().what));
  const Transition& transition = record->transition;
  const bool asked_for = ports_.guards.has(Guard::promotion_asks_record);
  if (asked_for && (transition.phase != Phase::promoting || transition.number != order.transition ||
                    transition.target != region_ || record->epoch + 1 != order.epoch)) {
    return refused(fmt::format(
        "the record does not ask for promotion {} of {} to epoch {}: {} is {}", order.transition,
        region_, order.epoch, transition.execution, to_string(transition.phase)));
  }
  if (auto too_early = not_to_promote_yet(*record, order)) return *too_early;
  {
    const std::lock_guard held(lock_);
    holder_->ordered(order.epoch);
  }
  if (!persist()) return not_yet("that the promotion was ordered could not be stored");
  auto state = ports_.database.promote(deadline);
  if (!state) return state;
  {
    const std::lock_guard held(lock_);
    holder_->obeyed(order.epoch);
    database_ = *state;
  }
  (void)persist();  // repeated by the next change; until then the database itself says that it is
                    // done
  ports_.events.emit("standby.promoted",
                     {{"region", region_}, {"epoch", order.epoch}, {"timeline", state->timeline}});
  return state;
}

Result<Done> RegionKeeper::await_active(std::uint64_t epoch, BootTime deadline) {
  while (true) {
    std::string missing;
    const bool open = writable();
    {
      const std::lock_guard held(lock_);
      if (!record_ || record_->epoch < epoch) {
        missing = "the record does not show that epoch yet";
      } else if (record_->epoch > epoch || record_->active != region_) {
        return refused(fmt::format("epoch {} is over", epoch));
      } else if (!open) {
        missing = "the page is not open yet";
      } else if (published_epoch_ < epoch) {
        missing = "the epoch row is not written yet";
      }
    }
    if (missing.empty()) return Done{};
    const BootTime now = ports_.clock.boot();
    if (now >= deadline || stopped()) return not_yet(region_ + ": " + missing);
    ports_.clock.sleep_until(std::min(deadline, now + kAwaitStep));
  }
}

Result<Done> RegionKeeper::scale(const ScaleOrder& order, BootTime deadline) {
  if (topology_.service(order.service) == nullptr)
    return refused("no service named " + order.service);
  {
    const std::lock_guard held(lock_);
    if (!record_ || record_->active != region_ || record_->epoch != order.epoch) {
      return refused(fmt::format("{} is not active in epoch {}", region_, order.epoch));
    }
    if (ordered_epoch_ != order.epoch) ordered_.clear();
    ordered_epoch_ = order.epoch;
    ordered_[order.service] = order.count;
  }
  auto done = ports_.compute.want(order.service, order.count, deadline);
  services_signal_->notify();  // so that status() shows it at once
  return done;
}

}  // namespace understudy
