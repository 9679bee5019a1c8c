#pragma once
// A history read for people: states with their times and tries, what their tasks answered, and who
// answered the questions.

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "states/history.h"

namespace understudy::record {

/// One visit of a state.
struct Visit {
  std::string state;
  WallTime entered;
  std::optional<WallTime> left;
  std::uint64_t attempts = 0;  ///< tries of its task; 0 if it is none
  std::uint64_t failures = 0;  ///< of these
  boost::json::object output;  ///< of its task, where that succeeded with an object
};

/// In the order in which they were entered.
[[nodiscard]] std::vector<Visit> visits_of(std::span<const states::HistoryEvent> history);

/// A question that a person answered.
struct Answer {
  bool approved = false;
  std::string by;  ///< "ada"; of one that was declined, the whole cause
  WallTime at;
  std::string state;
};
[[nodiscard]] std::vector<Answer> answers_of(std::span<const states::HistoryEvent> history);

/// What the execution was started with; empty if that is not in the history.
[[nodiscard]] boost::json::object input_of(std::span<const states::HistoryEvent> history);

/// How it ended, "SUCCEEDED" ...; "" while it has not.
[[nodiscard]] std::string status_of(std::span<const states::HistoryEvent> history);

}  // namespace understudy::record
