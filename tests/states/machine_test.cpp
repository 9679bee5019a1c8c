// What the validator says, and where.

#include "states/machine.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "states/data.h"
#include "states/history.h"

namespace understudy::states {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> problems(std::string_view document) {
  std::vector<std::string> texts;
  const auto parsed = Machine::parse(document);
  for (const auto& problem : parsed.problems) texts.push_back(to_string(problem));
  EXPECT_EQ(parsed.machine == nullptr, !texts.empty());
  return texts;
}

std::string machine(std::string_view state) {
  return R"({"StartAt": "A", "States": {"A": )" + std::string(state) +
         R"(, "B": {"Type": "Succeed"}}})";
}

TEST(Validator, refuses_what_is_no_document) {
  EXPECT_THAT(problems("{"), ElementsAre(::testing::StartsWith("/: is no JSON document")));
  EXPECT_THAT(problems("[]"), ElementsAre("/: must be an object"));
  EXPECT_THAT(problems("{}"), ElementsAre("/StartAt: is required", "/States: is required"));
}

/// A state, and the problem that it must be refused for.
const std::vector<std::pair<std::string, std::string>> kWrongStates{
    {R"({"Type": "Pass", "Next": "X"})", R"(/States/A/Next: no state named "X")"},
    {R"({"Type": "Pass"})", R"(/States/A/Next: is required, or "End": true)"},
    {R"({"Type": "Pass", "Next": "B", "End": true})",
     R"(/States/A/End: must not stand beside "Next")"},
    {R"({"Type": "Jump"})", R"(/States/A/Type: "Jump" is no type of state)"},
    {R"({"Next": "B"})", "/States/A/Type: is required"},
    {R"({"Type": "Pass", "Next": "B", "Timeout": 1})",
     "/States/A/Timeout: is no field of a Pass state"},
    {R"({"Type": "Pass", "Next": "B", "Output": 1})",
     "/States/A/Output: is a JSONata field; only the JSONPath query language is supported"},
    {R"({"Type": "Pass", "Next": "B", "QueryLanguage": "JSONata"})",
     R"(/States/A/QueryLanguage: "JSONata" is not supported; only the JSONPath query language is)"},
    {R"({"Type": "Pass", "Next": 1})", "/States/A/Next: must be a string"},
    {R"({"Type": "Pass", "Next": "B", "Parameters": {"x": {"y.$": "z"}}})",
     R"(/States/A/Parameters/x/y.$: "z" is no JSONPath: expected $ at character 1)"},
    {R"({"Type": "Pass", "Next": "B", "ResultPath": "$.a[*]"})",
     "/States/A/ResultPath: must be a reference path: names and indices only"},
    {R"({"Type": "Pass", "Next": "B", "Assign": {"1-a": 1}})",
     R"(/States/A/Assign: "1-a" is no name for a variable)"},
    {R"({"Type": "Wait", "Next": "B"})",
     "/States/A/Seconds: is required, or SecondsPath, Timestamp or TimestampPath"},
    {R"({"Type": "Wait", "Next": "B", "Seconds": 1.5})",
     "/States/A/Seconds: must be a whole number from 0 to 99999999"},
    {R"({"Type": "Wait", "Next": "B", "Seconds": 1, "SecondsPath": "$.s"})",
     R"(/States/A/SecondsPath: must not stand beside "Seconds")"},
    {R"({"Type": "Wait", "Next": "B", "Timestamp": "yesterday"})",
     "/States/A/Timestamp: does not match RFC 3339"},
    {R"({"Type": "Task", "Next": "B"})", "/States/A/Resource: is required"},
    {R"({"Type": "Task", "Next": "B", "Resource": "x"})",
     "/States/A/Resource: must be an ARN or another URI"},
    {R"({"Type": "Task", "Next": "B", "Resource": "arn:aws:states:r:1:activity:x"})",
     "/States/A/Resource: activities are not supported; use .waitForTaskToken"},
    {R"({"Type": "Task", "Next": "B", "Resource": "u:x", "TimeoutSeconds": 5,
           "HeartbeatSeconds": 5})",
     "/States/A/HeartbeatSeconds: must be less than TimeoutSeconds"},
    {R"({"Type": "Task", "Next": "B", "Resource": "u:x", "Retry": [{"ErrorEquals": []}]})",
     "/States/A/Retry/0/ErrorEquals: must not be empty"},
    {R"({"Type": "Task", "Next": "B", "Resource": "u:x",
           "Retry": [{"ErrorEquals": ["States.ALL", "X"]}]})",
     R"(/States/A/Retry/0/ErrorEquals: "States.ALL" must stand alone)"},
    {R"({"Type": "Task", "Next": "B", "Resource": "u:x", "Catch": [
           {"ErrorEquals": ["States.ALL"], "Next": "B"}, {"ErrorEquals": ["X"], "Next": "B"}]})",
     R"(/States/A/Catch/0/ErrorEquals: "States.ALL" must come last)"},
    {R"({"Type": "Task", "Next": "B", "Resource": "u:x",
           "Retry": [{"ErrorEquals": ["X"], "BackoffRate": 0.5}]})",
     "/States/A/Retry/0/BackoffRate: must be a number of at least 1"},
    {R"({"Type": "Task", "Next": "B", "Resource": "u:x", "Catch": [
           {"ErrorEquals": ["X"], "Next": "Y"}]})",
     R"(/States/A/Catch/0/Next: no state named "Y")"},
    {R"({"Type": "Choice", "Choices": [], "Default": "B"})",
     "/States/A/Choices: must not be empty"},
    {R"({"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEquals": "1", "Next": "B"}]})",
     "/States/A/Choices/0/NumericEquals: must be a number"},
    {R"({"Type": "Choice", "Choices": [{"Variable": "$.x", "Next": "B"}]})",
     "/States/A/Choices/0: has no comparison such as StringEquals or IsPresent"},
    {R"({"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": true, "Next": "Y"}]})",
     R"(/States/A/Choices/0/Next: no state named "Y")"},
    {R"({"Type": "Choice", "Default": "Y", "Choices": [
           {"Variable": "$.x", "IsNull": true, "Next": "B"}]})",
     R"(/States/A/Default: no state named "Y")"},
    {R"({"Type": "Choice", "Choices": [{"Not": {"Variable": "$.x", "IsNull": true, "Next": "B"},
           "Next": "B"}]})",
     "/States/A/Choices/0/Not/Next: may stand in a top-level rule only"},
    {R"({"Type": "Choice", "Next": "B", "Choices": [
           {"Variable": "$.x", "IsNull": true, "Next": "B"}]})",
     "/States/A/Next: is no field of a Choice state: its rules and Default say where to go"},
    {R"({"Type": "Parallel", "Next": "B", "Branches": [{"StartAt": "C", "States": {
           "C": {"Type": "Pass", "Next": "B"}}}]})",
     R"(/States/A/Branches/0/States/C/Next: no state named "B")"},
    {R"({"Type": "Parallel", "Next": "B", "Branches": [{"StartAt": "B", "States": {
           "B": {"Type": "Pass", "End": true}}}]})",
     "/States/B: the name is taken by another state of this machine"},
    {R"({"Type": "Map", "Next": "B"})", "/States/A/ItemProcessor: is required"},
    {R"({"Type": "Map", "Next": "B", "ItemProcessor": {"ProcessorConfig": {
           "Mode": "DISTRIBUTED"}, "StartAt": "C", "States": {"C": {"Type": "Succeed"}}}})",
     R"(/States/A/ItemProcessor/ProcessorConfig/Mode: only "INLINE" Map states are supported)"},
    {R"({"Type": "Map", "Next": "B", "ItemReader": {}, "ItemProcessor": {"StartAt": "C",
           "States": {"C": {"Type": "Succeed"}}}})",
     "/States/A/ItemReader: belongs to distributed Map states, which are not supported"},
    {R"({"Type": "Fail", "Error": "x", "ErrorPath": "$.x"})",
     R"(/States/A/ErrorPath: must not stand beside "Error")"},
};

TEST(Validator, names_the_place_of_what_is_wrong) {
  for (const auto& [state, expected] : kWrongStates) {
    EXPECT_THAT(problems(machine(state)), Contains(expected)) << state;
  }
}

TEST(Validator, reports_everything_at_once) {
  EXPECT_THAT(
      problems(R"({"StartAt": "X", "Extra": 1, "States": {
    "A": {"Type": "Pass", "Next": "Y"}}})"),
      ElementsAre(R"(/States/A/Next: no state named "Y")", R"(/StartAt: no state named "X")",
                  "/States: no terminal state: none has End, and none is a Succeed or Fail",
                  "/Extra: is no field of a state machine"));
}

TEST(Validator, refuses_states_that_nothing_leads_to) {
  EXPECT_THAT(
      problems(R"({"StartAt": "A", "States": {"A": {"Type": "Succeed"},
    "B": {"Type": "Pass", "Next": "C"}, "C": {"Type": "Pass", "Next": "B"}}})"),
      ElementsAre("/States/B: is unreachable: neither StartAt nor any other state leads to it",
                  "/States/C: is unreachable: neither StartAt nor any other state leads to it"));
}

TEST(Validator, refuses_a_document_in_jsonata_without_further_complaints) {
  EXPECT_THAT(problems(R"({"QueryLanguage": "JSONata", "StartAt": "A", "States": {
    "A": {"Type": "Pass", "Output": "{% 1 %}", "End": true}}})"),
              ElementsAre("/QueryLanguage: \"JSONata\" is not supported; only the JSONPath query "
                          "language is"));
}

TEST(Machine, lists_its_states_and_their_resources_those_inside_others_too) {
  const auto parsed = Machine::parse(R"({"StartAt": "A", "States": {
    "A": {"Type": "Parallel", "Next": "D", "Branches": [{"StartAt": "B", "States": {
      "B": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "C", "States": {
        "C": {"Type": "Task", "Resource": "understudy:scale", "End": true}}}}}}]},
    "D": {"Type": "Succeed"}}})");
  ASSERT_THAT(parsed.problems, IsEmpty());
  std::vector<std::string> listed;
  for (const auto& state : parsed.machine->states()) {
    listed.push_back(state.path + " " + std::string(to_string(state.type)) + " " + state.resource);
  }
  EXPECT_THAT(listed, ElementsAre("/States/A Parallel ", "/States/A/Branches/0/States/B Map ",
                                  "/States/A/Branches/0/States/B/ItemProcessor/States/C Task "
                                  "understudy:scale",
                                  "/States/D Succeed "));
}

TEST(HistoryEventText, is_read_back_without_loss) {
  HistoryEvent event{7,
                     5,
                     EventType::task_scheduled,
                     *parse_wall("2026-01-01T00:00:00.123Z"),
                     {{"taskScheduledEventDetails", boost::json::object{{"resource", "x"}}}}};
  const auto text = boost::json::serialize(to_json(event));
  const auto read = event_from_json(boost::json::parse(text));
  ASSERT_TRUE(read);
  EXPECT_EQ(boost::json::serialize(to_json(*read)), text);
  EXPECT_EQ(read->type, EventType::task_scheduled);
  EXPECT_EQ(read->timestamp, event.timestamp);
}

TEST(HistoryEventText, that_is_none_is_refused) {
  for (const auto* text :
       {"1", "{}", R"({"id": 0})", R"({"id": "1"})", R"({"id": 1, "type": "Nothing"})",
        R"({"id": 1, "timestamp": "noon"})", R"({"id": -1})"}) {
    EXPECT_FALSE(event_from_json(boost::json::parse(text))) << text;
  }
}

boost::json::object an_event() {
  return {{"timestamp", "2026-01-01T00:00:00.123Z"},
          {"type", "TaskScheduled"},
          {"id", 7},
          {"previousEventId", 5}};
}

TEST(HistoryEventText, that_lacks_anything_is_refused) {
  ASSERT_TRUE(event_from_json(an_event()));
  for (const auto* key : {"timestamp", "type", "id", "previousEventId"}) {
    auto torn = an_event();
    torn.erase(key);
    EXPECT_FALSE(event_from_json(torn)) << key;
  }
}

TEST(HistoryEventText, with_a_number_that_could_not_be_written_is_refused) {
  auto foreign = an_event();
  foreign["taskScheduledEventDetails"] =
      boost::json::object{{"timeoutInSeconds", boost::json::parse("[1, 1e400]")}};
  EXPECT_FALSE(event_from_json(foreign));
}

TEST(JsonText, of_a_number_beyond_a_doubles_range_is_read_back_as_it_was) {
  const auto huge = *parse_json("[1e400, -1e400, 1e300]");
  EXPECT_EQ(to_text(huge), "[1e999,-1e999,1e+300]");
  EXPECT_TRUE(same_json(*parse_json(to_text(huge)), huge));
}

TEST(HistoryEventText, with_a_finer_time_than_we_write_is_refused) {
  auto foreign = an_event();
  foreign["timestamp"] = "2026-01-01T00:00:00.1234Z";
  EXPECT_FALSE(event_from_json(foreign));
}

}  // namespace
}  // namespace understudy::states
