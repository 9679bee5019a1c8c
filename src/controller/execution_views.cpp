#include "controller/execution_views.h"

#include <algorithm>

#include "controller/state_budgets.h"

namespace understudy {

namespace json = boost::json;

namespace {

/// Past executions of the same workflow that teach how long its states take.
constexpr std::size_t kTeachers = 20;

std::string workflow_of(const std::string& execution) {
  return execution.substr(0, execution.find('-'));
}

/// What the newest of them taught before `execution`, which is not one of them.
StateBudgets budgets_for(Journal& journal, const std::string& execution) {
  StateBudgets budgets;
  auto entries = journal.executions();
  if (!entries) return budgets;
  std::vector<std::string> teachers;
  for (const ExecutionEntry& entry : *entries) {
    if (entry.name == execution) break;
    if (entry.status == "SUCCEEDED" && workflow_of(entry.name) == workflow_of(execution))
      teachers.push_back(entry.name);
  }
  const std::size_t first = teachers.size() - std::min(teachers.size(), kTeachers);
  for (std::size_t i = first; i < teachers.size(); ++i) {
    if (const auto events = journal.events(teachers[i])) budgets.learn(*events);
  }
  return budgets;
}

/// {"runs", "states": {name: {"median_ms", "p90_ms"}}, "predicted_end", "critical_path"}
json::object budget_view(Journal& journal, const std::string& execution,
                         const std::vector<states::HistoryEvent>& events, WallTime now) {
  const StateBudgets budgets = budgets_for(journal, execution);
  json::object of_states;
  for (const StateVisit& visit : visits_of(events, Inner::yes)) {
    if (const auto budget = budgets.of(visit.state)) {
      of_states[visit.state] =
          json::object{{"median_ms", to_ms(budget->median)}, {"p90_ms", to_ms(budget->p90)}};
    }
  }
  json::object view{{"runs", budgets.runs()}, {"states", std::move(of_states)}};
  if (const auto prediction = budgets.predict(events, now)) {
    view["predicted_end"] = format_wall(prediction->ends);
    view["critical_path"] =
        json::array(prediction->critical_path.begin(), prediction->critical_path.end());
  }
  return view;
}

}  // namespace

http::Response executions_view(Journal& journal) {
  auto entries = journal.executions();
  if (!entries) return control_error(entries.error());
  json::array all;
  for (const ExecutionEntry& entry : *entries) {
    all.push_back(json::object{
        {"name", entry.name}, {"started", format_wall(entry.started)}, {"status", entry.status}});
  }
  return control_answer({{"executions", std::move(all)}});
}

http::Response history_view(Journal& journal, const Clock& clock, const ControlCall& call) {
  const std::string name = call.request.parameter("execution");
  auto written = journal.events(name);
  if (!written) return control_error(written.error());
  if (written->empty())
    return control_error({After::unchanged_final, "no execution named \"" + name + "\""});
  json::array events;
  for (const states::HistoryEvent& event : *written) events.emplace_back(states::to_json(event));
  return control_answer({{"execution", name},
                         {"events", std::move(events)},
                         {"budget", budget_view(journal, name, *written, clock.wall())}});
}

}  // namespace understudy
