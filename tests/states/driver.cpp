#include <fmt/format.h>

#include <deque>
#include <map>

#include "case.h"

namespace understudy::states::testing {
namespace {

/// The recorded answers of one case, handed out as Step Functions' callees gave them.
class Answers {
 public:
  explicit Answers(const Case& recorded) {
    const auto* mocks = recorded.member("mocks");
    if (mocks == nullptr) return;
    for (const auto& [state, list] : mocks->as_object()) {
      for (const auto& answer : list.as_array()) {
        by_state_[std::string(state)].push_back({answer.as_object(), false});
      }
    }
  }

  /// The first unused one that was recorded for this input, else the next unused one.
  const json::object* take(const std::string& state, const json::value& input) {
    auto& all = by_state_[state];
    Answer* chosen = nullptr;
    for (auto& each : all) {
      const auto* recorded = each.what.if_contains("Input");
      if (each.used || recorded == nullptr || !same_json(*recorded, input)) continue;
      chosen = &each;
      break;
    }
    for (auto& each : all) {
      if (chosen == nullptr && !each.used) chosen = &each;
    }
    if (chosen == nullptr) return nullptr;
    chosen->used = !chosen->what.contains("Repeat");
    return &chosen->what;
  }

 private:
  struct Answer {
    json::object what;
    bool used = false;
  };
  std::map<std::string, std::vector<Answer>> by_state_;
};

std::optional<std::string> optional_text(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return std::nullopt;
  return std::string(value->as_string());
}

class Driver {
 public:
  Driver(const Case& recorded, std::shared_ptr<const Machine> machine)
      : recorded_(recorded), answers_(recorded), execution_(std::move(machine), info(recorded)) {
    const auto start = recorded.text("now");
    now_ = *parse_wall(start.empty() ? "2026-01-01T00:00:00Z" : start);
  }

  std::optional<Run> run() {
    tell(stimulus::Started{*recorded_.member("input")});
    while (!execution_.finished()) {
      if (!told_.empty()) {
        auto next = std::move(told_.front());
        told_.pop_front();
        advance(next);
      } else if (const auto* stop = recorded_.member("stop")) {
        const auto& with = stop->as_object();
        tell(stimulus::Stop{optional_text(with, "error"), optional_text(with, "cause")});
      } else if (!timers_.empty()) {
        fire_next();
      } else {
        return std::nullopt;
      }
    }
    return Run{execution_.info(), *execution_.finished(), std::move(events_), std::move(tokens_)};
  }

 private:
  static ExecutionInfo info(const Case& recorded) {
    const auto& given = recorded.member("execution")->as_object();
    const auto text = [&](const char* name) { return optional_text(given, name).value_or(""); };
    return {text("executionArn"),
            text("name"),
            text("roleArn"),
            text("stateMachineArn"),
            text("stateMachineName"),
            text("region"),
            7};
  }

  void tell(Stimulus stimulus) { told_.push_back(std::move(stimulus)); }

  void advance(const Stimulus& stimulus) {
    auto advanced = execution_.advance(stimulus, now_);
    for (auto& event : advanced.events) events_.push_back(std::move(event));
    for (const auto& command : advanced.commands) {
      if (const auto* run = std::get_if<command::RunTask>(&command)) answer(*run);
      if (const auto* set = std::get_if<command::SetTimer>(&command)) timers_[set->timer] = set->at;
      if (const auto* cancelled = std::get_if<command::CancelTimer>(&command)) {
        timers_.erase(cancelled->timer);
      }
    }
  }

  void fire_next() {
    auto first = timers_.begin();
    for (auto at = timers_.begin(); at != timers_.end(); ++at) {
      if (at->second < first->second) first = at;
    }
    now_ = std::max(now_, first->second);
    tell(stimulus::TimerFired{first->first});
    timers_.erase(first);
  }

  void answer(const command::RunTask& run) {
    if (!run.token.empty()) tokens_[run.token];
    const auto* answer = answers_.take(run.state, run.parameters.value());
    if (answer == nullptr) return;
    if (const auto* submitted = answer->if_contains("Submit")) {
      tell(stimulus::TaskSubmitted{run.task, *submitted});
    }
    if (const auto* returned = answer->if_contains("Return")) {
      succeed(run, *returned);
    } else if (answer->contains("Echo")) {
      const auto& sent = run.parameters.value();
      const bool invoke = run.resource.ends_with("lambda:invoke");
      succeed(run, invoke ? json::object{{"ExecutedVersion", "$LATEST"},
                                         {"Payload", sent.at("Payload")},
                                         {"StatusCode", 200}}
                          : sent);
    } else if (const auto* thrown = answer->if_contains("Throw")) {
      const auto error = optional_text(thrown->as_object(), "Error");
      const auto cause = optional_text(thrown->as_object(), "Cause");
      if (run.token.empty()) {
        tell(stimulus::TaskFailed{run.task, error, cause});
      } else {
        tell(stimulus::TokenFailed{run.token, error, cause});
      }
    }
  }

  void succeed(const command::RunTask& run, const json::value& output) {
    if (run.token.empty()) {
      tell(stimulus::TaskSucceeded{run.task, output});
    } else {
      tell(stimulus::TokenSucceeded{run.token, output});
    }
  }

  const Case& recorded_;
  Answers answers_;
  Execution execution_;
  WallTime now_;
  std::deque<Stimulus> told_;
  std::map<TimerId, WallTime> timers_;
  std::vector<HistoryEvent> events_;
  std::map<std::string, std::string> tokens_;
};

}  // namespace

std::optional<Run> drive(const Case& recorded, std::shared_ptr<const Machine> machine) {
  return Driver(recorded, std::move(machine)).run();
}

}  // namespace understudy::states::testing
