// SwitchActiveRegion: the one ordered hand-over. One compare-and-swap makes the target active with
// epoch + 1 and a lease of its own; its agent then opens its page, and only then writes its epoch
// row.

#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

namespace {
constexpr Duration kTakeOver = std::chrono::seconds(5);
}

StepOutput switch_active_region(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);
  const auto is_switched = [&](const Record& record) {
    return record.transition.number == transition.number && record.active == transition.target;
  };
  const auto hand_over = [&](const Record& seen, const std::string& nonce) -> Change {
    if (seen.transition.number != transition.number)
      return Error{After::unchanged_final, "another transition took over"};
    return switched(seen, nonce);
  };
  const auto changed = change_record(world, transition, is_switched, hand_over);
  if (const auto* failure = std::get_if<StepFailure>(&changed)) return *failure;
  const Record record = std::get<Record>(changed);
  emit(world, "region.switched", transition,
       {{"active", record.active}, {"epoch", record.epoch}, {"term", record.term}});

  auto active =
      world.agents.at(transition.target)->await_active(record.epoch, within_time(world, kTakeOver));
  if (!active) return StepFailure{std::string(kNotYet), active.error().what};
  emit(world, "region.active", transition, {{"region", record.active}, {"epoch", record.epoch}});
  return boost::json::object{{"epoch", record.epoch}, {"active", record.active}};
}

}  // namespace understudy
