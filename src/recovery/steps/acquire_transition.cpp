// AcquireTransition: the global lock. One compare-and-swap makes this execution the owner of the
// one transition that may be under way (I5).

#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

StepOutput acquire_transition(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);

  const auto is_ours = [&](const Record& record) {
    return record.transition.execution == transition.execution &&
           record.transition.phase != Phase::none;
  };
  const auto open = [&](const Record& seen, const std::string& nonce) -> Change {
    if (seen.active != transition.from) {
      return Error{After::unchanged_final, seen.active + " is active, not " + transition.from};
    }
    return opened(seen,
                  {transition.kind, world.topology.platform, transition.target, transition.number},
                  nonce);
  };
  auto record = change_record(world, transition, is_ours, open);
  if (auto* failure = std::get_if<StepFailure>(&record)) {
    if (failure->error == kTransitionLost) failure->error = kTransitionInProgress;
    return *failure;
  }
  const auto& held = std::get<Record>(record);
  emit(world, "transition.opened", transition,
       {{"epoch", held.epoch}, {"term", held.term}, {"target", transition.target}});
  return boost::json::object{
      {"epoch", held.epoch}, {"term", held.term}, {"phase", to_string(held.transition.phase)}};
}

}  // namespace understudy
