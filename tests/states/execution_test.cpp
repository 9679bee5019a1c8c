// The fold as a caller sees it: time, stale stimuli, endings.

#include <gmock/gmock.h>

#include "story.h"

namespace understudy::states::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kWait = R"({"StartAt": "W", "States": {
  "W": {"Type": "Wait", "Seconds": 2, "Next": "P"}, "P": {"Type": "Pass", "End": true}}})";

TEST(Timer, never_fires_early_and_is_set_again_if_it_does) {
  Story story(machine_of(kWait));
  const auto timer = story.timers.begin()->first;
  story.wait(milliseconds(1999));
  EXPECT_TRUE(story.tell(stimulus::TimerFired{timer}));
  EXPECT_THAT(story.types(), ElementsAre("ExecutionStarted", "WaitStateEntered"));
  EXPECT_EQ(story.timers.at(timer), at_ms(2000));
  story.wait(milliseconds(1));
  EXPECT_TRUE(story.tell(stimulus::TimerFired{timer}));
  EXPECT_EQ(story.execution.status(), Status::succeeded);
}

TEST(Timer, is_counted_from_the_next_whole_millisecond) {
  Execution execution(machine_of(kWait), info_for_tests());
  const auto advanced = execution.advance(stimulus::Started{json::object()}, at_ms(0.3));
  EXPECT_THAT(shown(advanced.commands), ElementsAre("set 8 2026-01-01T00:00:02.001Z"));
}

TEST(Timer, of_a_timestamp_between_milliseconds_fires_after_it) {
  Story story(machine_of(R"({"StartAt": "W", "States": {"W": {"Type": "Wait",
    "TimestampPath": "$.at", "End": true}}})"),
              R"({"at": "2026-01-01T00:00:00.2501Z"})");
  EXPECT_EQ(story.timers.begin()->second, at_ms(251));
}

TEST(Timer, of_a_time_gone_by_needs_no_timer) {
  Story story(machine_of(R"({"StartAt": "W", "States": {"W": {"Type": "Wait",
    "Timestamp": "2025-12-31T23:59:59.999Z", "End": true}}})"));
  EXPECT_EQ(story.execution.status(), Status::succeeded);
}

TEST(Clock, that_jumps_back_does_not_turn_the_history_round) {
  Story story(machine_of(R"({"StartAt": "T", "States": {"T": {"Type": "Task",
    "Resource": "understudy:t", "End": true}}})"));
  story.wait(milliseconds(-5000));
  EXPECT_TRUE(story.succeed("T"));
  for (const auto& event : story.events) EXPECT_EQ(event.timestamp, at_ms(0));
}

constexpr std::string_view kTwoTasks = R"({"StartAt": "A", "States": {
  "A": {"Type": "Task", "Resource": "arn:aws:states:::x:y.waitForTaskToken", "TimeoutSeconds": 9,
        "HeartbeatSeconds": 4, "Next": "B",
        "Retry": [{"ErrorEquals": ["Again"], "IntervalSeconds": 5}]},
  "B": {"Type": "Task", "Resource": "understudy:b", "End": true}}})";

/// Tells the execution everything that ever was valid and no longer is, and expects silence.
void expect_unmoved(Story& story, const std::vector<Stimulus>& stale) {
  for (const auto& stimulus : stale) {
    const auto before = shown(story.execution.outstanding());
    const auto events = story.events.size();
    EXPECT_FALSE(story.tell(stimulus));
    EXPECT_EQ(story.events.size(), events);
    EXPECT_THAT(story.last, IsEmpty());
    EXPECT_EQ(shown(story.execution.outstanding()), before);
  }
}

std::vector<Stimulus> about(const command::RunTask& task,
                            const std::map<TimerId, WallTime>& timers) {
  std::vector<Stimulus> all{
      stimulus::TaskSucceeded{task.task, 1},   stimulus::TaskFailed{task.task, "E", "C"},
      stimulus::TaskHeartbeat{task.task},      stimulus::TaskSubmitted{task.task, 1},
      stimulus::TokenSucceeded{task.token, 1}, stimulus::TokenFailed{task.token, "E", "C"},
      stimulus::TokenHeartbeat{task.token},
  };
  for (const auto& [timer, at] : timers) all.emplace_back(stimulus::TimerFired{timer});
  return all;
}

TEST(StaleStimulus, changes_nothing) {
  Story story(machine_of(kTwoTasks));
  expect_unmoved(story, {stimulus::Started{1}, stimulus::TaskSucceeded{TaskId(99), 1},
                         stimulus::TokenSucceeded{"nobody's", 1}, stimulus::TokenHeartbeat{""},
                         stimulus::TimerFired{TimerId(99)}});
  const auto first = about(story.task("A"), story.timers);
  EXPECT_TRUE(story.fail("A", "Again"));
  expect_unmoved(story, first);
  const auto retry = story.timers;
  story.fire_next();
  expect_unmoved(story, first);
  expect_unmoved(story, {stimulus::TimerFired{retry.begin()->first}});
  const auto second = about(story.task("A"), story.timers);
  EXPECT_TRUE(story.tell(stimulus::TokenSucceeded{story.task("A").token, 1}));
  expect_unmoved(story, first);
  expect_unmoved(story, second);
  const auto last = about(story.task("B"), {});
  EXPECT_TRUE(story.succeed("B"));
  expect_unmoved(story, last);
  expect_unmoved(story, {stimulus::Stop{}, stimulus::Started{1}});
}

TEST(StaleStimulus, before_the_start_changes_nothing) {
  Execution execution(machine_of(kWait), info_for_tests());
  EXPECT_FALSE(execution.advance(stimulus::Stop{}, at_ms(0)).accepted);
  EXPECT_FALSE(execution.advance(stimulus::TimerFired{TimerId(8)}, at_ms(0)).accepted);
  EXPECT_EQ(execution.status(), Status::running);
}

TEST(Submission, told_twice_counts_once) {
  Story story(machine_of(kTwoTasks));
  const auto task = story.task("A").task;
  EXPECT_TRUE(story.tell(stimulus::TaskSucceeded{task, "accepted"}));
  EXPECT_FALSE(story.tell(stimulus::TaskSucceeded{task, "accepted"}));
  EXPECT_EQ(story.types().back(), "TaskSubmitted");
}

TEST(Execution, that_is_stopped_cancels_what_is_open_and_ends_aborted) {
  Story story(machine_of(kTwoTasks));
  EXPECT_TRUE(story.tell(stimulus::Stop{"Operator", "not now"}));
  EXPECT_THAT(shown(story.last), ElementsAre("cancel task 3", "cancel timer 14", "cancel timer 15",
                                             "finished ABORTED null"));
  EXPECT_EQ(story.error(), "Operator");
  EXPECT_EQ(story.types().back(), "ExecutionAborted");
  expect_every_prefix_resumes(story);
}

TEST(Execution, whose_own_time_is_over_ends_timed_out) {
  Story story(machine_of(R"({"StartAt": "T", "TimeoutSeconds": 60, "States": {"T": {
    "Type": "Task", "Resource": "understudy:t", "End": true,
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T"}]}}})"));
  story.fire_next();
  EXPECT_EQ(story.now, at_ms(60'000));
  EXPECT_EQ(story.execution.status(), Status::timed_out);
  EXPECT_EQ(story.error(), "States.Timeout");
  EXPECT_EQ(story.types().back(), "ExecutionTimedOut");
  expect_every_prefix_resumes(story);
}

TEST(Execution, that_runs_in_a_circle_is_ended_at_the_limit_of_events) {
  Story story(machine_of(R"({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "C"},
    "C": {"Type": "Choice", "Default": "A",
          "Choices": [{"Variable": "$.done", "IsPresent": true, "Next": "E"}]},
    "E": {"Type": "Succeed"}}})"));
  EXPECT_EQ(story.error(), "States.Runtime");
  EXPECT_THAT(story.cause(), HasSubstr("maximum number of history events (25000)"));
  EXPECT_LE(story.events.size(), 25'010U);
}

TEST(Choice, without_a_match_or_a_default_fails_by_name) {
  Story story(machine_of(R"({"StartAt": "C", "States": {"C": {"Type": "Choice",
    "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "E"}]},
    "E": {"Type": "Succeed"}}})"),
              R"({"n": 2})");
  EXPECT_EQ(story.error(), "States.NoChoiceMatched");
}

TEST(Choice, of_a_path_that_leads_nowhere_says_which) {
  Story story(machine_of(R"({"StartAt": "C", "States": {"C": {"Type": "Choice", "Default": "E",
    "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "E"}]},
    "E": {"Type": "Succeed"}}})"));
  EXPECT_EQ(story.error(), "States.Runtime");
  EXPECT_THAT(story.cause(), HasSubstr("Invalid path '$.n'"));
}

TEST(Data, goes_through_input_parameters_result_and_output_in_that_order) {
  Story story(machine_of(R"({"StartAt": "T", "States": {"T": {"Type": "Task",
    "Resource": "understudy:t", "InputPath": "$.in", "Parameters": {"n.$": "$.n"},
    "ResultSelector": {"r.$": "$.value"}, "ResultPath": "$.in.result",
    "OutputPath": "$.in", "End": true}}})"),
              R"({"in": {"n": 1}, "other": 2})");
  EXPECT_EQ(story.task("T").parameters.text(), R"({"n":1})");
  EXPECT_TRUE(story.succeed("T", R"({"value": 4.0, "noise": 5})"));
  EXPECT_EQ(story.output(), R"({"n":1,"result":{"r":4.0}})");
}

TEST(Data, that_cannot_take_a_result_where_it_should_go_fails_by_name) {
  Story story(machine_of(R"({"StartAt": "T", "States": {"T": {"Type": "Task",
    "Resource": "understudy:t", "ResultPath": "$.a.b", "End": true,
    "Catch": [{"ErrorEquals": ["States.ResultPathMatchFailure"], "Next": "E"}]},
    "E": {"Type": "Succeed"}}})"),
              R"({"a": 1})");
  EXPECT_TRUE(story.succeed("T", "2"));
  EXPECT_THAT(story.entered(), ElementsAre("T", "E"));
}

TEST(Data, larger_than_step_functions_takes_fails_the_task) {
  Story story(machine_of(R"({"StartAt": "T", "States": {"T": {"Type": "Task",
    "Resource": "understudy:t", "End": true}}})"));
  EXPECT_TRUE(story.succeed("T", '"' + std::string(262'144, 'x') + '"'));
  EXPECT_EQ(story.error(), "States.DataLimitExceeded");
}

TEST(Variables, keep_their_old_value_until_the_state_is_left) {
  Story story(machine_of(R"({"StartAt": "A", "States": {
    "A": {"Type": "Pass", "Assign": {"n": 1}, "Next": "B"},
    "B": {"Type": "Pass", "Assign": {"n": 2, "old.$": "$n"}, "Parameters": {"seen.$": "$n"},
          "Next": "C"},
    "C": {"Type": "Pass", "Parameters": {"n.$": "$n", "old.$": "$old", "seen.$": "$.seen"},
          "End": true}}})"));
  EXPECT_EQ(story.output(), R"({"n":2,"old":1,"seen":1})");
}

TEST(Numbers, mean_the_same_however_the_caller_stores_them) {
  for (const auto& seconds : {json::value(std::int64_t{3}), json::value(std::uint64_t{3})}) {
    Story story(machine_of(R"({"StartAt": "T", "States": {
      "T": {"Type": "Task", "Resource": "understudy:t", "Next": "W"},
      "W": {"Type": "Wait", "SecondsPath": "$", "End": true}}})"));
    EXPECT_TRUE(story.tell(stimulus::TaskSucceeded{story.task("T").task, seconds}));
    ASSERT_EQ(story.timers.size(), 1U);
    EXPECT_EQ(story.timers.begin()->second, at_ms(3000));
    expect_every_prefix_resumes(story);
  }
}

TEST(Variables, that_were_never_set_fail_the_execution) {
  Story story(machine_of(R"({"StartAt": "A", "States": {"A": {"Type": "Pass",
    "Parameters": {"x.$": "$nothing"}, "End": true}}})"));
  EXPECT_EQ(story.error(), "States.Runtime");
  EXPECT_THAT(story.cause(), HasSubstr("$nothing"));
}

}  // namespace
}  // namespace understudy::states::testing
