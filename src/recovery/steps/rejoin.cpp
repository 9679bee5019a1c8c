// RebuildStandby and AwaitAttached: a region that was left becomes the standby of the one that took
// over (R21). No transition: the rebuilt region's agent moves the record on by its version before
// it overwrites anything, and the active region's agent attaches the standby (R17).

#include <fmt/format.h>

#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

namespace {

/// The longest that an agent waits with its answer; then it is asked again.
constexpr Duration kRebuild = std::chrono::seconds(8);
constexpr Duration kAttach = std::chrono::seconds(20);
constexpr Duration kLook = milliseconds(100);

struct Rejoining {
  std::string region;
  std::uint64_t epoch = 0;
};

std::variant<Rejoining, StepFailure> read_rejoining(const Orchestration& world,
                                                    const boost::json::object& input) {
  Rejoining rejoining{text_at(input, "region"),
                      static_cast<std::uint64_t>(number_at(input, "epoch", 0))};
  if (world.topology.region(rejoining.region) == nullptr || rejoining.epoch == 0)
    return StepFailure{std::string(kBadInput), "needed: region, epoch"};
  return rejoining;
}

}  // namespace

StepOutput rebuild_standby(Orchestration& world, const boost::json::object& input) {
  const auto read = read_rejoining(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& [region, epoch] = std::get<Rejoining>(read);
  const RebuildOrder order{.epoch = epoch, .copy = flag_at(input, "copy")};
  const auto state = world.agents.at(region)->rebuild(order, within_time(world, kRebuild));
  if (!state) {
    const bool final = state.error().after == After::unchanged_final;
    return StepFailure{std::string(final ? kRebuildFailed : kTargetUnavailable),
                       state.error().what};
  }
  if (state->phase == RebuildPhase::failed)
    return StepFailure{std::string(kRebuildFailed), state->problem};
  if (state->phase != RebuildPhase::done) {
    return StepFailure{std::string(kStillAtIt),
                       fmt::format("{}: {} {} %", region, to_string(state->phase), state->percent)};
  }
  boost::json::object output{{"region", region}};
  if (const auto& tail = state->lost_tail) {
    output["lost_tail"] = boost::json::object{{"file", tail->file},
                                              {"transactions", tail->transactions},
                                              {"changes", tail->changes},
                                              {"method", tail->method}};
  }
  boost::json::object fields = output;
  fields["epoch"] = epoch;
  world.events.emit("region.rebuilt", std::move(fields));
  return output;
}

StepOutput await_attached(Orchestration& world, const boost::json::object& input) {
  const auto read = read_rejoining(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& [region, epoch] = std::get<Rejoining>(read);
  const BootTime give_up = within_time(world, kAttach);
  std::string last = "nobody is attached";
  while (world.clock.boot() < give_up) {
    const auto seen = read_record(world);
    if (const auto* failure = std::get_if<StepFailure>(&seen)) {
      last = failure->cause;
    } else if (const auto& record = std::get<Record>(seen); record.epoch != epoch) {
      return StepFailure{std::string(kTransitionLost), fmt::format("epoch {} is over", epoch)};
    } else if (record.standby == region) {
      const auto& tail = object_at(object_at(input, "rebuilt"), "lost_tail");
      const auto lost = number_at(tail, "transactions", 0);
      world.alerts.raise(
          {.subject = region + " is a standby again",
           .done = fmt::format("rebuilt from {} and attached; {}", record.active,
                               lost == 0 ? std::string("nothing had been lost")
                                         : fmt::format("{} transactions that {} never had are kept "
                                                       "in {}",
                                                       lost, record.active, text_at(tail, "file"))),
           .ask = lost == 0 ? "" : "understudy salvage show; replay what can be replayed",
           .key = fmt::format("rejoin.{}.{}", region, epoch)});
      return boost::json::object{{"attached", region}};
    }
    world.clock.sleep_until(within_time(world, kLook));
  }
  return StepFailure{std::string(kNotYet), region + " is not attached: " + last};
}

}  // namespace understudy
