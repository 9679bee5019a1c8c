#include "story.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

namespace understudy::states::testing {

std::shared_ptr<const Machine> machine_of(std::string_view document) {
  auto parsed = Machine::parse(document);
  for (const auto& problem : parsed.problems) ADD_FAILURE() << to_string(problem);
  return parsed.machine;
}

ExecutionInfo info_for_tests() {
  return {"arn:aws:states:eu-west-1:1:execution:drill:one",
          "one",
          "arn:aws:iam::1:role/r",
          "arn:aws:states:eu-west-1:1:stateMachine:drill",
          "drill",
          "eu-west-1",
          42};
}

WallTime at_ms(double milliseconds) {
  return *parse_wall("2026-01-01T00:00:00Z") +
         Duration(static_cast<std::int64_t>(milliseconds * 1e6));
}

Story::Story(std::shared_ptr<const Machine> of, std::string_view input)
    : machine(std::move(of)), execution(machine, info_for_tests()) {
  EXPECT_TRUE(tell(stimulus::Started{parse_json(input).value()}));
}

bool Story::tell(const Stimulus& stimulus) {
  Told step{stimulus, now, events.size(), execution.outstanding()};
  if (const auto* fired = std::get_if<stimulus::TimerFired>(&stimulus)) timers.erase(fired->timer);
  auto advanced = execution.advance(stimulus, now);
  if (advanced.accepted) told.push_back(std::move(step));
  for (auto& event : advanced.events) events.push_back(std::move(event));
  last = std::move(advanced.commands);
  for (const auto& command : last) {
    if (const auto* run = std::get_if<command::RunTask>(&command)) tasks.push_back(*run);
    if (const auto* set = std::get_if<command::SetTimer>(&command)) timers[set->timer] = set->at;
    if (const auto* off = std::get_if<command::CancelTimer>(&command)) timers.erase(off->timer);
    if (const auto* off = std::get_if<command::CancelTask>(&command)) {
      std::erase_if(tasks, [&](const auto& task) { return task.task == off->task; });
    }
  }
  expect_timers_as_commanded();
  return advanced.accepted;
}

void Story::expect_timers_as_commanded() const {
  std::map<TimerId, WallTime> open;
  for (const auto& command : execution.outstanding()) {
    if (const auto* set = std::get_if<command::SetTimer>(&command)) open[set->timer] = set->at;
  }
  ASSERT_EQ(open.size(), timers.size()) << "a timer was set or cancelled without a command";
  for (const auto& [timer, at] : timers) {
    // A heartbeat moves its timer without a command: that one is set again when it fires.
    ASSERT_TRUE(open.contains(timer));
    EXPECT_GE(open.at(timer), at);
  }
}

void Story::fire_next() {
  ASSERT_FALSE(timers.empty()) << "no timer is set";
  const auto first = std::ranges::min_element(
      timers, [](const auto& one, const auto& other) { return one.second < other.second; });
  const auto timer = first->first;
  now = std::max(now, first->second);
  EXPECT_TRUE(tell(stimulus::TimerFired{timer}));
}

const command::RunTask& Story::task(const std::string& state) const {
  for (const auto& task : tasks) {
    if (task.state == state) return task;
  }
  ADD_FAILURE() << "no open task in " << state;
  static const command::RunTask none;
  return none;
}

std::vector<std::string> Story::open_tasks() const {
  std::vector<std::string> names;
  for (const auto& task : tasks) names.push_back(task.state);
  return names;
}

bool Story::succeed(const std::string& state, std::string_view output) {
  const auto id = task(state).task;
  std::erase_if(tasks, [&](const auto& each) { return each.task == id; });
  return tell(stimulus::TaskSucceeded{id, parse_json(output).value()});
}

bool Story::fail(const std::string& state, const std::string& error) {
  const auto id = task(state).task;
  std::erase_if(tasks, [&](const auto& each) { return each.task == id; });
  return tell(stimulus::TaskFailed{id, error, "because"});
}

std::vector<std::string> Story::types() const {
  std::vector<std::string> types;
  for (const auto& event : events) types.emplace_back(to_string(event.type));
  return types;
}

std::vector<std::string> Story::entered() const {
  std::vector<std::string> names;
  for (const auto& event : events) {
    if (const auto* details = event.details.if_contains("stateEnteredEventDetails")) {
      names.emplace_back(details->at("name").as_string());
    }
  }
  return names;
}

std::string Story::output() const {
  if (execution.status() != Status::succeeded) return fmt::format("{} {}", error(), cause());
  return execution.finished()->output.text();
}

std::string Story::error() const {
  const auto& finished = execution.finished();
  return finished ? finished->error.value_or("") : "still running";
}

std::string Story::cause() const {
  const auto& finished = execution.finished();
  return finished ? finished->cause.value_or("") : "";
}

std::vector<std::string> shown(const std::vector<Command>& commands) {
  std::vector<std::string> texts;
  for (const auto& command : commands) {
    if (const auto* run = std::get_if<command::RunTask>(&command)) {
      texts.push_back(fmt::format("run {} {} {} {} {} try {}",
                                  static_cast<std::uint64_t>(run->task), run->state, run->resource,
                                  run->parameters.text(), run->token, run->attempt));
    } else if (const auto* set = std::get_if<command::SetTimer>(&command)) {
      texts.push_back(
          fmt::format("set {} {}", static_cast<std::uint64_t>(set->timer), format_wall(set->at)));
    } else if (const auto* task = std::get_if<command::CancelTask>(&command)) {
      texts.push_back(fmt::format("cancel task {}", static_cast<std::uint64_t>(task->task)));
    } else if (const auto* timer = std::get_if<command::CancelTimer>(&command)) {
      texts.push_back(fmt::format("cancel timer {}", static_cast<std::uint64_t>(timer->timer)));
    } else {
      const auto& finished = std::get<command::Finished>(command);
      texts.push_back(
          fmt::format("finished {} {}", to_string(finished.status), finished.output.text()));
    }
  }
  return texts;
}

std::vector<std::string> shown(const std::vector<HistoryEvent>& events) {
  std::vector<std::string> texts;
  for (const auto& event : events) texts.push_back(to_text(to_json(event)));
  return texts;
}

namespace {

/// The step that the prefix ends in or just before: the first one that it does not hold whole.
std::size_t first_step_after(const Story& story, std::size_t prefix) {
  std::size_t step = 0;
  while (step < story.told.size() && story.told[step].events_before < prefix) ++step;
  return step;
}

}  // namespace

void expect_every_prefix_resumes(const Story& story) {
  const auto all = shown(story.events);
  for (std::size_t prefix = 0; prefix <= story.events.size(); ++prefix) {
    SCOPED_TRACE(fmt::format("after {} of {} events", prefix, all.size()));
    const std::span recorded(story.events.data(), prefix);
    const auto now = prefix == 0 ? story.now : recorded.back().timestamp;
    auto replayed = Execution::replay(story.machine, info_for_tests(), recorded, now);
    ASSERT_TRUE(replayed) << replayed.error().what;
    auto resumed = shown(replayed->completed);
    auto& execution = replayed->execution;
    const auto step = first_step_after(story, prefix);
    const auto whole = step < story.told.size() ? story.told[step].events_before : all.size();
    ASSERT_EQ(prefix + resumed.size(), whole) << "the torn step was not completed";
    for (auto i = step; i < story.told.size(); ++i) {
      auto advanced = execution.advance(story.told[i].stimulus, story.told[i].at);
      EXPECT_TRUE(advanced.accepted);
      for (auto& text : shown(advanced.events)) resumed.push_back(std::move(text));
    }
    const std::vector<std::string> rest(all.begin() + static_cast<std::ptrdiff_t>(prefix),
                                        all.end());
    EXPECT_EQ(resumed, rest);
    EXPECT_EQ(execution.status(), story.execution.status());
  }
}

}  // namespace understudy::states::testing
