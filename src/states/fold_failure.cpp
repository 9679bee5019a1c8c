// Retry, Catch, and giving up.

#include <fmt/format.h>

#include <boost/json.hpp>

#include "states/fold.h"

namespace understudy::states {

Failure Fold::failure_of(const Branch& branch, const EvaluationFailed& failed) {
  return {failed.error,
          fmt::format("An error occurred while executing the state '{}' (entered at the event id "
                      "#{}). {}",
                      branch.state->name, branch.entered, failed.what),
          failed.error == "States.Runtime"};
}

void Fold::fail(Branch& branch, const Failure& failure) {
  const bool was_fanned_out = branch.fan != nullptr;
  if (was_fanned_out) abort_children(branch, branch.last_event);
  if (!failure.final && retry(branch, failure)) return;
  if (was_fanned_out) {
    const bool is_map = branch.state->type() == StateType::map;
    emit(is_map ? EventType::map_state_failed : EventType::parallel_state_failed, branch);
  }
  if (failure.final) return end_branch_failed(branch, failure);
  try {
    if (catch_failure(branch, failure)) return;
  } catch (const EvaluationFailed& failed) {
    return end_branch_failed(branch, failure_of(branch, failed));
  }
  end_branch_failed(branch, failure);
}

/// The first retrier that takes the failure decides, also when it is used up. An attempt that
/// failed before it began anything would fail again, and would leave replay no trace of having been
/// made.
bool Fold::retry(Branch& branch, const Failure& failure) {
  if (branch.last_event == branch.begun_after) return false;
  const auto& retriers = branch.state->retriers;
  for (std::size_t i = 0; i < retriers.size(); ++i) {
    if (!takes(retriers[i].errors, failure)) continue;
    if (branch.retries[i] >= retriers[i].attempts_max) return false;
    const auto delay = retriers[i].delay(branch.retries[i], random_);
    ++branch.retries[i];
    ++branch.retry_count;
    branch.waits = Waits::for_retry;
    set_timer(TimerKind::retry, branch.last_event, &branch, now_ + delay);
    return true;
  }
  return false;
}

bool Fold::catch_failure(Branch& branch, const Failure& failure) {
  for (const auto& catcher : branch.state->catchers) {
    if (!takes(catcher.errors, failure)) continue;
    const auto text = [](const std::optional<std::string>& given) {
      return given ? json::value(*given) : json::value(nullptr);
    };
    const Data caught(json::object{{"Error", text(failure.error)}, {"Cause", text(failure.cause)}});
    const auto assigned = assign(branch, catcher.assign, caught);
    const auto output = catcher.result_path.place(branch.input, caught);
    leave(branch, output, assigned, &catcher.next);
    return true;
  }
  return false;
}

void Fold::end_branch_failed(Branch& branch, const Failure& failure) {
  if (branch.parent != nullptr) return branch_failed(branch, failure);
  json::object details;
  if (failure.error) details["error"] = *failure.error;
  if (failure.cause) details["cause"] = *failure.cause;
  branch.waits = Waits::over;
  emit(EventType::execution_failed, branch, {{"executionFailedEventDetails", std::move(details)}});
  finish({Status::failed, {}, failure.error, failure.cause});
}

}  // namespace understudy::states
