// PreviewLag and CheckReplicationLag: what would be lost.
//
// The real gate comes after the fence, since until then the old region still acknowledges: end of
// the old lease (or its acknowledgement) − commit time of the newest transaction that the standby
// has.

#include <fmt/format.h>

#include <algorithm>

#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

namespace {

constexpr Duration kLook = milliseconds(500);
/// How long a standby gets to replay what it has received. Receiving is over; this is local work.
constexpr Duration kReplay = std::chrono::seconds(2);
constexpr Duration kReplayStep = milliseconds(5);
/// How long a log must not have moved to be at rest.
constexpr Duration kAtRest = milliseconds(100);
/// How far the wall clocks of two sites may differ before a lag by them is not believed.
constexpr Duration kClocksAgree = milliseconds(250);

std::string_view action_over_budget(OverBudget policy) {
  switch (policy) {
    case OverBudget::ask: return "ask";
    case OverBudget::wait: return "wait";
    case OverBudget::go_on: return "go_on";
  }
  return "ask";
}

std::variant<DatabaseState, StepFailure> look(Orchestration& world, const std::string& region) {
  auto status = world.agents.at(region)->status(within_time(world, kLook));
  if (!status) return StepFailure{std::string(kTargetUnavailable), status.error().what};
  if (!status->database) {
    return StepFailure{std::string(kTargetUnavailable),
                       "the database of " + region + " does not answer"};
  }
  return *status->database;
}

/// When the old region stopped being able to acknowledge, and where its log ended, if it said so.
struct OldRegion {
  WallTime ended;
  std::optional<WalPosition> log_end;
};

struct Judgement {
  bool within_budget = false;
  boost::json::object output;
};

/// What would be lost if this standby were promoted as it is.
Judgement judge(const Orchestration& world, const OldRegion& old, const DatabaseState& target) {
  const Policy& policy = world.topology.policy;
  // A primary was promoted by hand, past everybody: its log tells nothing of what it lacks (R14).
  const bool stood_by = target.role == DatabaseRole::standby;
  const bool drained = stood_by && old.log_end && target.replayed >= *old.log_end;
  Judgement judged{drained, {{"drained", drained}, {"budget_ms", to_ms(policy.lag_budget)}}};
  if (drained) {
    judged.output["lag_ms"] = 0;
  } else if (world.guards.has(Guard::clocks_compared) && stood_by && target.newest_commit &&
             *target.newest_commit > old.ended + kClocksAgree) {
    // No commit is newer than the end of its lease: somebody's clock is wrong, and so would the lag
    // be.
    judged.output["clocks_disagree_ms"] = to_ms(*target.newest_commit - old.ended);
    judged.output["newest_commit"] = format_wall(*target.newest_commit);
  } else if (stood_by && target.newest_commit) {
    const Duration lag = std::max(Duration::zero(), old.ended - *target.newest_commit);
    judged.output["lag_ms"] = to_ms(lag);
    judged.output["newest_commit"] = format_wall(*target.newest_commit);
    judged.within_budget = lag <= policy.lag_budget;
    if (!world.guards.has(Guard::lag_within_budget)) judged.within_budget = !judged.within_budget;
  }
  judged.output["within_budget"] = judged.within_budget;
  judged.output["action"] = judged.within_budget ? "go_on" : action_over_budget(policy.over_budget);
  return judged;
}

/// The judgement once the standby has replayed all it received, or as far as it came in time. With
/// an end of the old log it is given the same time to receive up to there.
///
/// A primary that is killed leaves the standby with the first half of a record, which is never
/// replayed. So without an end to wait for, a log at rest is enough for a lag within the budget:
/// replaying more could only make it smaller.
std::variant<Judgement, StepFailure> judge_caught_up(Orchestration& world,
                                                     const std::string& region,
                                                     const OldRegion& old) {
  const BootTime give_up = within_time(world, kReplay);
  std::pair<WalPosition, WalPosition> at_rest;
  BootTime at_rest_since = world.clock.boot();
  while (true) {
    const auto state = look(world, region);
    if (const auto* failure = std::get_if<StepFailure>(&state)) return *failure;
    const auto& seen = std::get<DatabaseState>(state);
    const BootTime now = world.clock.boot();
    const std::pair position{seen.written, seen.replayed};
    if (position != at_rest) at_rest_since = now;
    at_rest = position;
    const bool nothing_comes = !old.log_end || !seen.streaming;
    const WalPosition goal = nothing_comes ? seen.written : std::max(*old.log_end, seen.written);
    Judgement judged = judge(world, old, seen);
    if (seen.role == DatabaseRole::primary || seen.replayed >= goal || now >= give_up ||
        (nothing_comes && judged.within_budget && now - at_rest_since >= kAtRest)) {
      judged.output["not_replayed_bytes"] = std::max(seen.written, seen.replayed) - seen.replayed;
      return judged;
    }
    world.clock.sleep_until(within_time(world, kReplayStep));
  }
}

}  // namespace

StepOutput preview_lag(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);
  const auto state = look(world, transition.target);
  if (const auto* failure = std::get_if<StepFailure>(&state)) return *failure;
  const auto& standby = std::get<DatabaseState>(state);
  boost::json::object output{{"streaming", standby.streaming},
                             {"known", standby.newest_commit.has_value()}};
  if (standby.newest_commit) output["lag_ms"] = to_ms(world.clock.wall() - *standby.newest_commit);
  return output;
}

StepOutput check_replication_lag(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);
  const auto& fenced = object_at(input, "fence");
  const auto ended = parse_wall(text_at(fenced, "ended_at"));
  if (!flag_at(fenced, "fenced") || !ended) {
    return StepFailure{std::string(kBadInput), "the lag is checked only after the fence"};
  }
  OldRegion old{*ended, {}};
  if (const auto end = number_at(fenced, "log_end", 0); end > 0)
    old.log_end = static_cast<WalPosition>(end);
  auto caught_up = judge_caught_up(world, transition.target, old);
  if (const auto* failure = std::get_if<StepFailure>(&caught_up)) return *failure;
  auto& [within, output] = std::get<Judgement>(caught_up);
  output["graceful"] = graceful(world, transition, input);
  const bool forced = object_at(input, "decision").contains("forced");
  if (forced && !within) output["action"] = "go_on";  // R20: over the budget, knowingly
  output["forced"] = forced;
  if (!within) {
    // Nobody waits, or is asked, for a transition that the record no longer shows.
    const auto own = read_own_record(world, transition);
    const auto* failure = std::get_if<StepFailure>(&own);
    if (failure != nullptr && failure->error == kTransitionLost) return *failure;
  }
  emit(world, within ? "lag.within_budget" : "lag.over_budget", transition, output);
  if (output["action"] == "wait") {
    world.alerts.raise(
        {.subject = transition.execution + " waits for replication to catch up",
         .done = transition.target + " lacks more than the lag budget; nothing was "
                                     "promoted, nobody writes",
         .ask = "bring " + transition.from + " back; or decide, with policy.over_budget: ask",
         .key = transition.execution + ".replication"});
  }
  return std::move(output);
}

}  // namespace understudy
