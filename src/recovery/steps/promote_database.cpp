// PromoteDatabase: the point of no return, recorded before the first promote command (R13).
// Idempotent; success is seen, not heard (R14).

#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

namespace {
constexpr Duration kPromotion = std::chrono::seconds(5);
}

StepOutput promote_database(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);
  if (!flag_at(object_at(input, "fence"), "fenced")) {
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
    const bool acknowledged =
        text_at(object_at(input, "fence"), "by") == "acknowledgement" &&
        number_at(object_at(input, "fence"), "term", 0) == static_cast<std::int64_t>(seen.term);
    if (!acknowledged && (!over_at || world.clock.boot() < *over_at)) {
      return Error{After::unchanged_retry, "a lease of the old region may still be alive"};
    }
    return promoting(seen, nonce);
  };
  const auto changed = change_record(world, transition, is_promoting, pass);
  if (const auto* failure = std::get_if<StepFailure>(&changed)) return *failure;
  const Record record = std::get<Record>(changed);
  if (record.transition.phase != Phase::promoting)
    return boost::json::object{{"epoch", record.epoch}};

  emit(world, "transition.point_of_no_return", transition, {{"epoch", record.epoch + 1}});
  const PromoteOrder order{.transition = transition.number, .epoch = record.epoch + 1};
  auto promoted =
      world.agents.at(transition.target)->promote(order, within_time(world, kPromotion));
  if (!promoted) return StepFailure{std::string(kTargetUnavailable), promoted.error().what};
  if (promoted->role != DatabaseRole::primary) {
    return StepFailure{std::string(kNotYet),
                       "the database of " + transition.target + " is still a standby"};
  }
  emit(world, "database.promoted", transition,
       {{"region", transition.target}, {"timeline", promoted->timeline}});
  return boost::json::object{{"epoch", record.epoch + 1}, {"timeline", promoted->timeline}};
}

}  // namespace understudy
