// A crash may come after any event. What was journalled must lead to the same end.

#include <gmock/gmock.h>

#include "case.h"
#include "story.h"

namespace understudy::states::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kFailover = R"asl({
  "StartAt": "Fence",
  "States": {
    "Fence": {"Type": "Task", "Resource": "understudy:fence", "TimeoutSeconds": 30,
              "Parameters": {"attempt.$": "States.UUID()", "region.$": "$.region"},
              "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "JitterStrategy": "FULL"}],
              "ResultPath": "$.fenced", "Next": "Settle"},
    "Settle": {"Type": "Wait", "Seconds": 3, "Assign": {"chosen.$": "States.MathRandom(1, 1000)"},
               "Next": "Both"},
    "Both": {"Type": "Parallel", "Next": "Ask", "ResultPath": "$.both", "Branches": [
      {"StartAt": "Scale", "States": {"Scale": {"Type": "Map", "ItemsPath": "$.services",
         "MaxConcurrency": 2, "End": true, "ItemProcessor": {"StartAt": "One", "States": {
           "One": {"Type": "Task", "Resource": "understudy:scale", "End": true}}}}}},
      {"StartAt": "Confirm", "States": {
         "Confirm": {"Type": "Task", "Resource": "understudy:confirm", "HeartbeatSeconds": 5,
                     "End": true}}}]},
    "Ask": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"token.$": "$$.Task.Token", "chosen.$": "$chosen"},
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.answer", "Next": "Done"}],
            "Next": "Done"},
    "Done": {"Type": "Succeed"}
  }})asl";

Story whole_failover() {
  Story story(machine_of(kFailover), R"({"region": "a", "services": ["x", "y", "z"]})");
  story.wait(milliseconds(17));
  EXPECT_TRUE(story.fail("Fence", "Busy"));
  story.fire_next();
  EXPECT_TRUE(story.succeed("Fence", R"({"ok": true})"));
  story.fire_next();
  EXPECT_TRUE(story.succeed("One", "1"));
  story.wait(milliseconds(4000));
  EXPECT_TRUE(story.tell(stimulus::TaskHeartbeat{story.task("Confirm").task}));
  EXPECT_TRUE(story.succeed("One", "2"));
  story.wait(milliseconds(2000));
  EXPECT_TRUE(story.succeed("One", "3"));
  EXPECT_TRUE(story.succeed("Confirm"));
  const auto token = story.task("Ask").token;
  EXPECT_TRUE(story.succeed("Ask", R"({"MessageId": "m"})"));
  EXPECT_TRUE(story.tell(stimulus::TokenFailed{token, "Declined", "by a person"}));
  return story;
}

TEST(Replay, after_every_prefix_of_a_history_goes_on_to_the_same_end) {
  const auto story = whole_failover();
  EXPECT_EQ(story.execution.status(), Status::succeeded) << story.cause();
  expect_every_prefix_resumes(story);
}

TEST(Replay, goes_on_where_a_wait_or_a_retry_led_straight_to_a_failure) {
  const auto machine = machine_of(R"asl({"StartAt": "P", "States": {"P": {"Type": "Parallel",
    "Catch": [{"ErrorEquals": ["States.IntrinsicFailure"], "Next": "M"}], "Next": "M",
    "Branches": [{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "understudy:t",
      "Parameters": {"x.$": "States.ArrayGetItem($.list, $$.State.RetryCount)"},
      "Retry": [{"ErrorEquals": ["States.ALL"]}], "End": true}}}]},
    "M": {"Type": "Map", "ItemsPath": "$$.Execution.Input.list", "End": true, "ItemProcessor": {
      "StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5, "OutputPath": "$.none",
                                       "End": true}}}}}})asl");
  Story story(machine, R"({"list": [1, 2]})");
  EXPECT_TRUE(story.fail("T", "Once"));
  story.fire_next();
  EXPECT_TRUE(story.fail("T", "Twice"));
  story.fire_next();
  story.fire_next();
  EXPECT_EQ(story.error(), "States.Runtime");
  expect_every_prefix_resumes(story);
}

TEST(Replay, gives_back_the_tasks_and_timers_that_were_open) {
  const auto story = whole_failover();
  for (const auto& step : story.told) {
    if (step.events_before == 0) continue;
    const std::span recorded(story.events.data(), step.events_before);
    // No heartbeat has come yet at the time of the last event but one that the story tells later.
    const auto replayed =
        Execution::replay(story.machine, info_for_tests(), recorded, recorded.back().timestamp);
    ASSERT_TRUE(replayed) << replayed.error().what;
    auto expected = shown(step.outstanding_before);
    auto actual = shown(replayed->execution.outstanding());
    const auto is_timer = [](const std::string& text) { return text.starts_with("set"); };
    // Heartbeats restart at the resumption: those timers may be later, never missing.
    EXPECT_EQ(expected.size(), actual.size());
    std::erase_if(expected, is_timer);
    std::erase_if(actual, is_timer);
    EXPECT_EQ(expected, actual);
  }
}

TEST(Replay, restarts_heartbeats_so_that_a_crash_is_no_missed_beat) {
  Story story(machine_of(R"({"StartAt": "T", "States": {"T": {"Type": "Task",
    "Resource": "understudy:t", "HeartbeatSeconds": 5, "End": true}}})"));
  const auto task = story.task("T").task;
  const auto timer = story.timers.begin()->first;
  story.wait(milliseconds(60'000));
  auto replayed = Execution::replay(story.machine, info_for_tests(), story.events, story.now);
  ASSERT_TRUE(replayed);
  const auto early = replayed->execution.advance(stimulus::TimerFired{timer}, story.now);
  EXPECT_TRUE(early.events.empty());
  EXPECT_TRUE(replayed->execution.advance(stimulus::TaskSucceeded{task, 1}, story.now).accepted);
  EXPECT_EQ(replayed->execution.status(), Status::succeeded);
}

TEST(Replay, of_a_changed_document_names_the_event_that_does_not_fit) {
  const auto story = whole_failover();
  std::string changed(kFailover);
  const std::string_view name = "\"Settle\"";
  for (auto at = changed.find(name); at != std::string::npos; at = changed.find(name, at + 1)) {
    changed.replace(at, name.size(), "\"Pause\"");
  }
  const auto replayed =
      Execution::replay(machine_of(changed), info_for_tests(), story.events, story.now);
  ASSERT_FALSE(replayed);
  EXPECT_THAT(replayed.error().what, HasSubstr("WaitStateEntered \"Settle\""));
  EXPECT_THAT(replayed.error().what, HasSubstr("WaitStateEntered \"Pause\""));
}

TEST(Replay, of_a_history_with_stand_ins_for_its_tokens_needs_them_and_no_seed) {
  const auto machine = machine_of(R"asl({"StartAt": "Ask", "States": {"Ask": {"Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true,
    "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
    "Retry": [{"ErrorEquals": ["Again"]}]}}})asl");
  Story story(machine);
  for (const char* error : {"Again", "Never"}) {
    const std::string token = story.task("Ask").token;
    EXPECT_TRUE(story.tell(stimulus::TokenFailed{token, error, "no"}));
    story.tasks.clear();
    if (!story.timers.empty()) story.fire_next();
  }
  const auto tokens = story.execution.given_tokens();
  ASSERT_EQ(tokens.size(), 2U);
  auto info = info_for_tests();
  info.seed += 1;
  EXPECT_FALSE(Execution::replay(machine, info, story.events, story.now));
  auto told = story.events;
  for (auto& event : told) {
    std::string text = to_text(event);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (const auto at = text.find(tokens[i]); at != std::string::npos)
        text.replace(at, tokens[i].size(), "stand-in-" + std::to_string(i));
    }
    event = event_from_text(text).value();
  }
  info.tokens = {"stand-in-0", "stand-in-1"};
  const auto replayed = Execution::replay(machine, info, told, story.now);
  ASSERT_TRUE(replayed) << replayed.error().what;
  EXPECT_EQ(replayed->execution.status(), story.execution.status());
  EXPECT_EQ(replayed->execution.given_tokens(), info.tokens);
}

TEST(Replay, with_another_seed_is_refused_where_chance_was_used) {
  const auto story = whole_failover();
  auto info = info_for_tests();
  info.seed = 43;
  EXPECT_FALSE(Execution::replay(story.machine, info, story.events, story.now));
}

TEST(Replay, of_a_journal_with_an_event_missing_is_refused) {
  const auto story = whole_failover();
  for (std::size_t hole = 0; hole + 1 < story.events.size(); ++hole) {
    auto events = story.events;
    events.erase(events.begin() + static_cast<std::ptrdiff_t>(hole));
    EXPECT_FALSE(Execution::replay(story.machine, info_for_tests(), events, story.now)) << hole;
  }
}

TEST(Replay, of_an_ended_execution_says_how_it_ended) {
  const auto story = whole_failover();
  const auto replayed = Execution::replay(story.machine, info_for_tests(), story.events, story.now);
  ASSERT_TRUE(replayed);
  EXPECT_EQ(replayed->execution.finished()->output.text(), story.output());
  EXPECT_TRUE(replayed->execution.outstanding().empty());
}

/// Machines of every kind, and what Step Functions did with them.
TEST(Replay, resumes_every_recorded_case_after_every_prefix) {
  std::size_t prefixes = 0;
  for (const auto& recorded :
       read_cases(std::string(UNDERSTUDY_CONFORMANCE) + "/execution.jsonl")) {
    SCOPED_TRACE(recorded.text("id"));
    const auto machine = Machine::parse_document(*recorded.member("definition")).machine;
    ASSERT_TRUE(machine);
    const auto run = drive(recorded, machine);
    ASSERT_TRUE(run);
    const auto whole = shown(run->events);
    for (std::size_t prefix = 1; prefix <= run->events.size(); ++prefix, ++prefixes) {
      const std::span events(run->events.data(), prefix);
      auto replayed = Execution::replay(machine, run->info, events, events.back().timestamp);
      ASSERT_TRUE(replayed) << replayed.error().what;
      const auto completed = shown(replayed->completed);
      ASSERT_LE(prefix + completed.size(), whole.size());
      EXPECT_TRUE(std::equal(completed.begin(), completed.end(),
                             whole.begin() + static_cast<std::ptrdiff_t>(prefix)));
      const bool ended = prefix + completed.size() == whole.size();
      EXPECT_EQ(replayed->execution.finished().has_value(), ended);
      const auto& execution = replayed->execution;
      EXPECT_EQ(execution.outstanding().empty() && execution.open_tokens().empty(), ended);
    }
  }
  EXPECT_GT(prefixes, 3000U);
}

}  // namespace
}  // namespace understudy::states::testing
