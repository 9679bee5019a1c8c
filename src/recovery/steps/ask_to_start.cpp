// AskToStart: a failover is wanted, and a person must let it begin. Nothing has been changed yet.
// The document waits for the answer by task token; this only asks.

#include <fmt/format.h>

#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

namespace {

/// I6: nothing fails back without a yes.
StepOutput ask_to_move(Orchestration& world, const TransitionInput& transition,
                       const boost::json::object& decision) {
  const std::string question = fmt::format("{}: move from {} to {}?", transition.execution,
                                           transition.from, transition.target);
  emit(world, "operator.asked", transition,
       {{"question", question}, {"why", text_at(decision, "because")}});
  world.alerts.raise({.subject = question,
                      .done = "nothing was changed; planned by " + text_at(decision, "by"),
                      .ask = "understudy failback approve or understudy failback decline; the "
                             "question lapses by itself",
                      .key = transition.execution + ".start"});
  return boost::json::object{{"question", question}};
}

}  // namespace

StepOutput ask_to_start(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);
  const auto& decision = object_at(input, "decision");
  if (transition.kind != TransitionKind::failover) return ask_to_move(world, transition, decision);
  const std::string question = fmt::format("{}: {}; fail over to {}?", transition.from,
                                           text_at(decision, "because"), transition.target);
  const std::string why = text_at(object_at(decision, "permission"), "because");
  emit(world, "operator.asked", transition, {{"question", question}, {"why", why}});
  world.alerts.raise({.subject = question,
                      .done = "nothing was changed; it asks since " + why,
                      .ask = "understudy approve (fail over) or understudy decline (stay)",
                      .key = transition.execution + ".start"});
  return boost::json::object{{"question", question}};
}

}  // namespace understudy
