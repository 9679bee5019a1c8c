#include <boost/json.hpp>

#include "states/data.h"
#include "states/execution.h"
#include "states/machine.h"
#include "targets.h"

namespace understudy::fuzz {

namespace {

using namespace understudy::states;

/// One of each kind of state that waits or forks. The seeds are histories of it.
constexpr std::string_view kDocument = R"asl({"StartAt": "Fence", "States": {
  "Fence": {"Type": "Task", "Resource": "understudy:fence", "TimeoutSeconds": 30,
            "HeartbeatSeconds": 5, "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2}],
            "ResultPath": "$.fenced", "Next": "Settle"},
  "Settle": {"Type": "Wait", "Seconds": 3, "Next": "Both"},
  "Both": {"Type": "Parallel", "Next": "Ask", "ResultPath": "$.both", "Branches": [
    {"StartAt": "Scale", "States": {"Scale": {"Type": "Map", "ItemsPath": "$.services",
       "MaxConcurrency": 2, "End": true, "ItemProcessor": {"StartAt": "One", "States": {
         "One": {"Type": "Task", "Resource": "understudy:scale", "End": true}}}}}},
    {"StartAt": "Confirm", "States": {"Confirm": {"Type": "Task", "End": true,
       "Resource": "arn:aws:states:::ecs:runTask.sync"}}}]},
  "Ask": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
          "Parameters": {"token.$": "$$.Task.Token"},
          "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Declined"}], "Next": "Done"},
  "Declined": {"Type": "Fail", "Error": "Declined"},
  "Done": {"Type": "Succeed"}}})asl";

ExecutionInfo info() {
  return {.arn = "arn", .name = "failover-shop-1", .machine_name = "failover", .seed = 7};
}

std::vector<HistoryEvent> read_events(std::string_view text) {
  std::vector<HistoryEvent> events;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto event = event_from_text(line);
    if (!event) {
      must(!event.error().what.empty(), "an event that cannot be read says why");
      continue;
    }
    const auto again = event_from_text(to_text(*event));
    must(again.ok() && *again == *event, "an event written again is the same: " + to_text(*event));
    must(to_json(*event).size() == parse_json(line)->get_object().size(), "an event is read whole");
    events.push_back(*event);
  }
  return events;
}

}  // namespace

void journal(std::string_view bytes) {
  static const auto machine = Machine::parse(kDocument).machine;
  must(machine != nullptr, "this target's document is well");
  auto events = read_events(bytes);
  if (events.empty()) return;
  const auto now = events.back().timestamp;
  auto replayed = Execution::replay(machine, info(), events, now);
  if (!replayed) {
    must(!replayed.error().what.empty(), "a journal that does not fit says why");
    return;
  }
  events.insert(events.end(), replayed->completed.begin(), replayed->completed.end());
  const auto again = Execution::replay(machine, info(), events, now);
  must(again.ok() && again->completed.empty(), "a completed journal is replayed as it is");
  must(again->execution.status() == replayed->execution.status(), "and ends in the same place");
}

}  // namespace understudy::fuzz
