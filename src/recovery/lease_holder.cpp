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
    if (record.lease.endless && !guards_.has(Guard::endless_by_grant_only)) make_endless(record);
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
  if (!may_ask(record)) return std::nullopt;
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
  if (!may_ask(record) || record.lease.revoked) return std::nullopt;
  const auto open = page_.read();
  // R18: an endless page is bounded by the attach alone.
  if (open && open->endless) return std::nullopt;
  // Whether an attach was applied is not known until the registry answers, which may have died.
  const bool attaching = open && record.lease.endless;
  if (other_grantors(record).empty() && !attaching) return std::nullopt;
  return ask_second(record, now, now_wall);
}

std::optional<std::uint64_t> LeaseHolder::ask_to_attach(const Record& record, BootTime now,
                                                        WallTime now_wall) {
  if (!may_attach(record)) return std::nullopt;
  return ask_second(record, now, now_wall);
}

std::optional<Record> LeaseHolder::attach(std::uint64_t request, const Record& record,
                                          const std::string& standby, const std::string& nonce) {
  if (!extension_ || extension_->nonce != std::to_string(request)) return std::nullopt;
  const Outstanding asked = *std::exchange(extension_, std::nullopt);
  if (!may_attach(record) || asked.term != record.term) return std::nullopt;
  Promise promise = *page_.read();
  promise.incarnation = incarnation_;
  promise.deadline = asked.asked + timing_.ttl;
  promise.deadline_wall = asked.asked_wall + timing_.ttl;
  promise.endless = false;
  if (guards_.has(Guard::page_bounded_before_attach)) page_.open(promise);
  if (guards_.has(Guard::outstanding_dropped_by_attach)) drop_outstanding();
  auto next = attached(record, standby, nonce);
  ensure(next.ok(), "what may be attached may be asked for");
  return next.value();
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

bool LeaseHolder::may_ask(const Record& record) const {
  return record.active == region_ && record.term == state_.term && !fenced_in(record.term);
}

bool LeaseHolder::may_attach(const Record& record) const {
  if (!may_ask(record) || !record.lease.endless || record.transition.phase != Phase::none)
    return false;
  const auto open = page_.read();
  return open && open->endless && open->term == record.term;
}

std::uint64_t LeaseHolder::ask_second(const Record& record, BootTime now, WallTime now_wall) {
  const std::uint64_t request = ++extensions_asked_;
  extension_ = Outstanding{std::to_string(request), record.term, now, now_wall};
  extension_epoch_ = record.epoch;
  return request;
}

void LeaseHolder::make_endless(const Record& record) {
  auto open = page_.read();
  if (!open || open->term != record.term) return;
  open->endless = true;
  page_.open(*open);
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

void LeaseHolder::ordered(std::uint64_t epoch) {
  state_.ordered_epoch = std::max(state_.ordered_epoch, epoch);
}

void LeaseHolder::obeyed(std::uint64_t epoch) { state_.epoch = std::max(state_.epoch, epoch); }

}  // namespace understudy
