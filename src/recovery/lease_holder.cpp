#include "recovery/lease_holder.h"

#include <algorithm>

#include "recovery/record_changes.h"

namespace understudy {

LeaseHolder::LeaseHolder(std::string region, LeaseTiming timing, AgentState state,
                         std::uint64_t incarnation, Page& page, Guards guards)
    : region_(std::move(region)),
      timing_(timing),
      state_(std::move(state)),
      incarnation_(incarnation),
      page_(page),
      guards_(guards) {
  ensure(state_.identity == region_, "an agent's state belongs to its region");
  // An agent that died between persisting a fence and closing the page finishes it now (R12).
  const auto left = page_.read();
  if (left && fenced_in(left->term)) page_.close();
}

bool LeaseHolder::see(const Record& record) {
  if (record.version < state_.version) return false;
  state_.version = record.version;
  state_.epoch = std::max(state_.epoch, record.epoch);
  const bool ours = record.active == region_;
  if (ours && (!record.lease.revoked || !guards_.has(Guard::revocation_binds))) {
    if (record.term > state_.term) {
      state_.term = record.term;
      drop_outstanding();  // answers of an older term no longer count
    }
    return true;
  }
  // Told so: close at once (R3). Deposed: no extension of a term that is over (R21).
  if (!ours) state_.revoked_term = std::max(state_.revoked_term, record.term - 1);
  drop_outstanding();
  if (guards_.has(Guard::page_closed_when_told)) page_.close();
  return true;
}

std::optional<Record> LeaseHolder::ask(const Record& record, const std::string& nonce, BootTime now,
                                       WallTime now_wall) {
  ensure(record.version == state_.version, "a renewal is asked on the newest record seen");
  if (record.active != region_ || record.term != state_.term || fenced_in(record.term))
    return std::nullopt;
  Record base = record;
  if (!guards_.has(Guard::revocation_binds)) base.lease.revoked = false;
  auto next = renewed(base, region_, nonce);
  if (!next) return std::nullopt;
  next->lease.revoked = record.lease.revoked;
  outstanding_ = Outstanding{nonce, record.term, now, now_wall};
  return next.value();
}

bool LeaseHolder::granted(const Record& answer, BootTime now, WallTime now_wall) {
  if (!outstanding_ || outstanding_->nonce != answer.nonce)
    return false;  // an older request's answer (R2)
  Outstanding asked = *outstanding_;
  if (!guards_.has(Guard::deadline_from_request)) {
    asked.asked = now;
    asked.asked_wall = now_wall;
  }
  drop_outstanding();
  ensure(answer.active == region_, "only our own renewal carries our nonce");
  ensure(answer.term == asked.term, "a renewal does not change the term");
  if (fenced_in(asked.term)) return false;
  Promise promise{.incarnation = incarnation_,
                  .epoch = answer.epoch,
                  .term = answer.term,
                  .serial = answer.lease.serial,
                  .endless = answer.lease.endless,
                  .deadline = asked.asked + timing_.ttl,
                  .deadline_wall = asked.asked_wall + timing_.ttl};
  // A grant never moves a deadline back; only the wall clock's may follow that clock (R2).
  const auto open = page_.read();
  if (open && open->term == promise.term && !open->endless) {
    promise.deadline = std::max(promise.deadline, open->deadline);
  }
  page_.open(promise);
  return true;
}

bool LeaseHolder::fence(std::uint64_t term) {
  if (term < state_.term && guards_.has(Guard::old_fence_refused)) return false;
  state_.fenced_term = std::max(state_.fenced_term, term);
  if (guards_.has(Guard::outstanding_dropped)) drop_outstanding();
  return true;
}

bool LeaseHolder::writable(BootTime now, WallTime now_wall) const {
  return rest(now, now_wall) > Duration::zero();
}

Duration LeaseHolder::rest(BootTime now, WallTime now_wall) const {
  const auto promise = page_.read();
  if (!promise) return Duration::zero();
  if (promise->endless) return Duration::max();
  return std::max(Duration::zero(),
                  std::min(promise->deadline - now, promise->deadline_wall - now_wall));
}

void LeaseHolder::obeyed(std::uint64_t epoch) { state_.epoch = std::max(state_.epoch, epoch); }

}  // namespace understudy
