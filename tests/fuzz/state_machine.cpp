#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "states/execution.h"
#include "states/machine.h"
#include "targets.h"

namespace understudy::fuzz {

namespace json = boost::json;

namespace {

using namespace understudy::states;

constexpr int kStepsMax = 48;
constexpr std::string_view kInput =
    R"({"region": "north", "services": ["web", "cron", "mail"], "count": 2, "wait": 3,
        "at": "2026-01-01T00:00:09Z", "deep": {"a": [1, {"b": null}], "t": "x,y"}})";

struct Run {
  std::vector<HistoryEvent> events;
  Status status = Status::running;
  WallTime end;
};

ExecutionInfo info() {
  return {.arn = "arn", .name = "failover-shop-1", .machine_name = "failover", .seed = 7};
}

Stimulus answer_to(const command::RunTask& task, int step) {
  if (step % 5 == 4) return stimulus::TaskFailed{task.task, "Busy", "step " + std::to_string(step)};
  if (!task.token.empty() && step % 2 == 1)
    return stimulus::TokenSucceeded{task.token, task.parameters.value()};
  if (step % 7 == 6) return stimulus::TaskSubmitted{task.task, task.parameters.value()};
  return stimulus::TaskSucceeded{task.task, task.parameters.value()};
}

/// Answers and fires what the execution waits for, in an order that looks arbitrary and is not.
Run run(const std::shared_ptr<const Machine>& machine) {
  Execution execution(machine, info());
  Run run;
  WallTime now = *parse_wall("2026-01-01T00:00:00Z");
  const auto tell = [&](const Stimulus& stimulus) {
    auto advanced = execution.advance(stimulus, now);
    run.events.insert(run.events.end(), advanced.events.begin(), advanced.events.end());
  };
  tell(stimulus::Started{json::parse(kInput)});
  // A Wait may take 68 years; no clock is asked of what comes in centuries.
  const WallTime late = now + std::chrono::years(60);
  for (int step = 0; step < kStepsMax && now < late; ++step) {
    if (execution.status() != Status::running) break;
    const auto waits_for = execution.outstanding();
    if (waits_for.empty()) {
      const auto tokens = execution.open_tokens();
      must(!tokens.empty(), "an execution that runs waits for something");
      tell(stimulus::TokenSucceeded{tokens.front(), "by token"});
      continue;
    }
    const auto& one = waits_for[static_cast<std::size_t>(step) % waits_for.size()];
    if (const auto* task = std::get_if<command::RunTask>(&one)) {
      now += milliseconds(10);
      tell(answer_to(*task, step));
    } else if (const auto* timer = std::get_if<command::SetTimer>(&one)) {
      now = std::max(now, timer->at);
      tell(stimulus::TimerFired{timer->timer});
    }
  }
  run.status = execution.status();
  run.end = now;
  must(execution.finished().has_value() == (run.status != Status::running),
       "what ended has an end");
  return run;
}

void judge_replay(const std::shared_ptr<const Machine>& machine, const Run& run,
                  std::size_t events) {
  const auto replayed =
      Execution::replay(machine, info(), std::span(run.events).first(events), run.end);
  must(replayed.ok(), fmt::format("a journal cut after {} of {} events is replayed: {}", events,
                                  run.events.size(), replayed ? "" : replayed.error().what));
  const auto& completed = replayed->completed;
  must(completed.size() <= run.events.size() - events &&
           std::equal(completed.begin(), completed.end(),
                      run.events.begin() + static_cast<std::ptrdiff_t>(events)),
       "a step that was torn is completed as it was");
  if (events == run.events.size())
    must(replayed->execution.status() == run.status, "a replay ends where the run was");
}

}  // namespace

void state_machine(std::string_view bytes) {
  const auto parsed = Machine::parse(bytes);
  must((parsed.machine != nullptr) == parsed.problems.empty(), "a machine, or else its problems");
  for (const Problem& problem : parsed.problems) {
    must(problem.path.starts_with('/'), "a problem has a place in the document");
    must(!problem.what.empty(), "a problem says what is wrong");
  }
  if (!parsed.machine) return;
  must(!parsed.machine->states().empty(), "a machine has states");
  const Run once = run(parsed.machine);
  const Run again = run(parsed.machine);
  must(once.events == again.events, "the same stimuli at the same times give the same events");
  for (const HistoryEvent& event : once.events) {
    const auto read = event_from_text(to_text(event));
    must(read.ok() && *read == event, "an event survives the journal: " + to_text(event));
  }
  for (std::size_t part = 1; part <= 4; ++part)
    judge_replay(parsed.machine, once, once.events.size() * part / 4);
}

}  // namespace understudy::fuzz
