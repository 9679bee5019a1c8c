// Rebuilding an execution from its journal: what it was told is read off the events, told again,
// and what comes out is compared with what was recorded.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "states/fold.h"

namespace understudy::states {
namespace {

const json::object* details_of(const HistoryEvent& event) {
  if (event.details.empty()) return nullptr;
  return event.details.begin()->value().if_object();
}

std::optional<std::string> text_in(const HistoryEvent& event, std::string_view name) {
  const auto* details = details_of(event);
  const auto* value =
      details == nullptr ? nullptr : details->if_contains({name.data(), name.size()});
  const auto* text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr) return std::nullopt;
  return std::string(*text);
}

std::optional<json::value> json_in(const HistoryEvent& event, std::string_view name) {
  const auto text = text_in(event, name);
  return text ? parse_json(*text) : std::nullopt;
}

/// "event 7, TaskStateEntered \"Fence\""
std::string shown(const HistoryEvent& event) {
  const auto name = text_in(event, "name");
  return fmt::format("event {}, {}{}", event.id, to_string(event.type),
                     name ? fmt::format(" \"{}\"", *name) : "");
}

Error mismatch(std::string what) {
  return {After::unchanged_final,
          fmt::format("the journal does not fit the state machine: {}", what)};
}

bool same(const HistoryEvent& one, const HistoryEvent& other) {
  return one.id == other.id && one.previous_id == other.previous_id && one.type == other.type &&
         one.timestamp == other.timestamp && same_json(one.details, other.details);
}

}  // namespace

std::optional<Stimulus> Fold::stimulus_of(const HistoryEvent& event) const {
  const auto task = [&]() -> std::optional<TaskId> {
    for (const auto& [scheduled, branch] : tasks_) {
      if (branch->last_event == event.previous_id) return TaskId(scheduled);
    }
    return std::nullopt;
  }();
  switch (event.type) {
    case EventType::execution_started: {
      auto input = json_in(event, "input");
      if (!input) return std::nullopt;
      return stimulus::Started{std::move(*input)};
    }
    case EventType::task_submitted: {
      auto output = json_in(event, "output");
      if (!task || !output) return std::nullopt;
      return stimulus::TaskSubmitted{*task, std::move(*output)};
    }
    case EventType::task_succeeded:
    case EventType::lambda_function_succeeded: {
      auto output = json_in(event, "output");
      if (!task || !output) return std::nullopt;
      const auto& token = task_branch(*task)->attempt.token;
      if (!token.empty()) return stimulus::TokenSucceeded{token, std::move(*output)};
      return stimulus::TaskSucceeded{*task, std::move(*output)};
    }
    case EventType::task_failed:
    case EventType::lambda_function_failed:
      if (!task) return std::nullopt;
      return stimulus::TaskFailed{*task, text_in(event, "error"), text_in(event, "cause")};
    case EventType::task_timed_out:
    case EventType::lambda_function_timed_out: {
      if (!task) return std::nullopt;
      const auto& attempt = task_branch(*task)->attempt;
      const bool whole = attempt.deadline && *attempt.deadline <= event.timestamp;
      const auto kind = whole ? TimerKind::timeout : TimerKind::heartbeat;
      return stimulus::TimerFired{timer_id(kind, attempt.scheduled)};
    }
    case EventType::execution_timed_out:
      return stimulus::TimerFired{timer_id(TimerKind::timeout, 1)};
    case EventType::execution_aborted:
      return stimulus::Stop{text_in(event, "error"), text_in(event, "cause")};
    default: break;
  }
  // Whatever a Wait or a retry led to follows the event that its timer was set at.
  for (const auto kind : {TimerKind::wait, TimerKind::retry}) {
    const auto timer = timer_id(kind, event.previous_id);
    if (timers_.contains(timer)) return stimulus::TimerFired{timer};
  }
  return std::nullopt;
}

Result<Execution::Replayed> Execution::replay(std::shared_ptr<const Machine> machine,
                                              ExecutionInfo info,
                                              std::span<const HistoryEvent> events, WallTime now) {
  Replayed replayed{Execution(std::move(machine), std::move(info)), {}};
  auto& fold = *replayed.execution.fold_;
  std::size_t at = 0;
  while (at < events.size()) {
    const auto& recorded = events[at];
    const auto stimulus = fold.stimulus_of(recorded);
    if (!stimulus) return mismatch(fmt::format("nothing leads to {}", shown(recorded)));
    auto advanced = fold.advance(*stimulus, recorded.timestamp);
    if (advanced.events.empty()) {
      return mismatch(fmt::format("nothing leads to {}", shown(recorded)));
    }
    for (auto& event : advanced.events) {
      if (at == events.size()) {
        replayed.completed.push_back(std::move(event));
        continue;
      }
      if (!same(event, events[at])) {
        return mismatch(
            fmt::format("recorded is {}, but it leads to {}", shown(events[at]), shown(event)));
      }
      ++at;
    }
  }
  fold.restart_heartbeats(now);
  return replayed;
}

}  // namespace understudy::states
