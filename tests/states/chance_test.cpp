// Runs and documents made by chance, from fixed seeds: nothing may throw, hang or replay otherwise.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "case.h"
#include "states/random.h"
#include "story.h"

namespace understudy::states::testing {
namespace {

constexpr std::string_view kMachine = R"asl({"StartAt": "Both", "States": {
  "Both": {"Type": "Parallel", "ResultPath": "$.both", "Next": "Wait",
    "Retry": [{"ErrorEquals": ["Broken"], "MaxAttempts": 1, "JitterStrategy": "FULL"}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Wait"}],
    "Branches": [
      {"StartAt": "Scale", "States": {"Scale": {"Type": "Map", "ItemsPath": "$.items",
        "MaxConcurrency": 2, "ToleratedFailureCount": 1, "End": true, "ItemProcessor": {
          "StartAt": "One", "States": {
            "One": {"Type": "Task", "Resource": "understudy:one", "TimeoutSeconds": 20,
                    "Retry": [{"ErrorEquals": ["Busy"]}], "Next": "Rest"},
            "Rest": {"Type": "Wait", "Seconds": 2, "End": true}}}}}},
      {"StartAt": "Ask", "States": {"Ask": {"Type": "Task",
        "Resource": "arn:aws:states:::x:y.waitForTaskToken",
        "Parameters": {"token.$": "$$.Task.Token", "id.$": "States.UUID()"},
        "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}],
        "End": true}}}]},
  "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Last"},
  "Last": {"Type": "Task", "Resource": "understudy:last", "End": true}}})asl";

/// One move: an answer, a failure, a heartbeat, a submission, a timer due or not, time, or a stop.
void move(Story& story, Random& random) {
  const auto pick = [&](const auto& from) { return from[random.below(from.size())]; };
  story.wait(milliseconds(random.below(3000)));
  const auto choice = random.below(20);
  if (choice < 6 && !story.timers.empty()) return story.fire_next();
  if (choice == 19 && random.below(10) == 0) {
    EXPECT_TRUE(story.tell(stimulus::Stop{"Operator", std::nullopt}));
    return;
  }
  if (story.tasks.empty()) return;
  const auto task = pick(story.tasks);
  const bool by_token = !task.token.empty();
  if (choice < 11) {
    if (by_token) {
      (void)story.tell(stimulus::TokenSucceeded{task.token, json::value(choice)});
    } else {
      (void)story.tell(stimulus::TaskSucceeded{task.task, json::value(choice)});
    }
  } else if (choice < 14) {
    (void)story.tell(stimulus::TaskFailed{task.task, choice == 11 ? "Broken" : "Busy", {}});
  } else if (choice < 16) {
    (void)story.tell(stimulus::TaskHeartbeat{task.task});
  } else if (choice < 18 && by_token) {
    (void)story.tell(stimulus::TaskSubmitted{task.task, "accepted"});
  } else {
    (void)story.tell(stimulus::TimerFired{TimerId(random.below(200))});
  }
}

TEST(Chance, runs_resume_after_every_prefix) {
  const auto machine = machine_of(kMachine);
  std::map<std::string, int> ends;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Random random(seed);
    Story story(machine, R"({"items": [1, 2, 3, 4]})");
    for (int moves = 0; moves < 400 && !story.execution.finished(); ++moves) move(story, random);
    ++ends[std::string(to_string(story.execution.status()))];
    expect_every_prefix_resumes(story);
    if (HasFailure()) return;
  }
  EXPECT_GT(ends["SUCCEEDED"], 30);
  EXPECT_GT(ends["FAILED"], 5);
  EXPECT_GT(ends["ABORTED"], 5);
  EXPECT_EQ(ends["RUNNING"], 0);
}

/// Replaces one value somewhere within.
void spoil(json::value& value, Random& random) {
  json::value* at = &value;
  while (at->is_structured() && random.below(6) != 0) {
    if (auto* object = at->if_object(); object != nullptr && !object->empty()) {
      at = &(object->begin() + random.below(object->size()))->value();
    } else if (auto* array = at->if_array(); array != nullptr && !array->empty()) {
      at = &(*array)[random.below(array->size())];
    } else {
      break;
    }
  }
  const std::vector<json::value> instead{
      nullptr,        -1,  1.5,  "",    "$.nothing",   "$$.Execution", "States.UUID()", true,
      json::object(), "$", 1000, "$.a", json::array(), "$.items[*]"};
  *at = instead[random.below(instead.size())];
}

TEST(Chance, spoilt_documents_are_refused_or_run_but_never_throw) {
  Random random(11);
  std::size_t refused = 0;
  std::size_t ended = 0;
  for (const auto& recorded :
       read_cases(std::string(UNDERSTUDY_CONFORMANCE) + "/execution.jsonl")) {
    for (int round = 0; round < 6; ++round) {
      auto document = *recorded.member("definition");
      spoil(document, random);
      if (round % 2 == 1) spoil(document, random);
      SCOPED_TRACE(to_text(document));
      const auto parsed = Machine::parse_document(document);
      ASSERT_EQ(parsed.machine == nullptr, !parsed.problems.empty());
      if (parsed.machine == nullptr) {
        ++refused;
      } else if (drive(recorded, parsed.machine)) {
        ++ended;
      }
    }
  }
  EXPECT_GT(refused, 1000U);
  EXPECT_GT(ended, 300U);
}

}  // namespace
}  // namespace understudy::states::testing
