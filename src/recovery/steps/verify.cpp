// ConfirmTraffic and VerifyRecovery: seen from where users stand.

#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

namespace {
constexpr Duration kTraffic = std::chrono::seconds(5);
constexpr Duration kTrafficStep = milliseconds(20);
constexpr Duration kStartStep = milliseconds(50);
constexpr Duration kLook = milliseconds(500);
constexpr Duration kWriteAndRead = std::chrono::seconds(2);

unsigned running(const AgentStatus& status, const std::string& service) {
  const auto found = status.running.find(service);
  return found == status.running.end() ? 0 : found->second;
}
}  // namespace

StepOutput confirm_traffic(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);
  // Traffic does not come for a transition that is over: without this, ten attempts would wait for
  // it, and no failover can begin meanwhile.
  const auto record = read_own_record(world, transition);
  const auto* failure = std::get_if<StepFailure>(&record);
  if (failure != nullptr && failure->error == kTransitionLost) return *failure;
  const BootTime give_up = within_time(world, kTraffic);
  std::string last = "nobody";
  while (world.clock.boot() < give_up) {
    auto serving = world.ingress.serving_region(within_time(world, kLook));
    last = serving ? *serving : serving.error().what;
    if (serving && *serving == transition.target) {
      emit(world, "traffic.moved", transition, {{"region", transition.target}});
      return boost::json::object{{"serving", last}};
    }
    world.clock.sleep_until(within_time(world, kTrafficStep));
  }
  return StepFailure{std::string(kNotYet),
                     "the public ingress is not served by " + transition.target + ": " + last};
}

namespace {

/// A write and a read as a client makes them; the writer endpoint may be a check behind.
std::optional<StepFailure> write_as_a_client(Orchestration& world,
                                             const TransitionInput& transition, BootTime give_up) {
  auto written = world.ingress.write_and_read(transition.number, give_up);
  while (!written && world.clock.boot() < give_up) {
    world.clock.sleep_until(within_time(world, kTrafficStep));
    written = world.ingress.write_and_read(transition.number, give_up);
  }
  if (written) return std::nullopt;
  return StepFailure{std::string(kNotYet), "synthetic write: " + written.error().what};
}

/// Whether each singleton runs as often as it should; instances take a moment to start.
std::optional<StepFailure> singletons_run(Orchestration& world, const std::string& region) {
  auto target = world.agents.at(region)->status(within_time(world, kLook));
  if (!target) return StepFailure{std::string(kTargetUnavailable), target.error().what};
  for (const Service& service : world.topology.services) {
    if (service.posture != Posture::active_only) continue;
    const unsigned count = running(*target, service.name);
    if (count != service.instances(true)) {
      return StepFailure{std::string(kNotYet),
                         service.name + " runs " + std::to_string(count) + " times in " + region};
    }
  }
  return std::nullopt;
}

}  // namespace

StepOutput verify_recovery(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);
  const auto record = read_own_record(world, transition);
  if (const auto* failure = std::get_if<StepFailure>(&record)) return *failure;
  const BootTime give_up = within_time(world, kWriteAndRead);
  if (const auto failure = write_as_a_client(world, transition, give_up)) return *failure;
  auto missing = singletons_run(world, transition.target);
  while (missing && world.clock.boot() < give_up) {
    world.clock.sleep_until(within_time(world, kStartStep));
    missing = singletons_run(world, transition.target);
  }
  if (missing) return *missing;
  // The old region may be unreachable; if it answers, it must be fenced and quiet.
  auto old = world.agents.at(transition.from)->status(within_time(world, milliseconds(200)));
  if (old && old->writable) {
    return StepFailure{std::string(kNotYet), transition.from + " still holds an open page"};
  }
  emit(world, "recovery.verified", transition, {{"old_region", old ? "fenced" : "unreachable"}});
  return boost::json::object{{"old_region", old ? "fenced" : "unreachable"}};
}

}  // namespace understudy
