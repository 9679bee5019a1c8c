#pragma once
// An execution's history as a timeline: when each state was entered, and how long it took.

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace understudy {

struct TimelineEntry {
  std::string state;
  WallTime entered{};
  std::optional<WallTime> left;      ///< none: still in it, or the execution ended there
  std::string note;                  ///< an error that ended it, or ""
  std::optional<Duration> budget{};  ///< what nine of ten earlier ones took for that state
};

struct Timeline {
  std::string execution;
  std::string status;  ///< "RUNNING", "SUCCEEDED" ...
  WallTime started{};
  std::vector<TimelineEntry> entries;
  unsigned learnt_from = 0;               ///< earlier executions of the workflow
  std::optional<WallTime> predicted_end;  ///< while it runs
  std::string critical_path;              ///< what is left of it, longest first
};

/// From {"execution", "events"}, as the controller's history answers.
[[nodiscard]] Timeline timeline_of(const boost::json::object& history);

[[nodiscard]] boost::json::object to_json(const Timeline& timeline);
/// Several lines for a terminal.
[[nodiscard]] std::string describe(const Timeline& timeline);

}  // namespace understudy
