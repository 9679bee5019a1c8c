#include "record/metrics.h"

#include <algorithm>
#include <boost/json.hpp>

#include "record/history_view.h"

namespace understudy::record {

namespace json = boost::json;

namespace {

/// The last visit of a state whose task succeeded.
const Visit* done(const std::vector<Visit>& visits, std::string_view state) {
  const auto found = std::find_if(visits.rbegin(), visits.rend(), [&](const Visit& visit) {
    return visit.state == state && visit.left && !visit.output.empty();
  });
  return found == visits.rend() ? nullptr : &*found;
}

json::array states_of(const std::vector<Visit>& visits, WallTime started) {
  json::array states;
  for (const Visit& visit : visits) {
    json::object one{{"state", visit.state},
                     {"entered", format_wall(visit.entered)},
                     {"after_ms", to_ms(visit.entered - started)}};
    if (visit.left) one["took_ms"] = to_ms(*visit.left - visit.entered);
    if (visit.attempts > 0) one["attempts"] = visit.attempts;
    if (visit.failures > 0) one["failures"] = visit.failures;
    states.push_back(std::move(one));
  }
  return states;
}

json::object counts_of(std::span<const states::HistoryEvent> history,
                       const std::vector<Visit>& visits) {
  std::uint64_t attempts = 0;
  std::uint64_t failures = 0;
  for (const Visit& visit : visits) {
    attempts += visit.attempts;
    failures += visit.failures;
  }
  const auto answers = answers_of(history);
  const auto approvals = std::ranges::count(answers, true, &Answer::approved);
  return {{"history_events", history.size()},
          {"states_entered", visits.size()},
          {"attempts", attempts},
          {"failed_attempts", failures},
          {"approvals", approvals},
          {"declined", static_cast<std::int64_t>(answers.size()) - approvals}};
}

}  // namespace

json::object metrics_of(std::span<const states::HistoryEvent> history) {
  json::object metrics{{"said_by", "the system itself, by the controller's wall clock"}};
  const auto visits = visits_of(history);
  metrics["counts"] = counts_of(history, visits);
  if (history.empty()) return metrics;
  const WallTime started = history.front().timestamp;
  metrics["states"] = states_of(visits, started);
  metrics["total_ms"] = to_ms(history.back().timestamp - started);
  const auto until = [&](std::string_view name, std::string_view state) {
    if (const Visit* visit = done(visits, state)) metrics[name] = to_ms(*visit->left - started);
  };
  until("decision_to_traffic_ms", "ConfirmTraffic");
  until("decision_to_verified_ms", "VerifyRecovery");
  const auto copy = [&](std::string_view name, std::string_view state, std::string_view member) {
    const Visit* visit = done(visits, state);
    const auto* found = visit == nullptr ? nullptr : visit->output.if_contains(member);
    if (found != nullptr) metrics[name] = *found;
  };
  copy("epoch_before", "AcquireTransition", "epoch");
  copy("epoch_after", "SwitchActiveRegion", "epoch");
  if (const Visit* lag = done(visits, "CheckReplicationLag")) metrics["lag_at_fence"] = lag->output;
  return metrics;
}

}  // namespace understudy::record
