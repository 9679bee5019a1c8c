#pragma once
// An execution told step by step: keeps what it was told, when, and what it said.

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "states/execution.h"
#include "states/machine.h"

namespace understudy::states::testing {

/// Fails the test, and gives null, if the document is refused.
[[nodiscard]] std::shared_ptr<const Machine> machine_of(std::string_view document);

[[nodiscard]] ExecutionInfo info_for_tests();

/// 2026-01-01T00:00:00Z and so many milliseconds.
[[nodiscard]] WallTime at_ms(double milliseconds);

class Story {
 public:
  explicit Story(std::shared_ptr<const Machine> machine, std::string_view input = "{}");

  /// At the present time; tells whether it was accepted.
  bool tell(const Stimulus& stimulus);
  /// What was set and not cancelled must be just what outstanding() would set again.
  void expect_timers_as_commanded() const;
  void wait(milliseconds length) { now += length; }
  /// Goes to the time of the timer that is due first, and fires it.
  void fire_next();

  [[nodiscard]] bool succeed(const std::string& state, std::string_view output = "{}");
  [[nodiscard]] bool fail(const std::string& state, const std::string& error);

  /// The task that is open in this state. Fails the test if there is none.
  [[nodiscard]] const command::RunTask& task(const std::string& state) const;
  [[nodiscard]] std::vector<std::string> open_tasks() const;

  [[nodiscard]] std::vector<std::string> types() const;
  /// The names of the states entered, in order.
  [[nodiscard]] std::vector<std::string> entered() const;
  [[nodiscard]] std::string output() const;
  [[nodiscard]] std::string error() const;
  [[nodiscard]] std::string cause() const;

  struct Told {
    Stimulus stimulus;
    WallTime at;
    std::size_t events_before = 0;
    std::vector<Command> outstanding_before;
  };

  std::shared_ptr<const Machine> machine;
  Execution execution;
  WallTime now = at_ms(0);
  std::vector<Told> told;
  std::vector<HistoryEvent> events;
  std::vector<Command> last;  ///< The commands of the latest step.
  std::vector<command::RunTask> tasks;
  std::map<TimerId, WallTime> timers;
};

/// Commands as texts, for comparing.
[[nodiscard]] std::vector<std::string> shown(const std::vector<Command>& commands);
[[nodiscard]] std::vector<std::string> shown(const std::vector<HistoryEvent>& events);

/// Replays after every prefix of the story's history, tells the rest, and expects the same end.
void expect_every_prefix_resumes(const Story& story);

}  // namespace understudy::states::testing
