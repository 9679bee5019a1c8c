// Task states: attempts, their answers and their timers.

#include <fmt/format.h>

#include <boost/json.hpp>

#include "states/fold.h"

namespace understudy::states {
namespace {

constexpr std::size_t kResultMax = 262'144;

const Resource& resource_of(const Branch& branch) {
  return std::get<TaskFields>(branch.state->fields).resource;
}

struct TaskEvents {
  EventType scheduled, started, succeeded, failed, timed_out;
  const char *scheduled_details, *succeeded_details, *failed_details, *timed_out_details;
};

constexpr TaskEvents kOfService{
    EventType::task_scheduled,   EventType::task_started,   EventType::task_succeeded,
    EventType::task_failed,      EventType::task_timed_out, "taskScheduledEventDetails",
    "taskSucceededEventDetails", "taskFailedEventDetails",  "taskTimedOutEventDetails"};

constexpr TaskEvents kOfFunction{
    EventType::lambda_function_scheduled,  EventType::lambda_function_started,
    EventType::lambda_function_succeeded,  EventType::lambda_function_failed,
    EventType::lambda_function_timed_out,  "lambdaFunctionScheduledEventDetails",
    "lambdaFunctionSucceededEventDetails", "lambdaFunctionFailedEventDetails",
    "lambdaFunctionTimedOutEventDetails"};

const TaskEvents& events_of(const Branch& branch) {
  return resource_of(branch).is_function ? kOfFunction : kOfService;
}

}  // namespace

json::object Fold::task_details(const Branch& branch, json::object details) const {
  const auto& resource = resource_of(branch);
  if (resource.is_function) return details;
  details["resource"] = resource.action;
  details["resourceType"] = resource.type;
  return details;
}

std::optional<std::int64_t> Fold::seconds(Branch& branch, const NumberField& field,
                                          std::string_view name) {
  if (!field.path) return field.constant;
  const Evaluation evaluation(*this, branch, branch.effective);
  const auto found = field.path->find(evaluation.scope());
  const auto* data = std::get_if<Data>(&found);
  const auto number = data == nullptr ? std::nullopt : whole_number(data->value());
  if (number && *number > 0 && *number <= 99'999'999) return *number;
  throw runtime_failure(
      fmt::format("The {}Path parameter does not reference a positive integer: "
                  "{}",
                  name, field.path->text()));
}

void Fold::begin_task(Branch& branch, const TaskFields& task) {
  auto& attempt = branch.attempt;
  attempt = {};
  if (task.resource.waits_for_token || task.resource.is_job) {
    const auto given = given_tokens_.size();
    attempt.token = given < info_.tokens.size()
                        ? info_.tokens[given]
                        : unguessable(info_.seed, fmt::format("{}#{}#{}", info_.arn, branch.entered,
                                                              branch.retry_count));
    given_tokens_.push_back(attempt.token);
  }
  const Evaluation evaluation(*this, branch, branch.effective);
  const auto& parameters = branch.state->parameters;
  attempt.parameters = parameters ? parameters->evaluate(evaluation.scope()) : branch.effective;
  const auto timeout = seconds(branch, task.timeout, "TimeoutSeconds");
  const auto heartbeat = seconds(branch, task.heartbeat, "HeartbeatSeconds");
  json::object details;
  if (task.credentials) {
    const auto credentials = task.credentials->evaluate(evaluation.scope());
    const auto& role = credentials.value().at("RoleArn");
    attempt.role_arn = role.is_string() ? std::string(role.get_string()) : to_text(role);
    details["taskCredentials"] = json::object{{"roleArn", attempt.role_arn}};
  }
  if (task.resource.is_function) {
    details["resource"] = task.resource.text;
    details["input"] = attempt.parameters.text();
  } else {
    details["region"] = info_.region;
    details["parameters"] = attempt.parameters.text();
  }
  if (timeout) details["timeoutInSeconds"] = *timeout;
  if (heartbeat) details["heartbeatInSeconds"] = *heartbeat;

  const auto& events = events_of(branch);
  attempt.scheduled = emit(events.scheduled, branch,
                           {{events.scheduled_details, task_details(branch, std::move(details))}});
  json::object started;
  if (!task.resource.is_function) {
    started["taskStartedEventDetails"] = task_details(branch, {});
  }
  emit(events.started, branch, std::move(started));

  branch.waits = Waits::for_task;
  tasks_.emplace(attempt.scheduled, &branch);
  if (!attempt.token.empty()) tokens_.emplace(attempt.token, &branch);
  out_.commands.emplace_back(command::RunTask{
      TaskId(attempt.scheduled), branch.state->name, task.resource.text, attempt.parameters,
      attempt.token, attempt.role_arn, branch.retry_count + 1, std::nullopt});
  if (timeout) {
    attempt.deadline = now_ + std::chrono::seconds(*timeout);
    set_timer(TimerKind::timeout, attempt.scheduled, &branch, *attempt.deadline);
  }
  if (heartbeat) {
    attempt.heartbeat = std::chrono::seconds(*heartbeat);
    set_timer(TimerKind::heartbeat, attempt.scheduled, &branch, now_ + *attempt.heartbeat);
  }
}

Branch* Fold::task_branch(TaskId task) const {
  const auto found = tasks_.find(static_cast<std::uint64_t>(task));
  return found == tasks_.end() ? nullptr : found->second;
}

Branch* Fold::token_branch(const std::string& token) const {
  const auto found = tokens_.find(token);
  return found == tokens_.end() ? nullptr : found->second;
}

void Fold::end_attempt(Branch& branch) {
  tasks_.erase(branch.attempt.scheduled);
  tokens_.erase(branch.attempt.token);
  cancel_timer(TimerKind::timeout, branch.attempt.scheduled);
  cancel_timer(TimerKind::heartbeat, branch.attempt.scheduled);
}

void Fold::submit(Branch& branch, json::value output) {
  branch.attempt.submitted = Data(std::move(output));
  emit(EventType::task_submitted, branch,
       {{"taskSubmittedEventDetails",
         task_details(branch, {{"output", branch.attempt.submitted->text()}})}});
}

void Fold::succeed_task(Branch& branch, json::value output) {
  const Data result(std::move(output));
  if (result.text().size() > kResultMax) {
    const auto& resource = resource_of(branch);
    const auto& shown = resource.is_function ? resource.text : resource.type;
    return fail_task(branch, {"States.DataLimitExceeded",
                              fmt::format("The state/task '{}' returned a result with a size "
                                          "exceeding the maximum number of bytes service limit.",
                                          shown)});
  }
  end_attempt(branch);
  const auto& events = events_of(branch);
  emit(events.succeeded, branch,
       {{events.succeeded_details, task_details(branch, {{"output", result.text()}})}});
  guarded(branch, [&] { complete(branch, result); });
}

void Fold::fail_task(Branch& branch, Failure failure) {
  end_attempt(branch);
  const auto& events = events_of(branch);
  json::object details;
  if (failure.error) details["error"] = *failure.error;
  if (failure.cause) details["cause"] = *failure.cause;
  emit(events.failed, branch, {{events.failed_details, task_details(branch, std::move(details))}});
  fail(branch, failure);
}

/// Which of its two timers fired does not matter: if the whole time is over, it is that timeout, so
/// that replay, which does not know the heartbeats, comes to the same result.
void Fold::time_out_task(Branch& branch) {
  const bool whole = branch.attempt.deadline && *branch.attempt.deadline <= now_;
  out_.commands.emplace_back(command::CancelTask{TaskId(branch.attempt.scheduled)});
  end_attempt(branch);
  const auto& events = events_of(branch);
  emit(events.timed_out, branch,
       {{events.timed_out_details, task_details(branch, {{"error", "States.Timeout"}})}});
  fail(branch, {"States.Timeout", std::nullopt, false, !whole});
}

bool Fold::beat(Branch* branch) {
  if (branch == nullptr) return false;
  if (!branch->attempt.heartbeat) return true;
  // The timer set before fires too early now, and is then set to this time.
  auto& timer = timers_.at(timer_id(TimerKind::heartbeat, branch->attempt.scheduled));
  timer.at = std::max(timer.at, now_ + *branch->attempt.heartbeat);
  return true;
}

void Fold::restart_heartbeats(WallTime now) {
  now_ =
      std::max(WallTime(std::chrono::ceil<milliseconds>(now.time_since_epoch())), last_event_at_);
  for (const auto& [scheduled, branch] : tasks_) beat(branch);
}

std::vector<std::string> Fold::open_tokens() const {
  std::vector<std::string> tokens;
  for (const auto& [token, branch] : tokens_) tokens.push_back(token);
  return tokens;
}

std::vector<Command> Fold::outstanding() const {
  std::vector<Command> commands;
  for (const auto& [scheduled, branch] : tasks_) {
    const auto& attempt = branch->attempt;
    // Its call was made; what is left to come is the token's.
    if (resource_of(*branch).waits_for_token && attempt.submitted) continue;
    commands.emplace_back(command::RunTask{
        TaskId(scheduled), branch->state->name, resource_of(*branch).text, attempt.parameters,
        attempt.token, attempt.role_arn, branch->retry_count + 1, attempt.submitted});
  }
  for (const auto& [id, timer] : timers_) commands.emplace_back(command::SetTimer{id, timer.at});
  return commands;
}

}  // namespace understudy::states
