// Task states: retries, catches, timeouts, heartbeats, tokens.

#include <gmock/gmock.h>

#include "story.h"

namespace understudy::states::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A state for a catcher to go to, if one does: no state may be out of reach.
std::string caught_in(std::string_view fields, const std::string& name) {
  if (fields.find("\"Next\": \"" + name) == std::string_view::npos) return "";
  return ", \"" + name + R"(": {"Type": "Pass", "End": true})";
}

std::string task_with(std::string_view fields) {
  return R"({"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "understudy:t",)" +
         std::string(fields) + R"("Next": "E"}, "E": {"Type": "Succeed"})" +
         caught_in(fields, "C") + caught_in(fields, "D") + "}}";
}

/// The waits before each retry, in milliseconds, until the task fails for good.
std::vector<std::int64_t> delays(std::string_view retrier) {
  Story story(machine_of(R"({"StartAt": "T", "States": {"T": {"Type": "Task",
    "Resource": "understudy:t", "End": true, "Retry": [)" +
                         std::string(retrier) + "]}}}"));
  std::vector<std::int64_t> delays;
  while (story.execution.status() == Status::running) {
    const auto before = story.now;
    EXPECT_TRUE(story.fail("T", "E"));
    if (story.timers.empty()) break;
    story.fire_next();
    delays.push_back(to_ms(story.now - before));
  }
  EXPECT_EQ(story.error(), "E");
  expect_every_prefix_resumes(story);
  return delays;
}

TEST(Retry, by_default_waits_one_second_then_twice_as_long_each_time) {
  EXPECT_THAT(delays(R"({"ErrorEquals": ["E"]})"), ElementsAre(1000, 2000, 4000));
}

TEST(Retry, waits_no_longer_than_its_greatest_delay) {
  EXPECT_THAT(delays(R"({"ErrorEquals": ["E"], "IntervalSeconds": 3, "MaxAttempts": 4,
                         "BackoffRate": 1.5, "MaxDelaySeconds": 5})"),
              ElementsAre(3000, 4500, 5000, 5000));
}

TEST(Retry, that_may_never_try_again_does_not) {
  EXPECT_THAT(delays(R"({"ErrorEquals": ["E"], "MaxAttempts": 0})"), IsEmpty());
}

TEST(Retry, with_full_jitter_stays_within_the_delay_and_differs) {
  const auto drawn = delays(R"({"ErrorEquals": ["E"], "IntervalSeconds": 100, "MaxAttempts": 20,
                                "BackoffRate": 1, "JitterStrategy": "FULL"})");
  ASSERT_EQ(drawn.size(), 20U);
  for (const auto delay : drawn) {
    EXPECT_GE(delay, 0);
    EXPECT_LE(delay, 100'000);
  }
  EXPECT_GT(std::set(drawn.begin(), drawn.end()).size(), 15U);
}

TEST(Retry, counts_each_retrier_by_itself_and_tells_the_attempt) {
  Story story(machine_of(task_with(R"("Parameters": {"n.$": "$$.State.RetryCount"},
    "Retry": [{"ErrorEquals": ["A"], "MaxAttempts": 1}, {"ErrorEquals": ["B"], "MaxAttempts": 1}],
    "Catch": [{"ErrorEquals": ["A"], "Next": "C"}, {"ErrorEquals": ["B"], "Next": "D"}],)")));
  EXPECT_EQ(story.task("T").attempt, 1);
  EXPECT_TRUE(story.fail("T", "A"));
  story.fire_next();
  EXPECT_EQ(story.task("T").attempt, 2);
  EXPECT_EQ(story.task("T").parameters.text(), R"({"n":1})");
  EXPECT_TRUE(story.fail("T", "B"));
  story.fire_next();
  EXPECT_TRUE(story.fail("T", "B"));
  EXPECT_THAT(story.entered(), ElementsAre("T", "D"));
}

struct Caught {
  const char* names;
  const char* error;
  bool taken;
};

TEST(Catch, takes_the_errors_it_names_and_the_wildcards_take_theirs) {
  for (const auto& [names, error, taken] : std::initializer_list<Caught>{
           {"States.ALL", "Any", true},
           {"States.ALL", "States.Timeout", true},
           {"States.ALL", "States.DataLimitExceeded", true},
           {"States.ALL", "States.Runtime", false},
           {"States.TaskFailed", "Any", true},
           {"States.TaskFailed", "States.Timeout", false},
           {"States.Timeout", "States.Timeout", true},
           {"States.HeartbeatTimeout", "States.Timeout", false},
           {"Any", "Other", false},
           {"Any\", \"Other", "Other", true},
       }) {
    Story story(machine_of(task_with(R"("Catch": [{"ErrorEquals": [")" + std::string(names) +
                                     R"("], "ResultPath": "$.error", "Next": "C"}],)")));
    EXPECT_TRUE(story.fail("T", error));
    EXPECT_EQ(story.execution.status() == Status::succeeded, taken) << names << " " << error;
    if (taken) {
      EXPECT_EQ(story.output(),
                R"({"error":{"Error":")" + std::string(error) + R"(","Cause":"because"}})");
    }
  }
}

TEST(Timeout, fails_the_task_cancels_it_and_can_be_caught) {
  Story story(machine_of(task_with(R"("TimeoutSeconds": 7,
    "Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "D"},
              {"ErrorEquals": ["States.Timeout"], "Next": "C"}],)")));
  story.fire_next();
  EXPECT_EQ(story.now, at_ms(7000));
  EXPECT_THAT(story.open_tasks(), IsEmpty());
  EXPECT_THAT(story.entered(), ElementsAre("T", "C"));
  expect_every_prefix_resumes(story);
}

TEST(Timeout, counts_anew_for_each_attempt) {
  Story story(machine_of(task_with(R"("TimeoutSecondsPath": "$.limit",
    "Retry": [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}],)")),
              R"({"limit": 7})");
  story.fire_next();
  story.fire_next();
  EXPECT_EQ(story.now, at_ms(8000));
  story.fire_next();
  EXPECT_EQ(story.now, at_ms(15'000));
  EXPECT_EQ(story.error(), "States.Timeout");
}

TEST(Heartbeat, holds_off_its_timeout_but_not_that_of_the_task) {
  Story story(machine_of(task_with(R"("TimeoutSeconds": 12, "HeartbeatSeconds": 5,
    "Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "D"},
              {"ErrorEquals": ["States.Timeout"], "Next": "C"}],)")));
  for (int beat = 0; beat < 2; ++beat) {
    story.wait(milliseconds(4000));
    EXPECT_TRUE(story.tell(stimulus::TaskHeartbeat{story.task("T").task}));
    EXPECT_THAT(story.last, IsEmpty());
  }
  // The timer of the first five seconds finds that the task still beats, and is set again.
  story.fire_next();
  EXPECT_EQ(story.timers.size(), 2U);
  story.fire_next();
  EXPECT_EQ(story.now, at_ms(12'000));
  EXPECT_THAT(story.entered(), ElementsAre("T", "C"));
  expect_every_prefix_resumes(story);
}

TEST(Heartbeat, that_stays_away_fails_the_task_with_its_own_name) {
  Story story(machine_of(task_with(R"("TimeoutSeconds": 60, "HeartbeatSeconds": 5,
    "Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "D"}],)")));
  story.wait(milliseconds(3000));
  EXPECT_TRUE(story.tell(stimulus::TaskHeartbeat{story.task("T").task}));
  story.fire_next();
  EXPECT_EQ(story.execution.status(), Status::running);
  story.fire_next();
  EXPECT_EQ(story.now, at_ms(8000));
  EXPECT_THAT(story.entered(), ElementsAre("T", "D"));
  expect_every_prefix_resumes(story);
}

constexpr std::string_view kToken = R"({"StartAt": "T", "States": {"T": {"Type": "Task",
  "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "HeartbeatSeconds": 5,
  "Parameters": {"token.$": "$$.Task.Token"}, "End": true,
  "Retry": [{"ErrorEquals": ["Again"]}]}}})";

TEST(Token, is_told_to_the_task_and_ends_it) {
  Story story(machine_of(kToken));
  const auto token = story.task("T").token;
  EXPECT_EQ(story.task("T").parameters.text(), R"({"token":")" + token + R"("})");
  EXPECT_TRUE(story.succeed("T", R"({"MessageId": 1})"));
  EXPECT_EQ(story.execution.status(), Status::running);
  story.wait(milliseconds(4000));
  EXPECT_TRUE(story.tell(stimulus::TokenHeartbeat{token}));
  story.wait(milliseconds(4000));
  EXPECT_TRUE(story.tell(stimulus::TokenSucceeded{token, "yes"}));
  EXPECT_EQ(story.output(), "\"yes\"");
  expect_every_prefix_resumes(story);
}

TEST(Token, of_each_attempt_and_each_execution_is_another) {
  Story story(machine_of(kToken));
  const auto first = story.task("T").token;
  EXPECT_TRUE(story.fail("T", "Again"));
  story.fire_next();
  EXPECT_NE(story.task("T").token, first);
  EXPECT_FALSE(story.tell(stimulus::TokenSucceeded{first, 1}));
  auto info = info_for_tests();
  info.arn += "-other";
  Execution other(story.machine, info);
  const auto advanced = other.advance(stimulus::Started{1}, at_ms(0));
  EXPECT_NE(std::get<command::RunTask>(advanced.commands.front()).token, first);
}

TEST(Token, whose_call_was_made_is_not_called_again_after_a_crash) {
  Story story(machine_of(kToken));
  const auto token = story.task("T").token;
  EXPECT_TRUE(story.succeed("T", R"({"MessageId": 1})"));
  const auto replayed = Execution::replay(story.machine, info_for_tests(), story.events, story.now);
  ASSERT_TRUE(replayed);
  EXPECT_THAT(shown(replayed->execution.outstanding()),
              ElementsAre("set 15 2026-01-01T00:00:05.000Z"));
  EXPECT_THAT(replayed->execution.open_tokens(), ElementsAre(token));
}

TEST(Job, that_was_submitted_is_only_watched_after_a_crash) {
  Story story(machine_of(R"({"StartAt": "T", "States": {"T": {"Type": "Task",
    "Resource": "arn:aws:states:::ecs:runTask.sync", "End": true}}})"));
  const auto task = story.task("T").task;
  EXPECT_TRUE(story.tell(stimulus::TaskSubmitted{task, "job 7"}));
  auto replayed = Execution::replay(story.machine, info_for_tests(), story.events, story.now);
  ASSERT_TRUE(replayed);
  const auto open = replayed->execution.outstanding();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(std::get<command::RunTask>(open.front()).submitted->text(), "\"job 7\"");
  EXPECT_TRUE(replayed->execution.advance(stimulus::TaskSucceeded{task, 1}, story.now).accepted);
}

}  // namespace
}  // namespace understudy::states::testing
