// The execution runner's other half: what operators order of an execution that runs, and what that
// does to its steps. Between states: nothing that runs is interrupted, but what it did no longer
// counts.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "controller/execution_run.h"

namespace understudy {

namespace json = boost::json;

namespace {

std::string_view to_string(Control control) {
  switch (control) {
    case Control::pause: return "paused";
    case Control::resume: return "resumed";
    case Control::retry: return "retried";
    case Control::cancel: return "cancelled";
    case Control::skip: return "skipped";
    case Control::graceful: return "made_graceful";
    case Control::ungraceful: return "made_ungraceful";
  }
  return "?";
}

Error refused(std::string what) { return {After::unchanged_final, std::move(what)}; }

bool may_skip(const Step& step) { return step.leave == Leave::skip || step.leave == Leave::either; }
bool may_cancel(const Step& step) {
  return step.leave == Leave::cancel || step.leave == Leave::either;
}

/// What an order is judged by: where the execution is.
struct Whereabouts {
  std::string name;
  std::string state;           ///< that the order is about
  const Step* step = nullptr;  ///< of that state; none: it was not entered
  bool ended = false;
  bool paused = false;
  bool step_runs = false;
  bool asks = false;
  bool waits = false;  ///< for a time
};

std::optional<Error> not_to_cancel(const Whereabouts& is) {
  if (is.step == nullptr) return refused(is.name + " has not begun its first step yet");
  if (may_cancel(*is.step)) return std::nullopt;
  if (is.step->leave != Leave::before_it_runs) {
    return refused(fmt::format("{} is in {}: the point of no return is passed, or it ends anyway",
                               is.name, is.state));
  }
  if (!is.step_runs) return std::nullopt;
  return refused(
      fmt::format("{} is in {}, which runs to its end: try again in a moment", is.name, is.state));
}

std::optional<Error> not_to_skip(const Whereabouts& is, const ControlOrder& order) {
  if (order.comment.empty()) return refused("to skip needs a comment");
  if (is.step == nullptr) return refused(fmt::format("{} has not entered {}", is.name, is.state));
  if (may_skip(*is.step)) return std::nullopt;
  return refused(is.state + " keeps a promise, and is not skipped");
}

/// Why the order is not obeyed; none if it is.
std::optional<Error> objection(const Whereabouts& is, const ControlOrder& order) {
  if (is.ended) return refused(is.name + " has ended");
  switch (order.what) {
    case Control::pause: return std::nullopt;
    case Control::resume:
      if (is.paused) return std::nullopt;
      return refused(is.name + " is not paused");
    case Control::retry:
      if (is.waits && !is.step_runs && !is.asks) return std::nullopt;
      return refused(is.name + " does not wait for a time");
    case Control::cancel: return not_to_cancel(is);
    case Control::skip: return not_to_skip(is, order);
    case Control::graceful:
    case Control::ungraceful:
      if (!is.name.starts_with("failover-")) return std::nullopt;
      return refused("a failover is ungraceful; only a planned move can be graceful");
  }
  return std::nullopt;
}

/// The orders as they will be.
OrdersInForce changed(OrdersInForce orders, const ControlOrder& order, const std::string& state) {
  switch (order.what) {
    case Control::pause: orders.paused = order; break;
    case Control::resume: orders.paused.reset(); break;
    case Control::cancel:
      orders.cancelled = order;
      orders.paused.reset();  // to cancel is to go on, to the abort
      break;
    case Control::skip: orders.skipped[state] = order; break;
    case Control::ungraceful: orders.ungraceful = order; break;
    case Control::graceful: orders.ungraceful.reset(); break;
    case Control::retry: break;
  }
  return orders;
}

json::object to_json(const ControlOrder& order) {
  return {{"who", order.who}, {"comment", order.comment}};
}

json::object to_json(const OrdersInForce& orders) {
  json::object kept;
  if (orders.paused) kept["paused"] = to_json(*orders.paused);
  if (orders.cancelled) kept["cancelled"] = to_json(*orders.cancelled);
  if (orders.ungraceful) kept["ungraceful"] = to_json(*orders.ungraceful);
  json::object skipped;
  for (const auto& [state, order] : orders.skipped) skipped[state] = to_json(order);
  kept["skipped"] = std::move(skipped);
  return kept;
}

ControlOrder order_from(Control what, const json::value& kept) {
  const json::object& object = kept.as_object();
  return {what, json::value_to<std::string>(object.at("who")),
          json::value_to<std::string>(object.at("comment"))};
}

OrdersInForce orders_from(const json::object& kept) {
  OrdersInForce orders;
  if (const auto* at = kept.if_contains("paused")) orders.paused = order_from(Control::pause, *at);
  if (const auto* at = kept.if_contains("cancelled"))
    orders.cancelled = order_from(Control::cancel, *at);
  if (const auto* at = kept.if_contains("ungraceful"))
    orders.ungraceful = order_from(Control::ungraceful, *at);
  for (const auto& [state, order] : kept.at("skipped").as_object())
    orders.skipped[state] = order_from(Control::skip, order);
  return orders;
}

std::string name_of_orders(const std::string& execution) { return "orders/" + execution; }

json::object skipped_output(const ControlOrder& order) {
  return {{"skipped", true}, {"by", order.who}, {"comment", order.comment}};
}

}  // namespace

Result<Done> ExecutionRunner::order(const std::string& execution, const ControlOrder& order) {
  const auto run = find(execution);
  if (!run) return refused("no running execution named \"" + execution + "\"");
  if (auto kept = keep_order(*run, order); !kept) return kept;
  world_.events.emit("operator.controlled", {{"execution", execution},
                                             {"what", to_string(order.what)},
                                             {"state", order.state},
                                             {"who", order.who},
                                             {"comment", order.comment}});
  apply(*run, order);
  run->signal->notify();
  return Done{};
}

/// Why this order is not obeyed now. Requires: the run's lock is held.
std::optional<Error> ExecutionRunner::objection_to(const Run& run, const ControlOrder& order) {
  const std::string& state = order.state.empty() ? run.state : order.state;
  const auto step = run.steps.find(state);
  return objection({.name = run.name,
                    .state = state,
                    .step = step == run.steps.end() ? nullptr : step->second,
                    .ended = run.finished,
                    .paused = run.orders.paused.has_value(),
                    .step_runs = !run.underway.empty(),
                    .asks = !run.questions.empty(),
                    .waits = run.waits_for_time},
                   order);
}

/// On the disk before it is obeyed. The execution goes on while it is written, so it is judged once
/// more: who is told that it was cancelled may believe it.
Result<Done> ExecutionRunner::keep_order(Run& run, const ControlOrder& order) {
  const auto write = [&](const OrdersInForce& orders) {
    return journal_.keep(name_of_orders(run.name), json::serialize(to_json(orders)));
  };
  OrdersInForce before;
  OrdersInForce next;
  {
    const std::lock_guard held(run.lock);
    if (auto why = objection_to(run, order)) return *why;
    if (run.ordering)
      return Error{After::unchanged_retry, "another order is just being written: once more"};
    run.ordering = true;
    before = run.orders;
    next = changed(run.orders, order, order.state.empty() ? run.state : order.state);
  }
  auto kept = write(next);
  std::optional<Error> too_late;
  if (kept) {
    const std::lock_guard held(run.lock);
    if (order.what == Control::cancel) too_late = objection_to(run, order);
    if (!too_late) run.orders = std::move(next);
  }
  if (too_late) {
    if (auto taken_back = write(before); !taken_back)
      too_late->what += "; but it stands in the journal: " + taken_back.error().what;
  }
  const std::lock_guard held(run.lock);
  run.ordering = false;
  if (too_late) return *too_late;
  return kept;
}

/// What an order does to what is under way.
void ExecutionRunner::apply(Run& run, const ControlOrder& order) {
  std::vector<states::Stimulus> posts;
  {
    const std::lock_guard held(run.lock);
    const std::string& state = order.state.empty() ? run.state : order.state;
    const bool cancels = order.what == Control::cancel;
    const bool skips = order.what == Control::skip;
    const bool only_waits = run.underway.empty() && run.questions.empty();
    if (order.what == Control::retry || ((cancels || skips) && only_waits)) run.retry_now = true;
    for (const auto& [task, of] : run.underway) {
      if (skips && of == state)
        posts.emplace_back(states::stimulus::TaskSucceeded{task, skipped_output(order)});
      if (cancels && may_cancel(*run.steps.at(of))) {
        posts.emplace_back(states::stimulus::TaskFailed{task, std::string(kCancelled),
                                                        "cancelled by " + order.who});
      }
    }
    if (cancels && !run.questions.empty()) {
      posts.emplace_back(states::stimulus::TokenFailed{
          run.questions.begin()->first, std::string(kCancelled), "cancelled by " + order.who});
      run.questions.clear();
    }
  }
  for (states::Stimulus& each : posts) run.post(std::move(each));
}

Result<Done> ExecutionRunner::recall_orders(Run& run) {
  auto kept = journal_.kept(name_of_orders(run.name));
  if (!kept) return kept.error();
  if (kept->empty()) return Done{};
  boost::system::error_code unreadable;
  const json::value text = json::parse(*kept, unreadable);
  if (unreadable || !text.is_object()) return refused("what was ordered of it cannot be read");
  run.orders = orders_from(text.get_object());
  return Done{};
}

/// Notes that a step is about to run; its output, if operators have ordered it not to.
std::optional<StepOutput> ExecutionRunner::begin_step(Run& run, const Step& step,
                                                      const states::command::RunTask& task) {
  const std::lock_guard held(run.lock);
  run.state = task.state;
  run.steps[task.state] = &step;
  const auto& cancelled = run.orders.cancelled;
  if (cancelled && (may_cancel(step) || step.leave == Leave::before_it_runs))
    return StepFailure{std::string(kCancelled), "cancelled by " + cancelled->who};
  const auto skipped = run.orders.skipped.find(task.state);
  if (skipped != run.orders.skipped.end()) return skipped_output(skipped->second);
  if (!task.token.empty()) run.questions[task.token] = task.state;
  run.underway[task.task] = task.state;
  return std::nullopt;
}

bool ExecutionRunner::ungraceful(const std::string& execution) const {
  const std::lock_guard held(lock_);
  return std::any_of(runs_.begin(), runs_.end(), [&](const auto& each) {
    const auto& [name, run] = each;
    // One that was lost goes on under another name.
    if (name != execution && !name.starts_with(execution + "-again-")) return false;
    const std::lock_guard run_held(run->lock);
    return !run->finished && run->orders.ungraceful.has_value();
  });
}

bool ExecutionRunner::transition_running() const {
  const std::lock_guard held(lock_);
  return std::any_of(runs_.begin(), runs_.end(), [](const auto& each) {
    const auto& [name, run] = each;
    const std::lock_guard run_held(run->lock);
    if (run->finished || name.starts_with("rejoin-")) return false;
    const bool asks = std::any_of(run->questions.begin(), run->questions.end(),
                                  [](const auto& asked) { return asked.second == kAskToStart; });
    return !asks || name.starts_with("failover-");
  });
}

std::vector<ExecutionRunner::Running> ExecutionRunner::running_now() const {
  std::vector<Running> all;
  const std::lock_guard held(lock_);
  for (const auto& [name, run] : runs_) {
    const std::lock_guard run_held(run->lock);
    if (run->finished) continue;
    all.push_back({.name = name,
                   .state = run->state,
                   .paused = run->orders.paused.has_value(),
                   .cancelled = run->orders.cancelled.has_value(),
                   .ungraceful = run->orders.ungraceful.has_value()});
  }
  return all;
}

}  // namespace understudy
