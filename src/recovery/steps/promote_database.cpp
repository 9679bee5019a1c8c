// PromoteDatabase: only after the point of no return is in the record. Idempotent; success is seen,
// not heard (R14).

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
  const auto seen = read_own_record(world, transition);
  if (const auto* failure = std::get_if<StepFailure>(&seen)) return *failure;
  const auto& record = std::get<Record>(seen);
  if (record.transition.phase < Phase::promoting) {
    return StepFailure{std::string(kBadInput),
                       "nothing is promoted before the point of no return is recorded"};
  }
  if (record.transition.phase != Phase::promoting)
    return boost::json::object{{"epoch", record.epoch}};

  const auto& fence = object_at(input, "fence");
  const bool acknowledged = text_at(fence, "by") == "acknowledgement" &&
                            number_at(fence, "term", 0) == static_cast<std::int64_t>(record.term);
  const PromoteOrder order{.transition = transition.number,
                           .epoch = record.epoch + 1,
                           .fenced_term = acknowledged ? record.term : 0};
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
