#include "states/fold.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/ensure.h"

namespace understudy::states {
namespace {

/// Step Functions ends an execution there; here it also bounds what one step can do.
constexpr std::uint64_t kEventsMax = 25'000;

void put(json::object& details, const char* name, const std::optional<std::string>& text) {
  if (text) details[name] = *text;
}

json::object error_details(const char* name, const std::optional<std::string>& error,
                           const std::optional<std::string>& cause) {
  json::object inner;
  put(inner, "error", error);
  put(inner, "cause", cause);
  return {{name, std::move(inner)}};
}

}  // namespace

Fold::Fold(std::shared_ptr<const Machine> machine, ExecutionInfo info)
    : machine_(std::move(machine)), info_(std::move(info)), random_(info_.seed) {
  ensure(machine_ != nullptr, "an execution runs a machine");
}

Fold::~Fold() = default;

Advanced Fold::advance(Stimulus stimulus, WallTime now) {
  out_ = {};
  now_ =
      std::max(WallTime(std::chrono::ceil<milliseconds>(now.time_since_epoch())), last_event_at_);
  if (finished_) return {};
  out_.accepted = std::visit([this](auto& told) { return take(std::move(told)); }, stimulus);
  run_ready();
  dead_.clear();
  return std::move(out_);
}

void Fold::run_ready() {
  while (!ready_.empty() && !finished_) {
    if (events_ >= kEventsMax) {
      const auto cause = "The execution reached the maximum number of history events (25000).";
      emit(EventType::execution_failed, events_,
           error_details("executionFailedEventDetails", "States.Runtime", cause));
      finish({Status::failed, {}, "States.Runtime", cause});
      return;
    }
    auto* branch = ready_.front();
    ready_.pop_front();
    if (branch->waits == Waits::to_be_entered) enter(*branch);
  }
}

std::uint64_t Fold::emit(EventType type, std::uint64_t previous, json::object details) {
  last_event_at_ = now_;
  out_.events.push_back({++events_, previous, type, now_, std::move(details)});
  return events_;
}

std::uint64_t Fold::emit(EventType type, Branch& branch, json::object details) {
  // Step Functions chains the first state's event to nothing, not to ExecutionStarted.
  const auto previous = branch.last_event == 1 ? 0 : branch.last_event;
  branch.last_event = emit(type, previous, std::move(details));
  return branch.last_event;
}

void Fold::finish(command::Finished finished) {
  for (const auto& [scheduled, branch] : tasks_) {
    out_.commands.emplace_back(command::CancelTask{TaskId(scheduled)});
  }
  for (const auto& [id, timer] : timers_) out_.commands.emplace_back(command::CancelTimer{id});
  tasks_.clear();
  tokens_.clear();
  timers_.clear();
  ready_.clear();
  finished_ = std::move(finished);
  out_.commands.emplace_back(*finished_);
}

TimerId Fold::timer_id(TimerKind kind, std::uint64_t event) {
  return TimerId(event * 4 + static_cast<std::uint64_t>(kind));
}

void Fold::set_timer(TimerKind kind, std::uint64_t event, Branch* branch, WallTime at) {
  const auto id = timer_id(kind, event);
  timers_.insert_or_assign(id, Timer{kind, branch, at});
  out_.commands.emplace_back(command::SetTimer{id, at});
}

void Fold::cancel_timer(TimerKind kind, std::uint64_t event) {
  const auto id = timer_id(kind, event);
  if (timers_.erase(id) > 0) out_.commands.emplace_back(command::CancelTimer{id});
}

bool Fold::take(stimulus::Started started) {
  if (events_ > 0) return false;
  input_ = Data(std::move(started.input));
  started_at_ = now_;
  const auto& flow = machine_->flow();
  emit(EventType::execution_started, 0,
       {{"executionStartedEventDetails",
         json::object{{"input", input_.text()}, {"roleArn", info_.role_arn}}}});
  if (flow.timeout_s) {
    set_timer(TimerKind::timeout, events_, nullptr, now_ + std::chrono::seconds(*flow.timeout_s));
  }
  root_ = std::make_unique<Branch>(nullptr, 0, flow, events_);
  make_ready(*root_, *flow.start, input_);
  return true;
}

bool Fold::take(stimulus::TaskSubmitted submitted) {
  auto* branch = task_branch(submitted.task);
  if (branch == nullptr || branch->attempt.submitted) return false;
  submit(*branch, std::move(submitted.output));
  return true;
}

bool Fold::take(stimulus::TaskSucceeded succeeded) {
  auto* branch = task_branch(succeeded.task);
  if (branch == nullptr) return false;
  if (std::get<TaskFields>(branch->state->fields).resource.waits_for_token) {
    return take(stimulus::TaskSubmitted{succeeded.task, std::move(succeeded.output)});
  }
  succeed_task(*branch, std::move(succeeded.output));
  return true;
}

bool Fold::take(const stimulus::TaskFailed& failed) {
  auto* branch = task_branch(failed.task);
  if (branch == nullptr) return false;
  fail_task(*branch, {failed.error, failed.cause});
  return true;
}

bool Fold::take(const stimulus::TaskHeartbeat& heartbeat) {
  return beat(task_branch(heartbeat.task));
}

bool Fold::take(stimulus::TokenSucceeded succeeded) {
  auto* branch = token_branch(succeeded.token);
  if (branch == nullptr) return false;
  succeed_task(*branch, std::move(succeeded.output));
  return true;
}

bool Fold::take(const stimulus::TokenFailed& failed) {
  auto* branch = token_branch(failed.token);
  if (branch == nullptr) return false;
  fail_task(*branch, {failed.error, failed.cause});
  return true;
}

bool Fold::take(const stimulus::TokenHeartbeat& heartbeat) {
  return beat(token_branch(heartbeat.token));
}

bool Fold::take(const stimulus::TimerFired& fired) {
  const auto found = timers_.find(fired.timer);
  if (found == timers_.end()) return false;
  const auto timer = found->second;
  if (now_ < timer.at) {
    out_.commands.emplace_back(command::SetTimer{fired.timer, timer.at});
    return true;
  }
  timers_.erase(found);
  if (timer.branch == nullptr) {
    emit(EventType::execution_timed_out, 0,
         error_details("executionTimedOutEventDetails", "States.Timeout", std::nullopt));
    finish({Status::timed_out, {}, "States.Timeout", std::nullopt});
    return true;
  }
  switch (timer.kind) {
    case TimerKind::wait:
      guarded(*timer.branch, [&] { complete(*timer.branch, timer.branch->effective); });
      break;
    case TimerKind::retry: guarded(*timer.branch, [&] { begin(*timer.branch); }); break;
    case TimerKind::timeout:
    case TimerKind::heartbeat: time_out_task(*timer.branch); break;
  }
  return true;
}

bool Fold::take(const stimulus::Stop& stop) {
  if (events_ == 0) return false;
  emit(EventType::execution_aborted, 0,
       error_details("executionAbortedEventDetails", stop.error, stop.cause));
  finish({Status::aborted, {}, stop.error, stop.cause});
  return true;
}

}  // namespace understudy::states
