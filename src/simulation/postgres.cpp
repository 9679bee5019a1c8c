#include "simulation/postgres.h"

#include <algorithm>

namespace understudy::simulation {

namespace {

/// How often a primary looks whether its standby lacks something that got lost on the way.
constexpr Duration kShipInterval = milliseconds(100);
/// A standby that heard nothing for so long says that it does not stream.
constexpr Duration kStreamTimeout = milliseconds(400);
constexpr Duration kPromotionLeast = milliseconds(20);
constexpr Duration kPromotionMost = milliseconds(150);
constexpr Duration kSlowPromotionMost = std::chrono::seconds(4);
/// Between the second look at the page and the answer's way out there is nothing that waits.
constexpr Duration kExecution = std::chrono::microseconds(300);

}  // namespace

Postgres::Postgres(Stage& stage, Machine& machine, SimulatedPage& page, int region)
    : stage_(stage), process_(machine, machine.name() + " database"), page_(page), region_(region) {
  process_.on_death = [this] {
    log_.resize(std::min(log_.size(), flushed_));
    promoting_ = false;
    unsafe_.clear();
    heard_from_peer_.reset();
    peer_has_ = 0;
  };
}

void Postgres::start_first(bool primary) {
  role_ = primary ? DatabaseRole::primary : DatabaseRole::standby;
  log_ = {
      {.what = Writes::epoch_row, .timeline = 1, .id = 1, .epoch = 1, .at = {}, .committed = {}}};
  log_.front().committed = process_.machine().wall();
  flushed_ = 1;
  process_.start();
  keep_shipping(process_.life());
}

void Postgres::restart() {
  if (process_.alive() || !process_.machine().on() || kept_down_ || torn_) return;
  process_.start();
  keep_shipping(process_.life());
}

// --------------------------------------------------------------------------------- transactions

void Postgres::commit(Writes what, std::uint64_t id, std::optional<std::uint64_t> expected_epoch,
                      const Network::Reply<Result<Committed>>& reply) {
  if (role_ != DatabaseRole::primary)
    return reply(Error{After::unchanged_final, "a standby takes no writes"});
  const std::uint64_t row = epoch_row();
  if (expected_epoch && *expected_epoch != row && stage_.guards.has(Guard::epoch_row_checked))
    return reply(Error{After::unchanged_final, "the epoch row shows another epoch"});
  // R1: at pre-commit …
  if (stage_.guards.has(Guard::page_judged_at_commit) && !page_.in_force()) {
    stage_.chronicle.reached(Mark::commit_refused_by_page);
    return reply(Error{After::unchanged_final, "fenced: no page lets this through"});
  }
  const bool known =
      what == Writes::order && std::any_of(log_.rbegin(), log_.rend(), [&](const Transaction& one) {
        return one.what == Writes::order && one.id == id;
      });
  if (!known) {
    log_.push_back({.what = what,
                    .timeline = static_cast<std::uint32_t>(timeline_),
                    .id = id,
                    .epoch = what == Writes::epoch_row ? std::max(row, id) : row,
                    .at = stage_.scheduler.now(),
                    .committed = process_.machine().wall()});
  }
  const std::size_t until = log_.size();
  const Duration flush = kExecution + stage_.dice.between(Duration(1), stage_.plan.fsync_most);
  stage_.scheduler.after(flush, [this, reply = reply, what, until, life = process_.life()] {
    if (life != process_.life()) return;
    process_.deliver([this, reply = reply, what, until] {
      flushed_ = std::max(flushed_, std::min(until, log_.size()));
      ship();
      when_safe(until, [this, reply = reply, what] {
        // … and again before the answer leaves; else the client's connection is cut.
        const auto page = page_.in_force();
        if (stage_.guards.has(Guard::page_judged_at_answer) && !page) {
          stage_.chronicle.reached(Mark::acknowledgement_withheld);
          return;
        }
        if (what == Writes::cron_claim) stage_.observers.claimed(region_, timeline_);
        reply(Committed{page ? page->epoch : 0});
      });
    });
  });
}

/// At once, or when the standby has it too.
void Postgres::when_safe(std::size_t until, Act act) {
  if (!holds_commits_) return act();
  unsafe_.push_back({until, std::move(act)});
}

void Postgres::standby_has(std::size_t until, std::uint64_t timeline) {
  if (role_ != DatabaseRole::primary || timeline != timeline_) return;  // of an earlier life
  heard_from_peer_ = stage_.scheduler.now();
  peer_has_ = until;
  std::vector<Unsafe> safe;
  std::erase_if(unsafe_, [&](Unsafe& one) {
    if (one.until > until) return false;
    safe.push_back(std::move(one));
    return true;
  });
  for (Unsafe& one : safe) one.act();
}

void Postgres::hold_commits(bool held) {
  const TrueTime now = stage_.scheduler.now();
  if (held && !holds_commits_) holds_since_ = now;
  if (holds_commits_ && !held && role_ == DatabaseRole::primary)
    stage_.observers.ledger().let_go(timeline_, now - holds_since_);
  if (held) stage_.chronicle.reached(Mark::commits_held);
  holds_commits_ = held;
  if (held) return;
  for (Unsafe& one : std::exchange(unsafe_, {})) one.act();
}

DatabaseState Postgres::state_now() const {
  DatabaseState now;
  now.role = role_;
  now.timeline = timeline_;
  // Two positions a record: of some a standby has received the first half of the next one, too.
  const bool torn = role_ == DatabaseRole::standby && log_.size() % 3 == 0;
  now.replayed = 2 * log_.size();
  now.written = now.replayed + (torn ? 1 : 0);
  now.streaming = heard_from_peer_ && stage_.scheduler.now() - *heard_from_peer_ < kStreamTimeout;
  if (role_ == DatabaseRole::primary && now.streaming) now.standby_written = 2 * peer_has_;
  if (!log_.empty()) now.newest_commit = log_.back().committed;
  now.epoch = epoch_row();
  return now;
}

void Postgres::state(const Network::Reply<Result<DatabaseState>>& reply) { reply(state_now()); }

// ---------------------------------------------------------------------------------- replication

void Postgres::keep_shipping(std::uint64_t life) {
  stage_.scheduler.after(kShipInterval, [this, life] {
    if (life != process_.life() || !process_.alive()) return;
    if (process_.runs()) ship();
    keep_shipping(life);
  });
}

void Postgres::ship() {
  if (role_ != DatabaseRole::primary || stalled_) return;
  stage_.network.send(process_.machine(), peer_->process_.machine(),
                      [this, until = flushed_, timeline = timeline_] {
                        Postgres& peer = *peer_;
                        peer.process_.deliver([this, &peer, until, timeline] {
                          peer.receive(*this, until, timeline);
                        });
                      });
}

void Postgres::receive(const Postgres& from, std::size_t until, std::uint64_t timeline) {
  if (role_ != DatabaseRole::standby || timeline != timeline_) return;
  heard_from_peer_ = stage_.scheduler.now();
  until = std::min(until, from.log_.size());
  if (log_.size() < until)
    log_.insert(log_.end(), from.log_.begin() + static_cast<std::ptrdiff_t>(log_.size()),
                from.log_.begin() + static_cast<std::ptrdiff_t>(until));
  flushed_ = log_.size();
  stage_.network.send(
      process_.machine(), peer_->process_.machine(), [this, until = log_.size(), timeline] {
        peer_->process_.deliver([this, until, timeline] { peer_->standby_has(until, timeline); });
      });
}

// ------------------------------------------------------------------------------------ promotion

void Postgres::become_primary() {
  role_ = DatabaseRole::primary;
  ++timeline_;
  heard_from_peer_.reset();
  peer_has_ = 0;
  flushed_ = log_.size();
  stage_.chronicle.tell("{}: primary in timeline {}", name(), timeline_);
  stage_.observers.promoted(region_, timeline_);
}

void Postgres::promote(const Network::Reply<Result<DatabaseState>>& reply) {
  if (role_ == DatabaseRole::primary) return reply(state_now());
  if (promoting_) return;  // two ask, and the first one's answer is under way
  const Promotion trouble = std::exchange(trouble_, Promotion::well);
  if (trouble == Promotion::fails) {
    stage_.chronicle.reached(Mark::promotion_failed);
    return reply(Error{After::unknown, "server did not promote within its time"});
  }
  if (trouble == Promotion::slow) stage_.chronicle.reached(Mark::promotion_slow);
  promoting_ = true;
  const Duration takes = stage_.dice.between(
      kPromotionLeast, trouble == Promotion::slow ? kSlowPromotionMost : kPromotionMost);
  stage_.scheduler.after(takes, [this, reply = reply, trouble, life = process_.life()] {
    if (life != process_.life()) return;
    process_.deliver([this, reply = reply, trouble] {
      promoting_ = false;
      become_primary();
      if (trouble == Promotion::answer_lost) {
        stage_.chronicle.reached(Mark::promotion_reply_lost);
      } else {
        reply(state_now());
      }
    });
  });
}

// ---------------------------------------------------------------------------- the agent's view

Result<DatabaseState> DatabaseClient::state(BootTime deadline) {
  return stage_.network.call<Result<DatabaseState>>(
      agent_, postgres_.process(), deadline,
      [&postgres = postgres_](const auto& reply) { postgres.state(reply); });
}

Result<DatabaseState> DatabaseClient::promote(BootTime deadline) {
  return stage_.network.call<Result<DatabaseState>>(
      agent_, postgres_.process(), deadline,
      [&postgres = postgres_](const auto& reply) { postgres.promote(reply); });
}

Result<Done> DatabaseClient::commit(Writes what, std::uint64_t id, BootTime deadline) {
  auto done = stage_.network.call<Result<Committed>>(
      agent_, postgres_.process(), deadline, [&postgres = postgres_, what, id](const auto& reply) {
        postgres.commit(what, id, std::nullopt, reply);
      });
  if (!done) return done.error();
  return Done{};
}

Result<Done> DatabaseClient::publish_epoch(std::uint64_t epoch, const std::string& /*region*/,
                                           std::uint64_t /*term*/, BootTime deadline) {
  return commit(Writes::epoch_row, epoch, deadline);
}

Result<Done> DatabaseClient::beat(BootTime deadline) { return commit(Writes::beat, 0, deadline); }

Result<Done> DatabaseClient::admit_application(bool /*admitted*/, BootTime deadline) {
  // Who is admitted makes an outage shorter, never an invariant hold: here it only takes its time.
  return stage_.network.call<Result<Done>>(agent_, postgres_.process(), deadline,
                                           [](const auto& reply) { reply(Done{}); });
}

Result<Done> DatabaseClient::hold_commits(bool held, BootTime deadline) {
  return stage_.network.call<Result<Done>>(agent_, postgres_.process(), deadline,
                                           [&postgres = postgres_, held](const auto& reply) {
                                             postgres.hold_commits(held);
                                             reply(Done{});
                                           });
}

Result<Done> DatabaseClient::keep_changes_since(WalPosition /*standby_has*/, BootTime deadline) {
  // What is kept is for people to read afterwards; no invariant leans on it.
  return stage_.network.call<Result<Done>>(agent_, postgres_.process(), deadline,
                                           [](const auto& reply) { reply(Done{}); });
}

}  // namespace understudy::simulation
