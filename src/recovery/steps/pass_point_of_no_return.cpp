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
  // R11 once more, on this process's own clock: the document's wait is no proof.
  std::optional<StepFailure> unproved;
  const auto prove = [&](const Record& seen) {
    if (!world.guards.has(Guard::point_of_no_return_proof)) return;
    const auto promises_over_at = revoke_other_grantors(world, seen);
    if (const auto* failure = std::get_if<StepFailure>(&promises_over_at)) {
      unproved = *failure;
      return;
    }
    const bool acknowledged = text_at(fence, "by") == "acknowledgement" &&
                              number_at(fence, "term", 0) == static_cast<std::int64_t>(seen.term);
    const bool caught_up = flag_at(object_at(input, "lag"), "drained");
    const bool proved = acknowledged && caught_up;
    if (graceful(world, transition, input) && !proved && world.guards.has(Guard::graceful_proof)) {
      unproved = {
          std::string(kNotGraceful),
          "a planned move needs the old region's acknowledgement, and its last write on the "
          "target (R22)"};
      return;
    }
    const auto lease_over_at = world.lease_observer.over_at(seen);
    const BootTime now = world.clock.boot();
    if (!acknowledged &&
        (!lease_over_at || now < *lease_over_at || now < std::get<BootTime>(promises_over_at))) {
      unproved = {std::string(kNotYet), "a lease of the old region may still be alive"};
    }
  };
  const auto pass = [&](const Record& seen, const std::string& nonce) -> Change {
    if (seen.transition.number != transition.number)
      return Error{After::unchanged_final, "another transition took over"};
    unproved.reset();
    if (seen.transition.phase == Phase::revoked) prove(seen);
    if (unproved) return Error{After::unchanged_retry, unproved->cause};
    return promoting(seen, nonce);
  };
  const auto changed = change_record(world, transition, is_promoting, pass);
  if (const auto* failure = std::get_if<StepFailure>(&changed)) return unproved.value_or(*failure);
  const std::uint64_t epoch = std::get<Record>(changed).epoch;
  emit(world, "transition.point_of_no_return", transition, {{"epoch", epoch + 1}});
  return boost::json::object{{"passed", true}};
}

}  // namespace understudy
