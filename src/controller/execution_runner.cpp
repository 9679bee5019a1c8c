#include "controller/execution_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "ports/wire.h"

namespace understudy {

namespace json = boost::json;

namespace {

/// A state that has failed so often is told to a person.
constexpr unsigned kStuckAfter = 3;
constexpr Duration kLongestNap = std::chrono::seconds(60);
constexpr std::string_view kFunctionPrefix = "arn:aws:lambda:::function:";
constexpr std::string_view kInvoke = "arn:aws:states:::lambda:invoke";
constexpr std::string_view kInvokeAndWait = "arn:aws:states:::lambda:invoke.waitForTaskToken";

/// What a Task asks for, whichever way it is written. `input` lies within the task's parameters.
struct StepCall {
  std::string step;
  const json::object* input = nullptr;
};

std::optional<StepCall> step_call(const std::string& resource, const json::value& parameters) {
  if (!parameters.is_object()) return std::nullopt;
  const json::object& given = parameters.get_object();
  if (resource.starts_with(kFunctionPrefix))
    return StepCall{resource.substr(kFunctionPrefix.size()), &given};
  if (resource != kInvoke && resource != kInvokeAndWait) return std::nullopt;
  const auto* function = given.if_contains("FunctionName");
  const auto* payload = given.if_contains("Payload");
  if (function == nullptr || !function->is_string() || payload == nullptr || !payload->is_object())
    return std::nullopt;
  return StepCall{std::string(function->get_string()), &payload->get_object()};
}

states::Stimulus stimulus_of(states::TaskId task, StepOutput output) {
  if (auto* failure = std::get_if<StepFailure>(&output)) {
    return states::stimulus::TaskFailed{task, std::move(failure->error), std::move(failure->cause)};
  }
  return states::stimulus::TaskSucceeded{task,
                                         json::value(std::move(std::get<json::object>(output)))};
}

/// Remembers the last ones: there are not many.
Result<std::shared_ptr<const states::Machine>> parse(const std::string& document) {
  struct Known {
    std::string document;
    std::shared_ptr<const states::Machine> machine;
  };
  thread_local std::array<Known, 3> known;
  thread_local std::size_t oldest = 0;
  for (const Known& each : known) {
    if (each.machine && each.document == document) return each.machine;
  }
  auto parsed = states::Machine::parse(document);
  if (parsed.machine) {
    known[oldest] = {document, parsed.machine};
    oldest = (oldest + 1) % known.size();
    return parsed.machine;
  }
  std::string text = "the workflow is invalid:";
  for (const auto& problem : parsed.problems) text += " " + to_string(problem) + ";";
  return Error{After::unchanged_final, text};
}

/// What a person answered to a question.
struct GivenAnswer {
  std::string token;
  bool approved = false;
  std::string who;
};

std::string name_of_answer(const std::string& execution) { return "answer/" + execution; }

json::object to_json(const GivenAnswer& given) {
  return {{"token", given.token}, {"approved", given.approved}, {"who", given.who}};
}

std::optional<GivenAnswer> answer_from(const std::string& kept) {
  const auto object = wire::parse_object(kept);
  const auto* token = object ? object->if_contains("token") : nullptr;
  const auto* approved = object ? object->if_contains("approved") : nullptr;
  const auto* who = object ? object->if_contains("who") : nullptr;
  if (token == nullptr || !token->is_string() || approved == nullptr || !approved->is_bool() ||
      who == nullptr || !who->is_string())
    return std::nullopt;
  return GivenAnswer{std::string(token->get_string()), approved->get_bool(),
                     std::string(who->get_string())};
}

states::Stimulus stimulus_of(const GivenAnswer& given) {
  if (given.approved)
    return states::stimulus::TokenSucceeded{given.token, json::object{{"approved_by", given.who}}};
  return states::stimulus::TokenFailed{given.token, "Understudy.Declined",
                                       "declined by " + given.who};
}

/// The name of the state that was entered last.
std::string last_state(const std::vector<states::HistoryEvent>& events) {
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    const auto* details = event->details.if_contains("stateEnteredEventDetails");
    if (details != nullptr) return json::value_to<std::string>(details->at("name"));
  }
  return {};
}

}  // namespace

states::ExecutionInfo info_of(const ExecutionEntry& entry) {
  return {.arn = "arn:aws:states:::execution:understudy:" + entry.name,
          .name = entry.name,
          .machine_arn = "arn:aws:states:::stateMachine:understudy",
          .machine_name = "understudy",
          .region = "local",
          .seed = entry.seed};
}

Result<Done> ExecutionRunner::start(const std::string& name, const std::string& document,
                                    json::object input) {
  auto machine = parse(document);
  if (!machine) return machine.error();
  const ExecutionEntry entry{.name = name,
                             .document = document,
                             .seed = world_.random.next(),
                             .started = world_.clock.wall()};
  if (auto begun = journal_.begin(entry); !begun) return begun;
  auto run =
      std::make_shared<Run>(states::Execution(*machine, info_of(entry)), world_.tasks.signal());
  run->post(states::stimulus::Started{json::value(std::move(input))});
  spawn(std::move(run));
  return Done{};
}

Result<Done> ExecutionRunner::resume_all() {
  auto entries = journal_.executions();
  if (!entries) return entries.error();
  for (const ExecutionEntry& entry : *entries) {
    if (entry.status != "RUNNING") continue;
    auto machine = parse(entry.document);
    if (!machine) return within(entry.name, machine.error());
    auto written = journal_.events(entry.name);
    if (!written) return written.error();
    const std::vector<states::HistoryEvent>& events = *written;
    if (events.empty()) {  // died between begin() and the first event: it has done nothing
      if (auto ended = journal_.finish(entry.name, "ABORTED"); !ended) return ended;
      continue;
    }
    auto replayed =
        states::Execution::replay(*machine, info_of(entry), events, world_.clock.wall());
    if (!replayed) return within(entry.name, replayed.error());
    auto run = std::make_shared<Run>(std::move(replayed->execution), world_.tasks.signal());
    run->self = run;
    run->now = std::max(world_.clock.wall(), events.back().timestamp);
    if (auto recalled = recall_orders(*run); !recalled) return within(entry.name, recalled.error());
    if (!write_down(*run, std::move(replayed->completed))) return Done{};  // being stopped
    world_.events.emit("execution.resumed", {{"execution", entry.name}, {"events", events.size()}});
    if (const auto& end = run->execution.finished()) {
      note_end(entry.name, *end);
      if (tell_ended_) tell_ended_();
      continue;
    }
    for (const std::string& token : run->execution.open_tokens())
      run->questions[token] = last_state(events);
    if (auto recalled = recall_answer(*run); !recalled) return within(entry.name, recalled.error());
    carry_out(*run, run->execution.outstanding());
    spawn(std::move(run));
  }
  return Done{};
}

void ExecutionRunner::spawn(std::shared_ptr<Run> run) {
  run->self = run;
  {
    const std::lock_guard held(lock_);
    std::erase_if(runs_, [](const auto& each) {  // those that are over: the journal has them
      const std::lock_guard run_held(each.second->lock);
      return each.second->finished;
    });
    runs_[run->name] = run;
  }
  world_.tasks.spawn("execution", [this, run] { drive(*run); });
}

/// The execution's own task: one stimulus after the other until it is over.
void ExecutionRunner::drive(Run& run) {
  while (true) {
    std::optional<states::Stimulus> next;
    bool paused = false;
    bool retry = false;
    {
      const std::lock_guard held(lock_);
      if (stopping_) return;
    }
    {
      const std::lock_guard held(run.lock);
      if (run.finished) return;
      paused = run.orders.paused.has_value();
      if (!paused && !run.mailbox.empty()) {
        next = std::move(run.mailbox.front());
        run.mailbox.pop_front();
      }
      retry = !paused && std::exchange(run.retry_now, false);
    }
    const BootTime now = world_.clock.boot();
    BootTime wake = now + kLongestNap;
    if (paused) {
      run.signal->wait_until(wake);
      continue;
    }
    for (auto& [id, timer] : run.timers) {
      if (retry) timer.due = now;
      if (!next && timer.due <= now) next = states::stimulus::TimerFired{id};
      wake = std::min(wake, timer.due);
    }
    if (next) {
      if (const auto* fired = std::get_if<states::stimulus::TimerFired>(&*next))
        run.now = std::max(run.now, run.timers.extract(fired->timer).mapped().at);
      advance(run, *std::move(next));
    } else {
      run.signal->wait_until(wake);
    }
  }
}

void ExecutionRunner::advance(Run& run, states::Stimulus stimulus) {
  run.now = std::max(run.now, world_.clock.wall());
  auto advanced = run.execution.advance(std::move(stimulus), run.now);
  if (!advanced.accepted) return;
  const bool in_order = world_.guards.has(Guard::journal_before_command);
  if (!in_order) carry_out(run, advanced.commands);
  if (!write_down(run, std::move(advanced.events))) return;
  if (in_order) carry_out(run, advanced.commands);
  const auto open = run.execution.open_tokens();
  const std::lock_guard held(run.lock);
  run.waits_for_time = !run.timers.empty();
  std::erase_if(run.questions, [&](const auto& question) {
    return std::find(open.begin(), open.end(), question.first) == open.end();
  });
}

/// Nothing is done before it is written down: a journal that fails holds the execution up, visibly.
bool ExecutionRunner::write_down(Run& run, std::vector<states::HistoryEvent> events) {
  if (events.empty()) return true;
  while (true) {
    auto written = journal_.append(run.name, std::move(events));
    if (written) return true;
    world_.events.emit("journal.failed", {{"execution", run.name}, {"why", written.error().what}});
    world_.alerts.raise(
        {.subject = run.name + " cannot go on: its journal cannot be written",
         .done = "it does nothing more, and tries again to write: " + written.error().what,
         .ask = "see to the disk of the controller; nothing else is needed then",
         .key = run.name + ".journal"});
    {
      const std::lock_guard held(lock_);
      if (stopping_) return false;
    }
    world_.clock.sleep_until(world_.clock.boot() + milliseconds(100));
  }
}

void ExecutionRunner::note_end(const std::string& name, const states::command::Finished& end) {
  const std::string status(to_string(end.status));
  // Told before it is noted: a controller that dies in between tells it again.
  world_.events.emit("execution.ended", {{"execution", name},
                                         {"status", status},
                                         {"error", end.error.value_or("")},
                                         {"cause", end.cause.value_or("")}});
  if (auto noted = journal_.finish(name, status); !noted)
    world_.events.emit("journal.failed", {{"execution", name}, {"why", noted.error().what}});
}

void ExecutionRunner::carry_out(Run& run, const std::vector<states::Command>& commands) {
  for (const states::Command& each : commands) {
    if (const auto* task = std::get_if<states::command::RunTask>(&each)) {
      run_step(run.self.lock(), *task);
    } else if (const auto* timer = std::get_if<states::command::SetTimer>(&each)) {
      run.timers[timer->timer] = {timer->at, world_.clock.boot() + (timer->at - run.now)};
    } else if (const auto* cancelled = std::get_if<states::command::CancelTimer>(&each)) {
      run.timers.erase(cancelled->timer);
    } else if (const auto* end = std::get_if<states::command::Finished>(&each)) {
      note_end(run.name, *end);
      {
        const std::lock_guard held(run.lock);
        run.finished = true;
        run.questions.clear();
      }
      if (tell_ended_) tell_ended_();
    }
  }
}

void ExecutionRunner::run_step(const std::shared_ptr<Run>& run,
                               const states::command::RunTask& task) {
  const auto call = step_call(task.resource, task.parameters.value());
  const Step* step = call ? find_step(call->step) : nullptr;
  if (step == nullptr) {
    run->post(states::stimulus::TaskFailed{task.task, "Understudy.NoSuchStep", task.resource});
    return;
  }
  if (auto ordered = begin_step(*run, *step, task))
    return run->post(stimulus_of(task.task, std::move(*ordered)));
  world_.events.emit("state.entered",
                     {{"execution", run->name}, {"state", task.state}, {"attempt", task.attempt}});
  // The copy of the task shares the parameters, in which the input lies.
  world_.tasks.spawn("step", [this, run = run, step, input = call->input, task = task] {
    StepOutput output = step->run(world_, *input);
    const auto* failure = std::get_if<StepFailure>(&output);
    if (failure != nullptr && failure->error != kStillAtIt && task.attempt >= kStuckAfter) {
      // It may have passed the point of no return, and nobody writes meanwhile (R16).
      world_.alerts.raise({.subject = run->name + " is stuck in " + task.state,
                           .done = "tried several times, and tries on: " + failure->cause,
                           .ask = "understudy status; mend what it waits for",
                           .key = run->name + ".stuck." + task.state});
    }
    {
      const std::lock_guard held(run->lock);
      run->underway.erase(task.task);
    }
    run->post(stimulus_of(task.task, std::move(output)));
  });
}

void ExecutionRunner::stop() {
  const std::lock_guard held(lock_);
  stopping_ = true;
  for (auto& [name, run] : runs_) run->signal->notify();
}

std::shared_ptr<ExecutionRunner::Run> ExecutionRunner::find(const std::string& name) const {
  const std::lock_guard held(lock_);
  const auto found = runs_.find(name);
  return found == runs_.end() ? nullptr : found->second;
}

bool ExecutionRunner::running(const std::string& name) const {
  const auto run = find(name);
  if (!run) return false;
  const std::lock_guard held(run->lock);
  return !run->finished;
}

bool ExecutionRunner::any_running() const {
  const std::lock_guard held(lock_);
  for (const auto& [name, run] : runs_) {
    const std::lock_guard run_held(run->lock);
    if (!run->finished) return true;
  }
  return false;
}

std::vector<ExecutionRunner::Question> ExecutionRunner::questions() const {
  std::vector<Question> open;
  const std::lock_guard held(lock_);
  for (const auto& [name, run] : runs_) {
    const std::lock_guard run_held(run->lock);
    for (const auto& [token, state] : run->questions) open.push_back({name, state});
  }
  return open;
}

Result<Done> ExecutionRunner::answer(const Question& question, bool approved,
                                     const std::string& who) {
  const auto& [execution, state] = question;
  const auto run = find(execution);
  if (!run)
    return Error{After::unchanged_final, "no running execution named \"" + execution + "\""};
  const auto token = take_question(*run, state);
  if (!token) return Error{After::unchanged_final, execution + " does not ask that (any more)"};
  // The history tells of it only once the execution has taken it, which may be after a crash.
  const GivenAnswer given{*token, approved, who};
  if (auto kept = journal_.keep(name_of_answer(run->name), json::serialize(to_json(given)));
      !kept) {
    const std::lock_guard held(run->lock);
    run->questions[*token] = state;
    return kept;
  }
  world_.events.emit(approved ? "operator.approved" : "operator.declined",
                     {{"execution", execution}, {"state", state}, {"who", who}});
  run->post(stimulus_of(given));
  return Done{};
}

/// One that was given and that the history does not tell of yet.
Result<Done> ExecutionRunner::recall_answer(Run& run) {
  auto kept = journal_.kept(name_of_answer(run.name));
  if (!kept) return kept.error();
  if (kept->empty()) return Done{};
  const auto given = answer_from(*kept);
  if (!given) return Error{After::unchanged_final, "what was answered to it cannot be read"};
  if (run.questions.erase(given->token) > 0) run.post(stimulus_of(*given));
  return Done{};
}

void ExecutionRunner::withdraw(const Question& question, const std::string& why) {
  const auto run = find(question.execution);
  if (!run) return;
  const auto token = take_question(*run, question.state);
  if (!token) return;
  world_.events.emit("question.withdrawn", {{"execution", question.execution}, {"why", why}});
  run->post(states::stimulus::TokenFailed{*token, "Understudy.Withdrawn", why});
}

std::optional<std::string> ExecutionRunner::take_question(Run& run, const std::string& state) {
  const std::lock_guard held(run.lock);
  const auto asked = std::find_if(run.questions.begin(), run.questions.end(),
                                  [&](const auto& each) { return each.second == state; });
  if (asked == run.questions.end()) return std::nullopt;
  return std::move(run.questions.extract(asked).key());
}

std::vector<std::string> steps_named_in(const states::Machine& machine,
                                        const std::string& document) {
  std::vector<std::string> names;
  const json::value root = json::parse(document);
  for (const auto& state : machine.states()) {
    if (state.type != states::StateType::task) continue;
    if (state.resource.starts_with(kFunctionPrefix)) {
      names.push_back(state.resource.substr(kFunctionPrefix.size()));
      continue;
    }
    boost::system::error_code missing;
    const json::value* function =
        root.find_pointer(state.path + "/Parameters/FunctionName", missing);
    if (function != nullptr && function->is_string()) names.emplace_back(function->get_string());
  }
  return names;
}

}  // namespace understudy
