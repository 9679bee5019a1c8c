#include "simulation/planned_moves.h"

#include <algorithm>

namespace understudy::simulation {

namespace {

constexpr const char* kWho = "somebody";
constexpr const char* kWhy = "a bad moment";

Error nothing(std::string what) { return {After::unchanged_final, std::move(what)}; }

/// The transition's name: one that was lost goes on under another.
std::string transition_of(const std::string& execution) {
  return execution.substr(0, execution.find("-again-"));
}

Result<Done> begun(const MoveDesk& desk, const Result<std::string>& execution, const Fault& order) {
  if (!execution) return execution.error();
  OrderBook& book = desk.stage.observers.orders();
  book.ordered(*execution, order.kind == FaultKind::failover_forced);
  return Done{};
}

TransitionWish wish_of(const Fault& order) {
  return {.who = kWho, .reason = kWhy, .ungraceful = order.other == 1};
}

/// Whatever it becomes: nobody knows its name before it runs.
Result<Done> move(const MoveDesk& desk, const Fault& order) {
  const auto execution = order.kind == FaultKind::switchover_ordered
                             ? desk.desk.switchover(wish_of(order))
                             : desk.desk.plan_failback(wish_of(order));
  if (execution && order.other == 1) desk.stage.observers.orders().made_ungraceful(*execution);
  return begun(desk, execution, order);
}

Result<Done> answer_failback(const MoveDesk& desk, bool approve) {
  for (const auto& question : desk.runner.questions()) {
    if (!question.execution.starts_with("failback-")) continue;
    if (approve) desk.stage.observers.orders().approved(question.execution);
    desk.stage.chronicle.reached(approve ? Mark::failback_approved : Mark::failback_declined);
    return desk.runner.answer(question, approve, kWho);
  }
  return nothing("no failback is planned");
}

Result<Done> control(const MoveDesk& desk, Control what) {
  auto running = desk.runner.running_now();
  // Whoever lets things go on, lets all of them.
  if (what == Control::resume) {
    for (const auto& each : running) {
      if (each.paused) (void)desk.runner.order(each.name, {what, kWho, kWhy});
      // What was not brought up is not found either.
      if (desk.stage.chronicle.marks().test(static_cast<std::size_t>(Mark::step_skipped)))
        (void)desk.runner.order(each.name, {Control::skip, kWho, kWhy, "VerifyRecovery"});
    }
    return Done{};
  }
  std::erase_if(running, [](const auto& each) { return each.name.starts_with("rejoin-"); });
  if (running.empty()) running = desk.runner.running_now();
  if (running.empty()) return nothing("nothing runs");
  const std::string& execution = running.front().name;
  if (what == Control::ungraceful)
    desk.stage.observers.orders().made_ungraceful(transition_of(execution));
  auto done = desk.runner.order(execution, {what, kWho, kWhy});
  if (!done) return done;
  constexpr std::array kMarks = {std::pair{Control::pause, Mark::execution_paused},
                                 std::pair{Control::retry, Mark::execution_retried},
                                 std::pair{Control::cancel, Mark::execution_cancelled},
                                 std::pair{Control::skip, Mark::step_skipped},
                                 std::pair{Control::ungraceful, Mark::made_ungraceful}};
  for (const auto& [control, mark] : kMarks) {
    if (control == what) desk.stage.chronicle.reached(mark);
  }
  return done;
}

}  // namespace

Result<Done> obey_move(const MoveDesk& desk, const Fault& order) {
  switch (order.kind) {
    case FaultKind::switchover_ordered:
    case FaultKind::failback_planned: return move(desk, order);
    case FaultKind::failback_answered: return answer_failback(desk, order.other == 1);
    case FaultKind::failover_forced:
      return begun(desk, desk.desk.force_failover(wish_of(order)), order);
    case FaultKind::execution_controlled: return control(desk, static_cast<Control>(order.other));
    case FaultKind::rejoin_ordered: {
      const auto execution = desk.rejoin_watch.begin({kWho, kWhy, order.other == 1});
      if (!execution) return execution.error();
      desk.stage.chronicle.reached(Mark::rejoin_ordered);
      return Done{};
    }
    default: {
      const auto record = desk.standby_watch.detach(kWho);
      if (!record) return record.error();
      return Done{};
    }
  }
}

}  // namespace understudy::simulation
