#include "states/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>

#include "states/data.h"

namespace understudy::states {
namespace {

constexpr std::array<std::string_view, 45> kNames{
    "ExecutionStarted",
    "ExecutionSucceeded",
    "ExecutionFailed",
    "ExecutionAborted",
    "ExecutionTimedOut",
    "TaskStateEntered",
    "TaskStateExited",
    "TaskStateAborted",
    "PassStateEntered",
    "PassStateExited",
    "ChoiceStateEntered",
    "ChoiceStateExited",
    "WaitStateEntered",
    "WaitStateExited",
    "WaitStateAborted",
    "SucceedStateEntered",
    "SucceedStateExited",
    "FailStateEntered",
    "ParallelStateEntered",
    "ParallelStateStarted",
    "ParallelStateSucceeded",
    "ParallelStateFailed",
    "ParallelStateAborted",
    "ParallelStateExited",
    "MapStateEntered",
    "MapStateStarted",
    "MapStateSucceeded",
    "MapStateFailed",
    "MapStateAborted",
    "MapStateExited",
    "MapIterationStarted",
    "MapIterationSucceeded",
    "MapIterationFailed",
    "MapIterationAborted",
    "TaskScheduled",
    "TaskStarted",
    "TaskSubmitted",
    "TaskSucceeded",
    "TaskFailed",
    "TaskTimedOut",
    "LambdaFunctionScheduled",
    "LambdaFunctionStarted",
    "LambdaFunctionSucceeded",
    "LambdaFunctionFailed",
    "LambdaFunctionTimedOut",
};
static_assert(kNames.size() == static_cast<std::size_t>(EventType::lambda_function_timed_out) + 1);
static_assert(std::ranges::none_of(kNames, &std::string_view::empty));

Error unreadable(std::string_view what) {
  return {After::unchanged_final, fmt::format("a history event {}", what)};
}

/// Details hold counts and texts. A number that is too large for a double could not be written.
bool writable(const boost::json::value& value) {
  if (const auto* object = value.if_object())
    return std::ranges::all_of(*object, [](const auto& of) { return writable(of.value()); });
  if (const auto* array = value.if_array()) return std::ranges::all_of(*array, writable);
  return !value.is_double() || std::isfinite(value.get_double());
}

}  // namespace

std::string_view to_string(EventType type) { return kNames[static_cast<std::size_t>(type)]; }

std::optional<EventType> event_type_named(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<EventType>(found - kNames.begin());
}

boost::json::object to_json(const HistoryEvent& event) {
  const auto type = to_string(event.type);
  boost::json::object object;
  object["timestamp"] = format_wall(event.timestamp);
  object["type"] = boost::json::string_view(type.data(), type.size());
  object["id"] = event.id;
  object["previousEventId"] = event.previous_id;
  for (const auto& [name, details] : event.details) object[name] = details;
  return object;
}

std::string to_text(const HistoryEvent& event) {
  std::string text =
      fmt::format(R"({{"timestamp":"{}","type":"{}","id":{},"previousEventId":{})",
                  format_wall(event.timestamp), to_string(event.type), event.id, event.previous_id);
  if (event.details.empty()) return text + "}";
  return text.append(",").append(boost::json::serialize(event.details), 1);
}

Result<HistoryEvent> event_from_json(const boost::json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return unreadable("must be an object");
  for (const auto* key : {"timestamp", "type", "id", "previousEventId"}) {
    if (!object->contains(key)) return unreadable(fmt::format("must have \"{}\"", key));
  }
  HistoryEvent event;
  for (const auto& [key, member] : *object) {
    const auto* text = member.if_string();
    if (key == "timestamp") {
      const auto time = text == nullptr ? std::nullopt : parse_wall({text->data(), text->size()});
      if (!time || time->time_since_epoch() % milliseconds(1) != Duration::zero())
        return unreadable("must have an RFC 3339 \"timestamp\" in whole milliseconds");
      event.timestamp = *time;
    } else if (key == "type") {
      const auto type =
          text == nullptr ? std::nullopt : event_type_named({text->data(), text->size()});
      if (!type) return unreadable("must have a known \"type\"");
      event.type = *type;
    } else if (key == "id" || key == "previousEventId") {
      const auto* number = member.if_int64();
      if (number == nullptr || *number < 0) return unreadable("must have whole numbers as ids");
      (key == "id" ? event.id : event.previous_id) = static_cast<std::uint64_t>(*number);
    } else {
      if (!writable(member)) return unreadable("must have no number beyond a double's range");
      event.details[key] = member;
    }
  }
  if (event.id == 0) return unreadable("must have an \"id\" of at least 1");
  return event;
}

Result<HistoryEvent> event_from_text(std::string_view text) {
  const auto value = parse_json(text);
  return value ? event_from_json(*value) : unreadable("must be JSON");
}

}  // namespace understudy::states
