#pragma once
// How long each state of a workflow takes, learnt from past executions: a budget to be compared
// with, and a prediction of when one that runs will have ended.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "states/history.h"

namespace understudy {

/// One visit of a state.
struct StateVisit {
  std::string state;
  WallTime entered;
  std::optional<WallTime> left;  ///< none: it is in it
};

/// The visits of an execution's own states, in order; of those within a Parallel or Map only where
/// `inner` asks for them.
enum class Inner : bool { no, yes };
[[nodiscard]] std::vector<StateVisit> visits_of(std::span<const states::HistoryEvent> events,
                                                Inner inner);

struct StateBudget {
  unsigned runs = 0;  ///< that it was learnt from
  Duration median{};
  Duration p90{};  ///< what a state may take
};

/// What is to come of an execution that runs.
struct Prediction {
  WallTime ends;                           ///< if all goes as it usually did
  std::vector<std::string> critical_path;  ///< the states that are left, longest wait first
};

/// Pure. Learns from executions of one workflow that succeeded.
class StateBudgets {
 public:
  void learn(std::span<const states::HistoryEvent> events);

  [[nodiscard]] unsigned runs() const { return runs_; }
  /// None: it was never visited.
  [[nodiscard]] std::optional<StateBudget> of(const std::string& state) const;
  /// None: nothing was learnt, or it has ended.
  [[nodiscard]] std::optional<Prediction> predict(std::span<const states::HistoryEvent> events,
                                                  WallTime now) const;

 private:
  std::map<std::string, std::vector<Duration>> took_;  // sorted
  std::vector<std::string> usual_course_;              // of the last run
  unsigned runs_ = 0;
};

}  // namespace understudy
