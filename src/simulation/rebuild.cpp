#include "simulation/rebuild.h"

#include <algorithm>

namespace understudy::simulation {

namespace {

constexpr Duration kQuickLeast = milliseconds(5);
constexpr Duration kQuickMost = milliseconds(150);
constexpr Duration kRewindLeast = milliseconds(50);
constexpr Duration kRewindMost = milliseconds(900);
/// Of a copy, a quarter.
constexpr Duration kCopyLeast = milliseconds(50);
constexpr Duration kCopyMost = milliseconds(700);
constexpr unsigned kQuarters = 4;
/// How long the other region's primary is waited for.
constexpr Duration kAnswer = milliseconds(500);

Error not_now(std::string what) { return {After::unchanged_retry, std::move(what)}; }
Error impossible(std::string what) { return {After::unchanged_final, std::move(what)}; }

}  // namespace

// --------------------------------------------------------------------------- the folder itself

void Postgres::boot() {
  if (torn_) stage_.chronicle.reached(Mark::rebuild_interrupted);
  kept_down_ = false;
  restart();
}

void Postgres::stop() {
  kept_down_ = true;
  if (!process_.alive()) return;
  // A clean end: all of it is flushed, and the sessions end with it.
  flushed_ = log_.size();
  process_.kill();
  stage_.network.send(process_.machine(), peer_->process_.machine(), [this] {
    peer_->process_.deliver([this] { peer_->heard_from_peer_.reset(); });
  });
}

void Postgres::release() {
  kept_down_ = false;
  restart();
}

std::size_t Postgres::common_with(const Postgres& other) const {
  const std::size_t most = std::min(log_.size(), other.log_.size());
  const auto parted =
      std::mismatch(log_.begin(), log_.begin() + static_cast<std::ptrdiff_t>(most),
                    other.log_.begin(), [](const auto& a, const auto& b) { return same(a, b); });
  return static_cast<std::size_t>(parted.first - log_.begin());
}

void Postgres::tear() {
  ensure(!process_.alive(), "nobody overwrites the folder of a database that runs");
  log_.resize(common_with(*peer_));
  flushed_ = log_.size();
  torn_ = true;
}

void Postgres::become_copy_of(const Postgres& primary) {
  ensure(!process_.alive(), "nobody overwrites the folder of a database that runs");
  log_.assign(primary.log_.begin(),
              primary.log_.begin() + static_cast<std::ptrdiff_t>(primary.flushed_));
  flushed_ = log_.size();
  role_ = DatabaseRole::standby;
  timeline_ = primary.timeline_;
  holds_commits_ = primary.holds_commits_;
  torn_ = false;
}

// ------------------------------------------------------------------------------- who works on it

/// Once: the next try goes well.
bool RebuildClient::meets(RebuildTrouble trouble) {
  if (disk_.trouble != trouble) return false;
  disk_.trouble = RebuildTrouble::none;
  stage_.chronicle.reached(Mark::rebuild_failed);
  return true;
}

void RebuildClient::take(Duration least, Duration most) {
  (void)stage_.scheduler.wait_until(stage_.scheduler.now() + stage_.dice.between(least, most));
}

/// Its timeline.
Result<std::uint64_t> RebuildClient::ask_primary(BootTime deadline) {
  Postgres& peer = postgres_.peer();
  deadline = std::min(deadline, agent_.machine().boot() + kAnswer);
  auto answer = stage_.network.call<Result<std::uint64_t>>(
      agent_, peer.process(), deadline, [&peer](const auto& reply) {
        if (peer.is_primary()) return reply(peer.timeline());
        reply(impossible("the other region's database is no primary"));
      });
  if (!answer && answer.error().after == After::unknown) return not_now(answer.error().what);
  return answer;
}

Result<RebuildClient::Comparison> RebuildClient::compare(BootTime deadline) {
  const auto timeline = ask_primary(deadline);
  if (!timeline) return timeline.error();
  const bool was_primary = postgres_.is_primary();
  if (*timeline < postgres_.timeline() || (was_primary && *timeline == postgres_.timeline()))
    return impossible("the other region's database was not promoted after this one");
  Comparison seen{.timeline = *timeline, .common = postgres_.common_with(postgres_.peer())};
  // A standby of an earlier timeline may have what its primary lost when it was left.
  seen.diverged = was_primary || seen.common < postgres_.log().size();
  return seen;
}

void RebuildClient::keep(const Comparison& seen) {
  const auto& log = postgres_.log();
  std::vector<std::uint64_t> orders;
  for (std::size_t at = seen.common; at < log.size(); ++at) {
    if (log[at].what == Writes::order) orders.push_back(log[at].id);
  }
  if (!orders.empty()) stage_.chronicle.reached(Mark::lost_tail_kept);
  disk_.kept = {.timeline = seen.timeline, .from = seen.common, .end = log.size()};
  stage_.observers.ledger().kept(orders);
  stage_.chronicle.tell("{}: {} orders that the other region never had are kept", postgres_.name(),
                        orders.size());
}

Result<LostTail> RebuildClient::keep_lost_tail(std::uint64_t /*epoch*/, BootTime deadline) {
  // In the middle of becoming what stands by: this was done.
  if (postgres_.torn() && disk_.kept) return LostTail{.file = "kept"};
  postgres_.stop();
  take(kQuickLeast, kQuickMost);
  const auto seen = compare(deadline);
  if (!seen) return seen.error();
  if (meets(RebuildTrouble::tail_fails)) return not_now("the log cannot be read");
  take(kQuickLeast, kQuickMost);
  if (seen->diverged) keep(*seen);
  return LostTail{.file = seen->diverged ? "kept" : "",
                  .transactions = postgres_.log().size() - seen->common,
                  .method = seen->diverged ? "logical-decoding" : "nothing-lost"};
}

/// The guard of everything that overwrites.
Result<RebuildClient::Comparison> RebuildClient::prepare_to_overwrite(BootTime deadline) {
  postgres_.stop();
  if (postgres_.torn()) {
    const auto timeline = ask_primary(deadline);
    if (!timeline) return timeline.error();
    return Comparison{.timeline = *timeline};
  }
  const auto seen = compare(deadline);
  if (!seen || !seen->diverged || !stage_.guards.has(Guard::lost_tail_kept)) return seen;
  const auto& kept = disk_.kept;
  if (!kept || kept->timeline != seen->timeline || kept->from != seen->common)
    return impossible("what the other region never had is not kept yet");
  if (kept->end != postgres_.log().size()) keep(*seen);  // it was started again in between
  return seen;
}

Result<Done> RebuildClient::rewind(BootTime deadline) {
  if (postgres_.torn()) return impossible("the folder was left half rewound: copy it");
  const auto seen = prepare_to_overwrite(deadline);
  if (!seen) return seen.error();
  if (!seen->diverged && seen->timeline == postgres_.timeline()) return Done{};
  take(kQuickLeast, kQuickMost);
  if (meets(RebuildTrouble::rewind_impossible)) return impossible("the log it needs is gone");
  stage_.observers.overwritten(region_);
  postgres_.tear();
  take(kRewindLeast, kRewindMost);
  const auto still = ask_primary(deadline);
  if (!still || *still != seen->timeline || meets(RebuildTrouble::rewind_breaks))
    return impossible("the other region's database went away: it is half rewound");
  postgres_.become_copy_of(postgres_.peer());
  stage_.chronicle.reached(Mark::rewound);
  return Done{};
}

Result<Done> RebuildClient::copy(const std::function<void(unsigned)>& progress, BootTime deadline) {
  const auto seen = prepare_to_overwrite(deadline);
  if (!seen) return seen.error();
  for (unsigned quarter = 1; quarter <= kQuarters; ++quarter) {
    take(kCopyLeast, kCopyMost);
    const auto still = ask_primary(deadline);
    if (!still) return still.error();
    if (*still != seen->timeline) return not_now("the other region's database went away");
    if (quarter == 2 && meets(RebuildTrouble::copy_fails)) return not_now("the copy broke off");
    progress(quarter * 100 / kQuarters);
  }
  stage_.observers.overwritten(region_);
  postgres_.become_copy_of(postgres_.peer());
  stage_.chronicle.reached(Mark::copied_anew);
  return Done{};
}

Result<Done> RebuildClient::start_as_standby(BootTime deadline) {
  if (postgres_.torn()) return impossible("there is no folder to start from: copy it");
  if (postgres_.is_primary())
    return impossible("it holds what the other region never had: rewind or copy it");
  postgres_.release();
  take(kQuickLeast, kQuickMost);
  while (true) {
    const BootTime soon = std::min(deadline, agent_.machine().boot() + kAnswer);
    auto up = stage_.network.call<Result<Done>>(agent_, postgres_.process(), soon,
                                                [](const auto& reply) { reply(Done{}); });
    if (up) return up;
    if (agent_.machine().boot() >= deadline)
      return Error{After::unknown, "it was started, and does not answer yet"};
    take(kQuickLeast, kQuickMost);
  }
}

}  // namespace understudy::simulation
