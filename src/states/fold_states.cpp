// Entering and leaving states; Pass, Choice, Wait, Succeed and Fail.

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <limits>

#include "states/fold.h"

namespace understudy::states {
namespace {

constexpr std::array kEntered{EventType::task_state_entered,     EventType::pass_state_entered,
                              EventType::choice_state_entered,   EventType::wait_state_entered,
                              EventType::succeed_state_entered,  EventType::fail_state_entered,
                              EventType::parallel_state_entered, EventType::map_state_entered};

/// A Fail state is never left.
constexpr std::array kExited{EventType::task_state_exited,     EventType::pass_state_exited,
                             EventType::choice_state_exited,   EventType::wait_state_exited,
                             EventType::succeed_state_exited,  EventType::fail_state_entered,
                             EventType::parallel_state_exited, EventType::map_state_exited};

/// Step Functions' limit for the data of a state, in bytes of JSON text.
constexpr std::size_t kDataMax = 262'144;

}  // namespace

void Fold::make_ready(Branch& branch, const State& state, Data input) {
  branch.state = &state;
  branch.input = std::move(input);
  branch.waits = Waits::to_be_entered;
  ready_.push_back(&branch);
}

void Fold::guarded(Branch& branch, const std::function<void()>& step) {
  try {
    step();
  } catch (const EvaluationFailed& failed) {
    fail(branch, failure_of(branch, failed));
  }
}

void Fold::enter(Branch& branch) {
  const auto& state = *branch.state;
  emit(kEntered[state.fields.index()], branch,
       {{"stateEnteredEventDetails",
         json::object{{"name", state.name}, {"input", branch.input.text()}}}});
  branch.entered = branch.last_event;
  branch.entered_at = now_;
  branch.retry_count = 0;
  branch.retries.assign(state.retriers.size(), 0);
  branch.attempt = {};
  guarded(branch, [&] {
    branch.effective = apply(branch, state.input_path, branch.input);
    begin(branch);
  });
}

void Fold::begin(Branch& branch) {
  branch.begun_after = branch.last_event;
  const auto& fields = branch.state->fields;
  if (const auto* task = std::get_if<TaskFields>(&fields)) return begin_task(branch, *task);
  if (const auto* pass = std::get_if<PassFields>(&fields)) return begin_pass(branch, *pass);
  if (const auto* choice = std::get_if<ChoiceFields>(&fields)) return begin_choice(branch, *choice);
  if (const auto* wait = std::get_if<WaitFields>(&fields)) return begin_wait(branch, *wait);
  if (const auto* failing = std::get_if<FailFields>(&fields)) return begin_fail(branch, *failing);
  if (const auto* parallel = std::get_if<ParallelFields>(&fields)) {
    return begin_parallel(branch, *parallel);
  }
  if (const auto* map = std::get_if<MapFields>(&fields)) return begin_map(branch, *map);
  complete(branch, branch.effective);
}

void Fold::begin_pass(Branch& branch, const PassFields& pass) {
  if (pass.result) return complete(branch, *pass.result);
  const auto& parameters = branch.state->parameters;
  if (!parameters) return complete(branch, branch.effective);
  complete(branch, parameters->evaluate(Evaluation(*this, branch, branch.effective).scope()));
}

void Fold::begin_choice(Branch& branch, const ChoiceFields& choice) {
  const Evaluation evaluation(*this, branch, branch.effective);
  const auto output = [&] { return apply(branch, branch.state->output_path, branch.effective); };
  for (const auto& rule : choice.rules) {
    if (!rule.condition.holds(evaluation.scope())) continue;
    const auto assigned = assign(branch, rule.assign, branch.effective);
    return leave(branch, output(), assigned, &rule.next);
  }
  if (choice.otherwise.state == nullptr) {
    throw EvaluationFailed{"States.NoChoiceMatched",
                           "No rule of the choice state matched, and it has no Default."};
  }
  const auto assigned = assign(branch, branch.state->assign, branch.effective);
  leave(branch, output(), assigned, &choice.otherwise);
}

void Fold::begin_wait(Branch& branch, const WaitFields& wait) {
  const auto until = wait_until(branch, wait);
  if (until <= now_) return complete(branch, branch.effective);
  if (until - now_ > std::chrono::seconds(std::numeric_limits<std::int32_t>::max())) {
    throw runtime_failure("Wait state delay is too long.");
  }
  branch.waits = Waits::for_timer;
  set_timer(TimerKind::wait, branch.entered, &branch, until);
}

WallTime Fold::wait_until(Branch& branch, const WaitFields& wait) {
  const auto ceiled = [](WallTime at) {
    return WallTime(std::chrono::ceil<milliseconds>(at.time_since_epoch()));
  };
  if (wait.seconds) return now_ + std::chrono::seconds(*wait.seconds);
  if (wait.timestamp) return ceiled(*wait.timestamp);
  const bool is_seconds = wait.seconds_path.has_value();
  const auto& path = is_seconds ? *wait.seconds_path : *wait.timestamp_path;
  const auto* name = is_seconds ? "SecondsPath" : "TimestampPath";
  const Evaluation evaluation(*this, branch, branch.effective);
  const auto found = path.find(evaluation.scope());
  const auto* data = std::get_if<Data>(&found);
  if (data == nullptr) {
    throw runtime_failure(
        fmt::format("The {} parameter does not reference an input value: {}", name, path.text()));
  }
  const auto& value = data->value();
  const auto shown = value.is_string() ? std::string(value.get_string()) : data->text();
  if (is_seconds) {
    const auto number = whole_number(value);
    if (!number) {
      throw runtime_failure(
          fmt::format("The SecondsPath parameter cannot be parsed as a long value: {} == {}",
                      path.text(), shown));
    }
    if (*number < 0 || *number > std::numeric_limits<std::int32_t>::max()) {
      throw runtime_failure(fmt::format("The SecondsPath parameter must be from 0 to {}: {} == {}",
                                        std::numeric_limits<std::int32_t>::max(), path.text(),
                                        shown));
    }
    return now_ + std::chrono::seconds(*number);
  }
  const auto at = value.is_string() ? parse_wall(shown) : std::nullopt;
  if (!at) {
    throw runtime_failure(
        fmt::format("The TimestampPath parameter does not reference a valid ISO-8601 extended "
                    "offset date-time format string: {} == {}",
                    path.text(), shown));
  }
  return ceiled(*at);
}

void Fold::begin_fail(Branch& branch, const FailFields& failing) {
  const Evaluation evaluation(*this, branch, branch.effective);
  const auto text = [&](const TextField& field,
                        std::string_view name) -> std::optional<std::string> {
    if (!field.path) return field.constant;
    const auto data = field.path->evaluate(evaluation.scope(), name);
    if (const auto* string = data.value().if_string()) return std::string(*string);
    throw runtime_failure(
        fmt::format("The JSONPath '{}' specified for the field '{}' must be a "
                    "string but is {}",
                    field.path_text, name, data.text()));
  };
  auto error = text(failing.error, "ErrorPath");
  auto cause = text(failing.cause, "CausePath");
  fail(branch, {std::move(error), std::move(cause)});
}

void Fold::complete(Branch& branch, const Data& result) {
  const auto& state = *branch.state;
  const auto assigned = assign(branch, state.assign, result);
  auto selected = result;
  if (state.result_selector) {
    selected = state.result_selector->evaluate(Evaluation(*this, branch, result).scope());
  }
  const auto placed = state.result_path.place(branch.input, std::move(selected));
  const auto output = apply(branch, state.output_path, placed);
  if (output.text().size() > kDataMax) {
    throw EvaluationFailed{"States.DataLimitExceeded",
                           fmt::format("The state/task '{}' returned a result with a size "
                                       "exceeding the maximum number of bytes service limit.",
                                       state.name)};
  }
  leave(branch, output, assigned, state.next.state == nullptr ? nullptr : &state.next);
}

Fold::Assigned Fold::assign(Branch& branch, const std::optional<Template>& assign,
                            const Data& input) {
  if (!assign) return {};
  return {assign->evaluate_members(Evaluation(*this, branch, input).scope())};
}

Data Fold::apply(Branch& branch, const PathField& field, const Data& data) {
  if (field.discard) return Data(json::object());
  if (!field.reference) return data;
  const Evaluation evaluation(*this, branch, data);
  auto found = field.reference->find(evaluation.scope());
  if (auto* part = std::get_if<Data>(&found)) return std::move(*part);
  throw runtime_failure(fmt::format("Invalid path '{}' : {}", field.reference->text(),
                                    std::get<JsonPath::Missing>(found).why));
}

void Fold::leave(Branch& branch, const Data& output, const Assigned& assigned, const Target* next) {
  json::object details{{"name", branch.state->name}, {"output", output.text()}};
  if (!assigned.variables.empty()) {
    json::object variables;
    for (const auto& [name, data] : assigned.variables) {
      variables[name] = data.text();
      branch.variables.set(name, data);
    }
    details["assignedVariables"] = std::move(variables);
  }
  emit(kExited[branch.state->fields.index()], branch,
       {{"stateExitedEventDetails", std::move(details)}});
  if (next != nullptr) return make_ready(branch, *next->state, output);
  branch.waits = Waits::over;
  if (branch.parent != nullptr) return branch_succeeded(branch, output);
  emit(EventType::execution_succeeded, branch,
       {{"executionSucceededEventDetails", json::object{{"output", output.text()}}}});
  finish({Status::succeeded, output, std::nullopt, std::nullopt});
}

}  // namespace understudy::states
