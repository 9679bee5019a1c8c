// Fence: after it, no write can be acknowledged by the old region (R10, R11).
//
// Revoke at the registry, then at the other grantor; only then ask the old region's agent, shortly
// and without depending on it; without its acknowledgement wait until no lease that either granted
// can be alive. Waiting is the document's
// business: the step answers with the instant and is asked again then.

#include <algorithm>

#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

namespace {

/// The old region may be gone: asking it must cost less than the wait that is due anyway.
constexpr Duration kAskOldRegion = milliseconds(300);
/// A planned move is for a region that is well: its acknowledgement is what it rests on.
constexpr Duration kAskWellRegion = std::chrono::seconds(2);
/// Nothing is due any more: only worth it for the end of its log, with which nothing is lost.
constexpr Duration kAskAfterLeaseEnd = milliseconds(100);

WallTime wall_at(const Orchestration& world, BootTime time) {
  return world.clock.wall() + (time - world.clock.boot());
}

/// When the revoked lease ended at the latest: `margin` before we may say so. A controller that
/// died observes it anew and waits longer; for what would be lost, an earlier sight of the same
/// serial counts, since nothing was granted afterwards.
WallTime lease_ends(const Orchestration& world, const boost::json::object& input,
                    const Record& record, BootTime over_at) {
  WallTime ends = wall_at(world, over_at - world.topology.lease.margin);
  for (const char* where : {"lease", "fence"}) {
    const auto& sight = object_at(input, where);
    const auto earlier = parse_wall(text_at(sight, "lease_ends"));
    const auto serial = number_at(sight, "serial", -1);
    if (earlier && serial == static_cast<std::int64_t>(record.lease.serial)) {
      ends = std::min(ends, *earlier);
    }
  }
  return ends;
}

/// Whether the look that confirmed the outage is from just now. A controller may have stood still
/// since then, or asked in vain; the region may be well again. Without a look, nothing to judge.
bool looked_just_now(const Orchestration& world, const boost::json::object& input) {
  const std::string text = text_at(object_at(input, "confirmation"), "looked_at");
  if (text.empty()) return true;
  const auto looked_at = parse_wall(text);
  const ProbeTiming& probe = world.topology.probe;
  const Duration age = looked_at ? world.clock.wall() - *looked_at : Duration::max();
  // Its text is in whole milliseconds, rounded down.
  return age >= Duration::zero() && age <= 2 * (probe.interval + probe.timeout);
}

boost::json::object fenced(Orchestration& world, const TransitionInput& transition,
                           const Record& record, std::string_view by, WallTime ended) {
  emit(world, "region.fenced_off", transition,
       {{"region", transition.from},
        {"term", record.term},
        {"by", by},
        {"lease_ended", format_wall(ended)}});
  return {{"fenced", true}, {"by", by}, {"term", record.term}, {"ended_at", format_wall(ended)}};
}

}  // namespace

StepOutput fence(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);

  const auto is_revoked = [&](const Record& record) {
    return record.transition.number == transition.number &&
           record.transition.phase >= Phase::revoked;
  };
  const auto revoke = [&](const Record& seen, const std::string& nonce) -> Change {
    if (seen.transition.number != transition.number)
      return Error{After::unchanged_final, "another transition took over"};
    // Asked before every try: while the holder is well it renews, and so a late swap fails.
    if (world.guards.has(Guard::fence_on_fresh_look) && !looked_just_now(world, input))
      return Error{After::unchanged_retry, "the look that confirmed the outage is too old"};
    return revoked(seen, nonce);
  };
  const auto changed = change_record(world, transition, is_revoked, revoke);
  if (const auto* failure = std::get_if<StepFailure>(&changed)) return *failure;
  const Record record = std::get<Record>(changed);
  if (record.transition.phase > Phase::revoked) {
    // A repeated step: the point of no return was passed on proof.
    return fenced(world, transition, record, "earlier", world.clock.wall());
  }
  const auto others = revoke_other_grantors(world, record);
  if (const auto* failure = std::get_if<StepFailure>(&others)) return *failure;
  const BootTime promises_over_at = std::get<BootTime>(others);
  const auto lease_over_at = world.lease_observer.over_at(record);
  if (!flag_at(object_at(input, "fence"), "asked")) {
    emit(world, "lease.revoked", transition,
         {{"term", record.term}, {"serial", record.lease.serial}});
    const bool over =
        lease_over_at && world.clock.boot() >= std::max(*lease_over_at, promises_over_at);
    const Duration asking =
        transition.kind == TransitionKind::failover ? kAskOldRegion : kAskWellRegion;
    const BootTime patience = within_time(world, over ? kAskAfterLeaseEnd : asking);
    auto ack = world.agents.at(transition.from)->fence(record.term, patience);
    const bool any_term = !world.guards.has(Guard::acknowledgement_of_term);
    if (ack && (ack->term == record.term || any_term)) {
      auto output = fenced(world, transition, record, "acknowledgement", ack->at);
      if (ack->log_end) output["log_end"] = *ack->log_end;
      return output;
    }
  }
  if (!lease_over_at) {
    return StepFailure{
        "Understudy.EndlessLease",
        "the lease is endless and the old region did not acknowledge: time proves nothing (R20)"};
  }
  const BootTime over_at = std::max(*lease_over_at, promises_over_at);
  const WallTime ended = std::max(lease_ends(world, input, record, *lease_over_at),
                                  wall_at(world, promises_over_at - world.topology.lease.margin));
  if (world.clock.boot() >= over_at) {
    return fenced(world, transition, record, "lease_end", ended);
  }
  return boost::json::object{
      {"fenced", false},
      {"asked", true},
      {"graceful", graceful(world, transition, input)},
      {"term", record.term},
      {"serial", record.lease.serial},
      {"lease_ends", format_wall(ended)},
      {"wait_until", format_wall(wall_at(world, over_at) + milliseconds(1))}};
}

}  // namespace understudy
