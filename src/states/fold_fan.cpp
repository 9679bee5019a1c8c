// Parallel and Map states: starting branches, gathering what they give, ending the rest when one
// fails.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>

#include "states/fold.h"

namespace understudy::states {
namespace {

json::object iteration_details(const char* name, const Branch& map, std::size_t index) {
  return {
      {name, json::object{{"name", map.state->name}, {"index", static_cast<std::int64_t>(index)}}}};
}

/// A whole number, or the text of one.
std::optional<std::int64_t> number_or_text(const json::value& value) {
  if (const auto number = whole_number(value)) return number;
  const auto* text = value.if_string();
  if (text == nullptr) return std::nullopt;
  std::int64_t number = 0;
  const auto* end = text->data() + text->size();
  const auto [stopped, failed] = std::from_chars(text->data(), end, number);
  if (failed != std::errc() || stopped != end) return std::nullopt;
  return number;
}

}  // namespace

void Fold::begin_parallel(Branch& branch, const ParallelFields& parallel) {
  auto input = branch.effective;
  if (const auto& parameters = branch.state->parameters) {
    input = parameters->evaluate(Evaluation(*this, branch, branch.effective).scope());
  }
  emit(EventType::parallel_state_started, branch);
  branch.waits = Waits::for_branches;
  branch.fan = std::make_unique<FanOut>();
  auto& fan = *branch.fan;
  fan.total = fan.next = fan.live = parallel.branches.size();
  fan.results.resize(fan.total);
  for (std::size_t i = 0; i < fan.total; ++i) {
    const auto& flow = parallel.branches[i];
    fan.branches.push_back(std::make_unique<Branch>(&branch, i, flow, branch.last_event));
    make_ready(*fan.branches.back(), *flow.start, input);
  }
}

std::size_t Fold::concurrency(Branch& branch, const MapFields& map, std::size_t total) {
  auto most = map.concurrency_max.constant.value_or(0);
  if (const auto& path = map.concurrency_max.path) {
    const Evaluation evaluation(*this, branch, branch.effective);
    const auto found = path->find(evaluation.scope());
    const auto* data = std::get_if<Data>(&found);
    const auto number = data == nullptr ? std::nullopt : number_or_text(data->value());
    if (!number || *number < 0) {
      throw runtime_failure(fmt::format(
          "The MaxConcurrencyPath field refers to value {} which is not a valid integer: {}",
          data == nullptr ? "null" : data->text(), path->text()));
    }
    most = *number;
  }
  return most == 0 ? total : static_cast<std::size_t>(most);
}

std::optional<std::size_t> Fold::tolerated(Branch& branch, const MapFields& map,
                                           std::size_t total) {
  const auto read = [&](const NumberField& field, std::int64_t most,
                        std::string_view name) -> std::optional<std::int64_t> {
    if (!field.path) return field.constant;
    const Evaluation evaluation(*this, branch, branch.effective);
    const auto found = field.path->find(evaluation.scope());
    const auto* data = std::get_if<Data>(&found);
    const auto number = data == nullptr ? std::nullopt : number_or_text(data->value());
    if (number && *number >= 0 && *number <= most) return number;
    throw runtime_failure(
        fmt::format("The {}Path field does not refer to a whole number from 0 to {}: {}", name,
                    most, field.path->text()));
  };
  const auto count = read(map.tolerated_count, 99'999'999, "ToleratedFailureCount");
  const auto percentage = read(map.tolerated_percentage, 100, "ToleratedFailurePercentage");
  if (!count && !percentage) return std::nullopt;
  auto most = total;
  if (count) most = std::min(most, static_cast<std::size_t>(*count));
  if (percentage) most = std::min(most, total * static_cast<std::size_t>(*percentage) / 100);
  return most;
}

void Fold::begin_map(Branch& branch, const MapFields& map) {
  auto items = branch.effective;
  if (map.items_path) {
    const Evaluation evaluation(*this, branch, branch.effective);
    auto found = map.items_path->find(evaluation.scope());
    if (const auto* missing = std::get_if<JsonPath::Missing>(&found)) {
      throw runtime_failure(
          fmt::format("Invalid path '{}' : {}", map.items_path->text(), missing->why));
    }
    items = std::get<Data>(std::move(found));
  }
  const auto* array = items.value().if_array();
  if (array == nullptr) {
    throw runtime_failure(fmt::format("Reference path \"{}\" must point to array.",
                                      map.items_path ? map.items_path->text() : "$"));
  }
  auto fan = std::make_unique<FanOut>();
  fan->total = array->size();
  fan->live_max = concurrency(branch, map, fan->total);
  fan->failed_max = tolerated(branch, map, fan->total);
  fan->branches.resize(fan->total);
  fan->results.resize(fan->total);
  fan->items = std::move(items);
  emit(EventType::map_state_started, branch,
       {{"mapStateStartedEventDetails",
         json::object{{"length", static_cast<std::int64_t>(fan->total)}}}});
  branch.waits = Waits::for_branches;
  branch.fan = std::move(fan);
  if (branch.fan->total == 0) return settle(branch, branch.last_event, branch.last_event);
  start_iterations(branch, branch.last_event);
}

/// An item that cannot be selected fails the Map itself, not an iteration.
void Fold::start_iterations(Branch& branch, std::uint64_t previous) {
  const auto& map = std::get<MapFields>(branch.state->fields);
  while (branch.fan && branch.fan->next < branch.fan->total &&
         branch.fan->live < branch.fan->live_max) {
    auto& fan = *branch.fan;
    const auto index = fan.next++;
    const auto item = fan.items.part(fan.items.value().get_array()[index]);
    auto input = item;
    if (map.item_selector) {
      const Evaluation evaluation(*this, branch, branch.effective, index, item);
      input = map.item_selector->evaluate(evaluation.scope());
    }
    const auto started = emit(EventType::map_iteration_started, previous,
                              iteration_details("mapIterationStartedEventDetails", branch, index));
    auto& child = fan.branches[index];
    child = std::make_unique<Branch>(&branch, index, map.processor, started);
    child->item = item;
    ++fan.live;
    make_ready(*child, *map.processor.start, std::move(input));
  }
}

void Fold::branch_succeeded(Branch& child, const Data& output) {
  auto& branch = *child.parent;
  auto settled = child.last_event;
  if (branch.state->type() == StateType::map) {
    settled = emit(EventType::map_iteration_succeeded, child.last_event,
                   iteration_details("mapIterationSucceededEventDetails", branch, child.index));
  }
  branch.fan->results[child.index] = output;
  settle(branch, child.last_event, settled);
}

void Fold::branch_failed(Branch& child, const Failure& failure) {
  auto& branch = *child.parent;
  auto& fan = *branch.fan;
  auto passed_on = failure;
  if (branch.state->type() == StateType::map) {
    const auto settled =
        emit(EventType::map_iteration_failed, child.last_event,
             iteration_details("mapIterationFailedEventDetails", branch, child.index));
    ++fan.failed;
    if (!failure.final && fan.failed_max) {
      if (fan.failed <= *fan.failed_max) return settle(branch, child.last_event, settled);
      passed_on = {"States.ExceedToleratedFailureThreshold",
                   "The specified tolerated failure threshold was exceeded"};
    }
  }
  child.waits = Waits::over;
  abort_state(child, child.last_event);
  branch.last_event = child.last_event;
  fail(branch, passed_on);
}

/// `child_last` is the last event of the branch that just ended, `settled` the one that says so.
void Fold::settle(Branch& branch, std::uint64_t child_last, std::uint64_t settled) {
  auto& fan = *branch.fan;
  const bool is_map = branch.state->type() == StateType::map;
  if (fan.live > 0) --fan.live;
  if (fan.next < fan.total) {
    branch.last_event = child_last;
    return guarded(branch, [&] { start_iterations(branch, child_last); });
  }
  if (fan.live > 0) return;
  emit(is_map ? EventType::map_state_succeeded : EventType::parallel_state_succeeded, settled);
  branch.last_event = settled;
  json::array results;
  for (const auto& result : fan.results) {
    if (result) results.push_back(result->value());
  }
  bury(branch);
  guarded(branch, [&] { complete(branch, Data(std::move(results))); });
}

void Fold::bury(Branch& branch) {
  dead_.push_back(std::move(branch.fan));
  branch.fan.reset();
}

void Fold::abort_children(Branch& branch, std::uint64_t previous) {
  for (auto& child : branch.fan->branches) {
    if (!child || child->waits == Waits::over) continue;
    if (branch.state->type() == StateType::map) {
      emit(EventType::map_iteration_aborted, previous,
           iteration_details("mapIterationAbortedEventDetails", branch, child->index));
    }
    abort_branch(*child, previous);
  }
  bury(branch);
}

void Fold::abort_branch(Branch& branch, std::uint64_t previous) {
  switch (branch.waits) {
    case Waits::for_task:
      out_.commands.emplace_back(command::CancelTask{TaskId(branch.attempt.scheduled)});
      end_attempt(branch);
      break;
    case Waits::for_timer: cancel_timer(TimerKind::wait, branch.entered); break;
    case Waits::for_retry: cancel_timer(TimerKind::retry, branch.last_event); break;
    case Waits::for_branches: abort_children(branch, previous); break;
    case Waits::to_be_entered:
    case Waits::over: break;
  }
  if (branch.waits != Waits::to_be_entered) abort_state(branch, previous);
  branch.waits = Waits::over;
}

/// Only states that take time can be interrupted.
void Fold::abort_state(const Branch& branch, std::uint64_t previous) {
  switch (branch.state->type()) {
    case StateType::task: emit(EventType::task_state_aborted, previous); break;
    case StateType::wait: emit(EventType::wait_state_aborted, previous); break;
    case StateType::parallel: emit(EventType::parallel_state_aborted, previous); break;
    case StateType::map: emit(EventType::map_state_aborted, previous); break;
    default: break;
  }
}

}  // namespace understudy::states
