#pragma once
// What happened in an execution, event by event, named and shaped as Step Functions' history.

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace understudy::states {

/// The names of Step Functions, as it writes them.
enum class EventType : std::uint8_t {
  execution_started,
  execution_succeeded,
  execution_failed,
  execution_aborted,
  execution_timed_out,
  task_state_entered,
  task_state_exited,
  task_state_aborted,
  pass_state_entered,
  pass_state_exited,
  choice_state_entered,
  choice_state_exited,
  wait_state_entered,
  wait_state_exited,
  wait_state_aborted,
  succeed_state_entered,
  succeed_state_exited,
  fail_state_entered,
  parallel_state_entered,
  parallel_state_started,
  parallel_state_succeeded,
  parallel_state_failed,
  parallel_state_aborted,
  parallel_state_exited,
  map_state_entered,
  map_state_started,
  map_state_succeeded,
  map_state_failed,
  map_state_aborted,
  map_state_exited,
  map_iteration_started,
  map_iteration_succeeded,
  map_iteration_failed,
  map_iteration_aborted,
  task_scheduled,
  task_started,
  task_submitted,
  task_succeeded,
  task_failed,
  task_timed_out,
  lambda_function_scheduled,
  lambda_function_started,
  lambda_function_succeeded,
  lambda_function_failed,
  lambda_function_timed_out,
};

/// "TaskStateEntered"
[[nodiscard]] std::string_view to_string(EventType type);
[[nodiscard]] std::optional<EventType> event_type_named(std::string_view name);

struct HistoryEvent {
  std::uint64_t id = 0;           ///< From 1, without gaps.
  std::uint64_t previous_id = 0;  ///< The event that led to this one; 0 for the first two.
  EventType type = EventType::execution_started;
  WallTime timestamp;  ///< Whole milliseconds. Never before the event recorded before it.
  /// Empty, or one member such as "stateEnteredEventDetails"; inputs and outputs in it are JSON
  /// texts.
  boost::json::object details;

  bool operator==(const HistoryEvent&) const = default;
};

/// As GetExecutionHistory shows it: {"timestamp", "type", "id", "previousEventId", details…}.
/// The timestamp is an RFC 3339 text with milliseconds.
[[nodiscard]] boost::json::object to_json(const HistoryEvent& event);

/// The same as a text, written at once.
[[nodiscard]] std::string to_text(const HistoryEvent& event);

/// Reads what to_json wrote, without loss.
[[nodiscard]] Result<HistoryEvent> event_from_json(const boost::json::value& value);
[[nodiscard]] Result<HistoryEvent> event_from_text(std::string_view text);

}  // namespace understudy::states
