#pragma once
// One recorded case, and what the engine made of it.

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "states/execution.h"
#include "states/machine.h"

namespace understudy::states::testing {

struct Case {
  json::object all;

  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] const json::value* member(std::string_view name) const;
  [[nodiscard]] std::set<std::string> texts(std::string_view name) const;
};

/// One JSON object a line. An empty list if the file cannot be read.
[[nodiscard]] std::vector<Case> read_cases(const std::string& file);

struct Run {
  ExecutionInfo info;
  command::Finished finished;
  std::vector<HistoryEvent> events;
  /// Each token given out, and the name that the record has for it once that was seen.
  mutable std::map<std::string, std::string> tokens;
};

/// Carries out the commands of an execution: a virtual clock for its timers, recorded answers for
/// its tasks. None if the execution waits for something that will never come.
[[nodiscard]] std::optional<Run> drive(const Case& recorded,
                                       std::shared_ptr<const Machine> machine);

/// What differs from the record, the first difference only; none if all is as recorded.
[[nodiscard]] std::optional<std::string> difference(const Case& recorded, const Run& run);

}  // namespace understudy::states::testing
