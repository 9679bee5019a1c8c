#include "recovery/lease_holder.h"

#include <algorithm>
#include <utility>

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
  if (!ours) revoke(record.lease.revoked ? record.term : record.term - 1);
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
  renewal_ = Outstanding{nonce, record.term, now, now_wall};
  return next.value();
}

bool LeaseHolder::granted(const Record& answer, BootTime now, WallTime now_wall) {
  if (!renewal_ || renewal_->nonce != answer.nonce) return false;  // an older one's answer (R2)
  const Outstanding asked = *std::exchange(renewal_, std::nullopt);
  ensure(answer.active == region_, "only our own renewal carries our nonce");
  ensure(answer.term == asked.term, "a renewal does not change the term");
  serial_ = answer.lease.serial;
  return open_page(asked, now, now_wall,
                   {.incarnation = incarnation_,
                    .epoch = answer.epoch,
                    .term = answer.term,
                    .serial = serial_,
                    .endless = answer.lease.endless});
}

std::optional<std::uint64_t> LeaseHolder::ask_other(const Record& record, BootTime now,
                                                    WallTime now_wall) {
  if (record.active != region_ || record.term != state_.term || fenced_in(record.term) ||
      record.lease.revoked || record.lease.endless || other_grantors(record).empty())
    return std::nullopt;
  // R18: an endless page is bounded by the attach alone.
  const auto open = page_.read();
  if (open && open->endless) return std::nullopt;
  const std::uint64_t request = ++extensions_asked_;
  extension_ = Outstanding{std::to_string(request), record.term, now, now_wall};
  extension_epoch_ = record.epoch;
  return request;
}

bool LeaseHolder::extended(std::uint64_t request, BootTime now, WallTime now_wall) {
  if (!extension_ || extension_->nonce != std::to_string(request)) return false;
  const Outstanding asked = *std::exchange(extension_, std::nullopt);
  return open_page(asked, now, now_wall,
                   {.incarnation = incarnation_,
                    .epoch = extension_epoch_,
                    .term = asked.term,
                    .serial = serial_,
                    .endless = false});
}

bool LeaseHolder::open_page(const Outstanding& asked, BootTime now, WallTime now_wall,
                            Promise promise) {
  if (fenced_in(asked.term)) return false;
  const bool from_request = guards_.has(Guard::deadline_from_request);
  promise.deadline = (from_request ? asked.asked : now) + timing_.ttl;
  promise.deadline_wall = (from_request ? asked.asked_wall : now_wall) + timing_.ttl;
  // A grant never shortens or moves back a deadline; only the wall clock's may follow that clock
  // (R2). The other grantor's may be there already, of a later request.
  const auto open = page_.read();
  if (open && open->term == promise.term && !open->endless && !promise.endless &&
      open->incarnation == promise.incarnation && open->deadline >= promise.deadline)
    return true;
  if (open && open->term == promise.term && !open->endless)
    promise.deadline = std::max(promise.deadline, open->deadline);
  page_.open(promise);
  return true;
}

void LeaseHolder::drop_outstanding() {
  renewal_.reset();
  extension_.reset();
}

void LeaseHolder::revoke(std::uint64_t term) {
  state_.revoked_term = std::max(state_.revoked_term, term);
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
