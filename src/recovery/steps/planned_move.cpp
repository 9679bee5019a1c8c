// CheckSwitchover and DrainRegion: what a planned move does before it fences a region that is well
// (R22).

#include <fmt/format.h>

#include <algorithm>

#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

namespace {

constexpr Duration kLook = milliseconds(500);
constexpr Duration kDrain = std::chrono::seconds(1);
/// How long the edge gets to notice, and how often it is looked. A look lasts no longer, since the
/// edge lets requests wait while no region takes them.
constexpr Duration kNotice = std::chrono::seconds(2);
constexpr Duration kNoticeLook = milliseconds(150);
constexpr Duration kNoticeStep = milliseconds(10);
/// What the edge gets to see it (a check every 100 ms), and requests that are under way to end.
constexpr Duration kUnderWay = milliseconds(300);

StepFailure not_now(std::string why) { return {std::string(kNotGraceful), std::move(why)}; }

}  // namespace

StepOutput check_switchover(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);
  if (!graceful(world, transition, input)) return boost::json::object{{"checked", false}};
  const auto from = world.agents.at(transition.from)->status(within_time(world, kLook));
  if (!from) return not_now(transition.from + "'s agent does not answer: " + from.error().what);
  if (!from->writable) return not_now(transition.from + " does not hold its lease");
  const auto target = world.agents.at(transition.target)->status(within_time(world, kLook));
  if (!target) return not_now(transition.target + "'s agent does not answer");
  const auto& standby = target->database;
  if (!standby || standby->role != DatabaseRole::standby || !standby->streaming)
    return not_now(transition.target + "'s database is not a standby that streams");
  if (!from->database) return not_now(transition.from + "'s database does not answer");
  const Duration lag =
      standby->newest_commit ? world.clock.wall() - *standby->newest_commit : Duration::max();
  if (lag > world.topology.policy.lag_budget)
    return not_now(fmt::format("{} lags by more than the budget", transition.target));
  return boost::json::object{{"checked", true}, {"lag_ms", std::max<std::int64_t>(0, to_ms(lag))}};
}

StepOutput drain_region(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);
  if (!graceful(world, transition, input)) return boost::json::object{{"drained", false}};
  const auto told =
      world.agents.at(transition.from)->drain(transition.number, within_time(world, kDrain));
  if (!told) return not_now(transition.from + " was not drained: " + told.error().what);
  const BootTime give_up = within_time(world, kNotice);
  auto serving = world.ingress.serving_region(within_time(world, kNoticeLook));
  while (serving && *serving == transition.from) {
    if (world.clock.boot() >= give_up)
      return not_now("the public ingress still leads to " + transition.from);
    world.clock.sleep_until(within_time(world, kNoticeStep));
    serving = world.ingress.serving_region(within_time(world, kNoticeLook));
  }
  world.clock.sleep_until(within_time(world, kUnderWay));
  emit(world, "region.drained", transition, {{"region", transition.from}});
  return boost::json::object{{"drained", true}};
}

}  // namespace understudy
