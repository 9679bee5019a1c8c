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

/// The target's state once it has replayed all it received, or as far as it came in time.
/// `log_end`: where the old log ended, if known; the standby is given the same time to receive up
/// to there.
std::variant<DatabaseState, StepFailure> caught_up(Orchestration& world, const std::string& region,
                                                   std::optional<WalPosition> log_end) {
  const BootTime give_up = within_time(world, kReplay);
  while (true) {
    auto state = look(world, region);
    if (std::holds_alternative<StepFailure>(state)) return state;
    const auto& seen = std::get<DatabaseState>(state);
    const WalPosition goal = log_end ? std::max(*log_end, seen.written) : seen.written;
    const bool hopeless = log_end && !seen.streaming && seen.replayed >= seen.written;
    if (seen.role == DatabaseRole::primary || seen.replayed >= goal || hopeless ||
        world.clock.boot() >= give_up) {
      return state;
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
  std::optional<WalPosition> log_end;
  if (const auto end = number_at(fenced, "log_end", 0); end > 0)
    log_end = static_cast<WalPosition>(end);

  const auto state = caught_up(world, transition.target, log_end);
  if (const auto* failure = std::get_if<StepFailure>(&state)) return *failure;
  const auto& standby = std::get<DatabaseState>(state);
  // A primary was promoted by hand, past everybody: its log tells nothing of what it lacks (R14).
  const bool stood_by = standby.role == DatabaseRole::standby;
  const bool drained = stood_by && log_end && standby.replayed >= *log_end;
  boost::json::object output{{"drained", drained},
                             {"budget_ms", to_ms(world.topology.policy.lag_budget)}};
  bool within = drained;
  if (drained) {
    output["lag_ms"] = 0;
  } else if (world.guards.has(Guard::clocks_compared) && stood_by && standby.newest_commit &&
             *standby.newest_commit > *ended + kClocksAgree) {
    // No commit is newer than the end of its lease: somebody's clock is wrong, and so would the lag
    // be.
    output["clocks_disagree_ms"] = to_ms(*standby.newest_commit - *ended);
    output["newest_commit"] = format_wall(*standby.newest_commit);
  } else if (stood_by && standby.newest_commit) {
    const Duration lag = std::max(Duration::zero(), *ended - *standby.newest_commit);
    output["lag_ms"] = to_ms(lag);
    output["newest_commit"] = format_wall(*standby.newest_commit);
    within = lag <= world.topology.policy.lag_budget;
    if (!world.guards.has(Guard::lag_within_budget)) within = !within;
  }
  output["within_budget"] = within;
  output["action"] = within ? "go_on" : action_over_budget(world.topology.policy.over_budget);
  emit(world, within ? "lag.within_budget" : "lag.over_budget", transition, output);
  if (output["action"] == "wait") {
    world.alerts.raise(
        {.subject = transition.execution + " waits for replication to catch up",
         .done = transition.target + " lacks more than the lag budget; nothing was "
                                     "promoted, nobody writes",
         .ask = "bring " + transition.from + " back; or decide, with policy.over_budget: ask",
         .key = transition.execution + ".replication"});
  }
  return output;
}

}  // namespace understudy
