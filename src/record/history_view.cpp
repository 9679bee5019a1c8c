#include "record/history_view.h"

#include <algorithm>
#include <map>

#include "states/data.h"

namespace understudy::record {

namespace json = boost::json;
using states::EventType;
using states::HistoryEvent;

namespace {

std::string text_in(const HistoryEvent& event, std::string_view name) {
  for (const auto& member : event.details) {
    const auto* details = member.value().if_object();
    const auto* found = details == nullptr ? nullptr : details->if_contains(name);
    if (found != nullptr && found->is_string()) return std::string(found->get_string());
  }
  return {};
}

json::object object_in(const HistoryEvent& event, std::string_view name) {
  const auto value = states::parse_json(text_in(event, name));
  return value && value->is_object() ? value->get_object() : json::object();
}

bool is_entry(const HistoryEvent& event) {
  return event.details.contains("stateEnteredEventDetails");
}
bool is_exit(const HistoryEvent& event) {
  return event.details.contains("stateExitedEventDetails");
}
bool is_attempt(EventType type) {
  return type == EventType::task_scheduled || type == EventType::lambda_function_scheduled;
}
bool is_success(EventType type) {
  return type == EventType::task_succeeded || type == EventType::lambda_function_succeeded;
}
bool is_failure(EventType type) {
  return type == EventType::task_failed || type == EventType::lambda_function_failed ||
         type == EventType::task_timed_out || type == EventType::lambda_function_timed_out;
}

/// Knows for each event in which visit it happened, by the event that led to it.
class Reader {
 public:
  void read(const HistoryEvent& event) {
    if (is_entry(event)) {
      visit_of_[event.id] = visits.size();
      visits.push_back(
          {.state = text_in(event, "name"), .entered = event.timestamp, .left = {}, .output = {}});
      return;
    }
    const auto before = visit_of_.find(event.previous_id);
    if (before == visit_of_.end()) return;
    visit_of_[event.id] = before->second;
    Visit& visit = visits[before->second];
    if (is_exit(event) && text_in(event, "name") == visit.state) visit.left = event.timestamp;
    if (is_attempt(event.type)) ++visit.attempts;
    if (is_failure(event.type)) ++visit.failures;
    if (is_success(event.type)) visit.output = object_in(event, "output");
    note_answer(event, visit);
  }

  std::vector<Visit> visits;
  std::vector<Answer> answers;

 private:
  void note_answer(const HistoryEvent& event, const Visit& visit) {
    if (is_success(event.type)) {
      const auto* by = visit.output.if_contains("approved_by");
      if (by != nullptr && by->is_string())
        answers.push_back({true, std::string(by->get_string()), event.timestamp, visit.state});
    } else if (is_failure(event.type) && text_in(event, "error") == "Understudy.Declined") {
      answers.push_back({false, text_in(event, "cause"), event.timestamp, visit.state});
    }
  }

  std::map<std::uint64_t, std::size_t> visit_of_;
};

Reader read(std::span<const HistoryEvent> history) {
  Reader reader;
  for (const HistoryEvent& event : history) reader.read(event);
  return reader;
}

}  // namespace

std::vector<Visit> visits_of(std::span<const HistoryEvent> history) { return read(history).visits; }

std::vector<Answer> answers_of(std::span<const HistoryEvent> history) {
  return read(history).answers;
}

json::object input_of(std::span<const HistoryEvent> history) {
  return history.empty() ? json::object() : object_in(history.front(), "input");
}

std::string status_of(std::span<const HistoryEvent> history) {
  if (history.empty()) return {};
  switch (history.back().type) {
    case EventType::execution_succeeded: return "SUCCEEDED";
    case EventType::execution_failed: return "FAILED";
    case EventType::execution_aborted: return "ABORTED";
    case EventType::execution_timed_out: return "TIMED_OUT";
    default: return {};
  }
}

}  // namespace understudy::record
