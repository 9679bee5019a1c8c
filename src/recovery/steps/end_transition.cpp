// CompleteTransition and AbortTransition: the lock is given back.

#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

StepOutput complete_transition(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);
  const auto is_over = [&](const Record& record) {
    return record.transition.number > transition.number ||
           (record.transition.number == transition.number &&
            record.transition.phase == Phase::none);
  };
  const auto complete = [&](const Record& seen, const std::string& nonce) -> Change {
    if (seen.transition.number != transition.number)
      return Error{After::unchanged_final, "another transition is under way"};
    return completed(seen, nonce);
  };
  const auto changed = change_record(world, transition, is_over, complete);
  if (const auto* failure = std::get_if<StepFailure>(&changed)) return *failure;
  const auto& record = std::get<Record>(changed);
  emit(world, "transition.completed", transition,
       {{"epoch", record.epoch}, {"active", record.active}});
  const bool unplanned = transition.kind == TransitionKind::failover;
  world.alerts.raise(
      {.subject = transition.execution + ": " + transition.target + " is active",
       .done = "promoted, switched, scaled and verified",
       .ask = unplanned ? "find out what happened to " + transition.from +
                              "; if this was automatic, understudy acknowledge: until then the "
                              "next one asks. Nothing fails back by itself"
                        : "",
       .key = transition.execution + ".completed"});
  return boost::json::object{{"epoch", record.epoch}, {"active", record.active}};
}

StepOutput abort_transition(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);
  const auto is_over = [&](const Record& record) {
    return record.transition.number != transition.number || record.transition.phase == Phase::none;
  };
  const auto changed = change_record(world, transition, is_over,
                                     [&](const Record& seen, const std::string& nonce) -> Change {
                                       auto next = aborted(seen, nonce);
                                       if (next && !world.guards.has(Guard::abort_raises_term))
                                         next->term = seen.term;
                                       return next;
                                     });
  if (const auto* failure = std::get_if<StepFailure>(&changed)) return *failure;
  const std::string why = text_at(object_at(input, "failure"), "Cause");
  emit(world, "transition.aborted", transition, {{"why", why}});
  world.alerts.raise({.subject = transition.execution + " was aborted",
                      .done = transition.from + " keeps the lease; nothing was promoted" +
                              (why.empty() ? "" : ": " + why),
                      .ask = "see whether " + transition.from + " serves; understudy status",
                      .key = transition.execution + ".aborted"});
  return boost::json::object{{"aborted", true}};
}

}  // namespace understudy
