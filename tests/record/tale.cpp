#include "tale.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <sstream>

#include "states/machine.h"

namespace understudy::record {

namespace json = boost::json;

namespace {

constexpr std::string_view kDocument = R"asl({"StartAt": "Fence", "States": {
  "Fence": {"Type": "Task", "Resource": "arn:aws:lambda:::function:Fence", "ResultPath": "$.fence",
    "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1}], "Next": "Settle"},
  "Settle": {"Type": "Wait", "Seconds": 2, "Next": "AskOperator"},
  "AskOperator": {"Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Parameters": {"FunctionName": "AskOperator", "Payload": {"token.$": "$$.Task.Token"}},
    "ResultPath": "$.approval", "Next": "CheckReplicationLag"},
  "CheckReplicationLag": {"Type": "Task",
    "Resource": "arn:aws:lambda:::function:CheckReplicationLag", "End": true}}})asl";

/// Tells an engine what happens, and does what it says with the patience of a test.
class Teller {
 public:
  Teller(const states::ExecutionInfo& info, const std::string& document, WallTime begin)
      : execution_(states::Machine::parse(document).machine, info), now_(begin) {}

  void tell(const states::Stimulus& stimulus) {
    auto advanced = execution_.advance(stimulus, now_);
    EXPECT_TRUE(advanced.accepted);
    for (auto& event : advanced.events) history.push_back(std::move(event));
    for (const auto& command : advanced.commands) {
      if (const auto* task = std::get_if<states::command::RunTask>(&command)) task_ = *task;
      if (const auto* timer = std::get_if<states::command::SetTimer>(&command)) timer_ = *timer;
    }
  }
  void succeed(const json::value& output) {
    now_ += milliseconds(7);
    tell(states::stimulus::TaskSucceeded{task_.task, output});
  }
  void fail(const std::string& error) {
    now_ += milliseconds(7);
    tell(states::stimulus::TaskFailed{task_.task, error, "it did not answer"});
  }
  void wait() {
    now_ = timer_.at;
    tell(states::stimulus::TimerFired{timer_.timer});
  }
  void approve(const std::string& who) {
    now_ += std::chrono::seconds(20);
    token = task_.token;
    tell(states::stimulus::TokenSucceeded{token, json::object{{"approved_by", who}}});
  }
  [[nodiscard]] WallTime now() const { return now_; }

  std::vector<states::HistoryEvent> history;
  std::string token;

 private:
  states::Execution execution_;
  WallTime now_;
  states::command::RunTask task_;
  states::command::SetTimer timer_;
};

json::value settings() {
  return json::parse(R"({"platform": "shop", "policy": {"lag_budget_ms": 3000},
    "services": [{"name": "web", "command": ["/bin/web", "--key=hunter2hunter2"],
                  "environment": {"API_KEY": "a-very-secret-key"}}],
    "alerts": {"targets": [{"name": "ops", "command": ["/bin/send", "token-of-ops"],
               "smtp": {"url": "smtp://ada:mail-password@mail.example:25", "from": "u@x"}}]}})");
}

std::vector<json::object> events_around(const std::string& execution, WallTime started,
                                        WallTime ended) {
  using std::chrono::seconds;
  return {event_at(started - std::chrono::hours(3), "automation.set",
                   {{"automation", "ask"}, {"who", "grace"}, {"reason", "new disks"}}),
          event_at(started - seconds(2), "health.decided", {{"region", "north"}, {"row", 30}}),
          event_at(started - seconds(1), "health.decided", {{"region", "south"}, {"row", 10}}),
          event_at(started - milliseconds(1), "failover.started",
                   {{"execution", execution}, {"row", 30}}),
          event_at(started + seconds(1), "failover.started", {{"execution", execution + "2"}}),
          event_at(started + seconds(1), "database.failed",
                   {{"execution", execution}, {"why", "password=stack-password host=127.0.1.1"}}),
          event_at(started + seconds(1), "standby.detached", {{"region", "north"}, {"by", "ada"}}),
          event_at(ended - milliseconds(9), "operator.approved",
                   {{"execution", execution}, {"who", "ada"}}),
          event_at(ended + milliseconds(1), "execution.ended", {{"execution", execution}}),
          event_at(ended + milliseconds(2), "record.written", {{"execution", execution}}),
          event_at(ended + std::chrono::hours(1), "failover.acknowledged",
                   {{"execution", execution}, {"who", "ada"}})};
}

}  // namespace

json::object event_at(WallTime at, std::string_view name, json::object fields) {
  json::object event{{"at", format_wall(at)},
                     {"at_ns", at.time_since_epoch().count()},
                     {"source", "controller"},
                     {"event", name}};
  for (const auto& [key, value] : fields) event[key] = value;
  return event;
}

Tale tale_of_a_failover(const std::string& execution, std::string_view document) {
  const WallTime started = std::chrono::floor<milliseconds>(
      WallTime(std::chrono::system_clock::now().time_since_epoch()) - std::chrono::minutes(1));
  Tale tale;
  Material& material = tale.material;
  material.platform = "shop";
  material.info = {.arn = "arn:aws:states:::execution:understudy:" + execution,
                   .name = execution,
                   .machine_arn = "arn:aws:states:::stateMachine:understudy",
                   .machine_name = "understudy",
                   .region = "local",
                   .seed = 0x0123456789abcdefULL};
  material.document = document.empty() ? kDocument : document;
  material.started = started;
  Teller teller(material.info, material.document, started);
  teller.tell(states::stimulus::Started{
      json::parse(R"({"kind": "failover", "number": 1, "from": "north", "target": "south"})")});
  teller.fail("Understudy.TargetUnavailable");
  teller.wait();
  teller.succeed({{"fenced", true}, {"weight", 0.1}, {"serial", 18446744073709551615ULL}});
  teller.wait();
  teller.approve("ada");
  teller.succeed({{"lag_ms", 1890}, {"action", "go_on"}});
  material.history = teller.history;
  material.status = "SUCCEEDED";
  material.settings = settings();
  material.events = events_around(execution, started, teller.now());
  material.program = "0.1.0";
  material.program_sha256 = std::string(64, 'a');
  material.secrets = {"stack-password"};
  tale.token = teller.token;
  return tale;
}

std::string recorded(const Material& material, const Signer& signer) {
  const Chain chain = build(material);
  const auto signature = signer.sign(chain.hash());
  EXPECT_TRUE(signature);
  return chain.text() + *signature + "\n";
}

std::vector<std::string> lines_in(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace understudy::record
