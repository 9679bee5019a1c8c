// Parallel and Map states.

#include <gmock/gmock.h>

#include "story.h"

namespace understudy::states::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view kParallel = R"({"StartAt": "P", "States": {
  "P": {"Type": "Parallel", "Next": "E", "Branches": [
    {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "understudy:a", "End": true,
                                      "TimeoutSeconds": 60}}},
    {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 30, "End": true}}},
    {"StartAt": "N", "States": {"N": {"Type": "Parallel", "End": true, "Branches": [
      {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "understudy:b", "End": true,
        "Retry": [{"ErrorEquals": ["Busy"]}]}}}]}}}],
    "Catch": [{"ErrorEquals": ["Broken"], "Next": "C"}]},
  "E": {"Type": "Succeed"}, "C": {"Type": "Pass", "End": true}}})";

TEST(Parallel, gathers_the_outputs_in_the_order_of_its_branches) {
  Story story(machine_of(kParallel), "0");
  EXPECT_THAT(story.open_tasks(), ElementsAre("A", "B"));
  EXPECT_TRUE(story.succeed("B", "3"));
  story.fire_next();
  EXPECT_TRUE(story.succeed("A", "1"));
  EXPECT_EQ(story.output(), "[1,0,[3]]");
  expect_every_prefix_resumes(story);
}

TEST(Parallel, that_fails_cancels_the_other_branches) {
  Story story(machine_of(kParallel));
  const auto a = story.task("A").task;
  EXPECT_TRUE(story.fail("B", "Broken"));
  EXPECT_THAT(shown(story.last),
              ElementsAre(HasSubstr("cancel task"), HasSubstr("cancel timer"),
                          HasSubstr("cancel timer"), HasSubstr("finished SUCCEEDED")));
  EXPECT_THAT(story.types(), AllOf(Contains("TaskStateAborted"), Contains("WaitStateAborted"),
                                   Contains("ParallelStateFailed")));
  EXPECT_THAT(story.open_tasks(), IsEmpty());
  EXPECT_THAT(story.timers, IsEmpty());
  EXPECT_FALSE(story.tell(stimulus::TaskSucceeded{a, 1}));
  EXPECT_THAT(story.entered(), Contains("C"));
  expect_every_prefix_resumes(story);
}

TEST(Parallel, that_fails_while_a_branch_waits_to_retry_cancels_that_too) {
  Story story(machine_of(kParallel));
  EXPECT_TRUE(story.fail("B", "Busy"));
  const auto retry = std::ranges::min_element(story.timers, {}, [](const auto& timer) {
                       return timer.second;
                     })->first;
  EXPECT_TRUE(story.fail("A", "Broken"));
  EXPECT_THAT(story.timers, IsEmpty());
  EXPECT_FALSE(story.tell(stimulus::TimerFired{retry}));
  expect_every_prefix_resumes(story);
}

TEST(Parallel, that_is_retried_starts_every_branch_anew) {
  Story story(machine_of(R"({"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true,
    "Retry": [{"ErrorEquals": ["Broken"], "MaxAttempts": 1}], "Branches": [
      {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "understudy:a", "End": true}}},
      {"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "understudy:b",
                                        "End": true}}}]}}})"));
  EXPECT_TRUE(story.fail("A", "Broken"));
  EXPECT_THAT(story.open_tasks(), IsEmpty());
  story.fire_next();
  EXPECT_THAT(story.open_tasks(), ElementsAre("A", "B"));
  EXPECT_TRUE(story.succeed("A", "1"));
  EXPECT_TRUE(story.succeed("B", "2"));
  EXPECT_EQ(story.output(), "[1,2]");
  EXPECT_THAT(story.types(), Not(Contains("ParallelStateFailed")));
  expect_every_prefix_resumes(story);
}

TEST(Parallel, in_which_the_document_itself_is_at_fault_ends_the_execution_uncaught) {
  Story story(machine_of(R"({"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true,
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "E"}], "Branches": [
      {"StartAt": "A", "States": {"A": {"Type": "Pass", "InputPath": "$.none", "End": true}}}]},
    "E": {"Type": "Succeed"}}})"));
  EXPECT_EQ(story.error(), "States.Runtime");
  EXPECT_THAT(story.cause(), HasSubstr("'A' (entered at the event id #4)"));
}

std::string map_with(std::string_view fields) {
  return R"({"StartAt": "M", "States": {"M": {"Type": "Map", )" + std::string(fields) + R"(
    "ItemProcessor": {"StartAt": "T", "States": {"T": {"Type": "Task",
      "Resource": "understudy:t", "End": true}}}, "End": true}}})";
}

TEST(Map, runs_no_more_iterations_at_once_than_allowed) {
  Story story(machine_of(map_with(R"("MaxConcurrency": 2,)")), "[10, 20, 30]");
  EXPECT_EQ(story.tasks.size(), 2U);
  EXPECT_TRUE(story.succeed("T", "1"));
  EXPECT_EQ(story.tasks.size(), 2U);
  EXPECT_EQ(story.tasks.back().parameters.text(), "30");
  EXPECT_TRUE(story.succeed("T", "2"));
  EXPECT_TRUE(story.succeed("T", "3"));
  EXPECT_EQ(story.output(), "[1,2,3]");
  expect_every_prefix_resumes(story);
}

TEST(Map, over_nothing_gives_nothing) {
  Story story(machine_of(map_with("")), "[]");
  EXPECT_EQ(story.output(), "[]");
  EXPECT_THAT(story.types(),
              ElementsAre("ExecutionStarted", "MapStateEntered", "MapStateStarted",
                          "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded"));
}

TEST(Map, over_what_is_no_array_says_so) {
  Story story(machine_of(map_with(R"("ItemsPath": "$.items",)")), R"({"items": 1})");
  EXPECT_THAT(story.cause(), HasSubstr("Reference path \"$.items\" must point to array."));
}

TEST(Map, that_tolerates_a_failure_leaves_its_result_out) {
  Story story(machine_of(map_with(R"("ToleratedFailureCount": 1,)")), "[1, 2, 3]");
  EXPECT_TRUE(story.succeed("T", "\"one\""));
  EXPECT_TRUE(story.fail("T", "Broken"));
  EXPECT_TRUE(story.succeed("T", "\"three\""));
  EXPECT_EQ(story.output(), R"(["one","three"])");
  expect_every_prefix_resumes(story);
}

TEST(Map, that_fails_more_often_than_tolerated_fails_and_cancels_the_rest) {
  Story story(machine_of(map_with(R"("ToleratedFailurePercentage": 34,)")), "[1, 2, 3]");
  EXPECT_TRUE(story.fail("T", "Broken"));
  EXPECT_EQ(story.execution.status(), Status::running);
  EXPECT_TRUE(story.fail("T", "Broken"));
  EXPECT_EQ(story.error(), "States.ExceedToleratedFailureThreshold");
  EXPECT_THAT(story.open_tasks(), IsEmpty());
  EXPECT_THAT(story.types(), Contains("MapIterationAborted"));
  expect_every_prefix_resumes(story);
}

TEST(Map, whose_item_cannot_be_selected_cancels_the_iterations_that_run) {
  Story story(machine_of(map_with(R"("ItemSelector": {"n.$": "$$.Map.Item.Value.n"},)")),
              R"([{"n": 1}, {}])");
  EXPECT_EQ(story.error(), "States.Runtime");
  EXPECT_THAT(story.open_tasks(), IsEmpty());
  EXPECT_TRUE(story.execution.outstanding().empty());
  expect_every_prefix_resumes(story);
}

TEST(Map, shows_each_state_the_item_of_the_innermost_iteration) {
  Story story(machine_of(R"({"StartAt": "M", "States": {"M": {"Type": "Map", "End": true,
    "ItemProcessor": {"StartAt": "N", "States": {"N": {"Type": "Map", "End": true, "Iterator": {
      "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true, "Parameters": {
        "i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"}}}}}}}}}})"),
              "[[5], [6]]");
  EXPECT_EQ(story.output(), R"([[{"i":0,"v":5}],[{"i":0,"v":6}]])");
}

}  // namespace
}  // namespace understudy::states::testing
