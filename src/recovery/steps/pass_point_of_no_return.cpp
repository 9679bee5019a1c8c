// PassPointOfNoReturn: recorded before the first promote command (R13). The last step whose failure
// aborts: whatever it fails with, the record still says revoked, or another transition took over.

#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

StepOutput pass_point_of_no_return(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);
  const auto& fence = object_at(input, "fence");
  if (!flag_at(fence, "fenced")) {
    return StepFailure{std::string(kBadInput),
                       "nothing is promoted before the old region is fenced off"};
  }
  const auto is_promoting = [&](const Record& record) {
    return record.transition.number == transition.number &&
           record.transition.phase >= Phase::promoting;
  };
  const auto pass = [&](const Record& seen, const std::string& nonce) -> Change {
    if (seen.transition.number != transition.number)
      return Error{After::unchanged_final, "another transition took over"};
    // R11 once more, on this process's own clock: the document's wait is no proof.
    const auto over_at = world.lease_observer.over_at(seen);
    const bool acknowledged = text_at(fence, "by") == "acknowledgement" &&
                              number_at(fence, "term", 0) == static_cast<std::int64_t>(seen.term);
    const bool asked_for = world.guards.has(Guard::point_of_no_return_proof);
    if (asked_for && !acknowledged && (!over_at || world.clock.boot() < *over_at))
      return Error{After::unchanged_retry, "a lease of the old region may still be alive"};
    return promoting(seen, nonce);
  };
  const auto changed = change_record(world, transition, is_promoting, pass);
  if (const auto* failure = std::get_if<StepFailure>(&changed)) return *failure;
  const std::uint64_t epoch = std::get<Record>(changed).epoch;
  emit(world, "transition.point_of_no_return", transition, {{"epoch", epoch + 1}});
  return boost::json::object{{"passed", true}};
}

}  // namespace understudy
