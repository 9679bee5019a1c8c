// AskOperator: a person must decide. The document waits for the answer by task token; this only
// asks.

#include <fmt/format.h>

#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

StepOutput ask_operator(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);
  const auto& lag = object_at(input, "lag");
  const auto lag_ms = number_at(lag, "lag_ms", -1);
  const std::string loss = lag_ms < 0
                               ? std::string("an unknown amount of time")
                               : fmt::format("up to {:.1f} s", static_cast<double>(lag_ms) / 1000);
  const std::string question = fmt::format(
      "{} may lack {} of acknowledged writes of {}; the budget is {:.1f} s", transition.target,
      loss, transition.from, static_cast<double>(to_ms(world.topology.policy.lag_budget)) / 1000);
  emit(world, "operator.asked", transition, {{"question", question}});
  world.alerts.raise(
      {.subject = fmt::format("{}: a person must decide", transition.execution),
       .done = question + "; nothing was promoted, nobody writes",
       .ask = "understudy approve --accept-loss (go on) or understudy decline (abort)",
       .key = transition.execution + ".approval"});
  return boost::json::object{{"question", question}};
}

}  // namespace understudy
