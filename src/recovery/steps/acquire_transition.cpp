// AcquireTransition: the global lock. One compare-and-swap makes this execution the owner of the
// one transition that may be under way (I5). What people order counts until then: the registry may
// have been silent for minutes since the failover began.

#include <fmt/format.h>

#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

namespace {

/// Why people do not let it begin any more; "" if they do. One that began without asking them for
/// permission, since it goes on with an open transition, needs none.
std::string objection(const Orchestration& world, const boost::json::object& input,
                      std::uint64_t epoch) {
  const bool was_permitted = object_at(input, "decision").contains("permission");
  if (world.orders == nullptr || !was_permitted || !world.guards.has(Guard::orders_asked_again))
    return "";
  const Permission& now = world.orders->permission_now(epoch);
  const bool approved = input.contains("start_approval");
  const bool may = now.verdict == Verdict::go || (now.verdict == Verdict::ask && approved);
  return may ? "" : fmt::format("not begun after all: {}", now.because);
}

}  // namespace

StepOutput acquire_transition(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);

  const auto is_ours = [&](const Record& record) {
    return record.transition.execution == transition.execution &&
           record.transition.phase != Phase::none;
  };
  std::string objected;
  const auto open = [&](const Record& seen, const std::string& nonce) -> Change {
    objected = objection(world, input, seen.epoch);
    if (!objected.empty()) return Error{After::unchanged_final, objected};
    if (seen.active != transition.from) {
      return Error{After::unchanged_final, seen.active + " is active, not " + transition.from};
    }
    return opened(seen,
                  {transition.kind, world.topology.platform, transition.target, transition.number},
                  nonce);
  };
  auto record = change_record(world, transition, is_ours, open);
  if (auto* failure = std::get_if<StepFailure>(&record)) {
    if (failure->error == kTransitionLost)
      failure->error = objected.empty() ? kTransitionInProgress : kNotPermitted;
    return *failure;
  }
  const auto& held = std::get<Record>(record);
  emit(world, "transition.opened", transition,
       {{"epoch", held.epoch}, {"term", held.term}, {"target", transition.target}});
  return boost::json::object{
      {"epoch", held.epoch}, {"term", held.term}, {"phase", to_string(held.transition.phase)}};
}

}  // namespace understudy
