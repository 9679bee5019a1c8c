#include "simulation/region.h"

#include <algorithm>

namespace understudy::simulation {

namespace {
/// The watchdog starts a dead agent anew after so long.
constexpr Duration kAgentRestart = milliseconds(500);
/// What one that is told to stop may take to do so: its tasks end when they look next.
constexpr Duration kAgentStops = milliseconds(600);
}  // namespace

Region::Parts::Parts(Stage& stage, Region& region)
    : clock(region.agent_),
      tasks(region.agent_),
      random(stage.dice),
      registry(stage, region.agent_, region.registry_),
      other(stage, region.agent_, region.other_),
      database(stage, region.agent_, region.database_),
      rebuild(stage, region.agent_, region.database_, region.rebuild_disk_, region.index_),
      compute(stage, region.agent_, region.application_),
      gate(stage, region.agent_, region.application_),
      events(stage, region.name() + " agent"),
      alerts(stage) {}

Region::Region(Stage& stage, RegistryProcess& registry, int index)
    : stage_(stage),
      registry_(registry),
      machine_(stage.scheduler, stage.plan.topology.regions[static_cast<std::size_t>(index)].name),
      agent_(machine_, machine_.name() + " agent"),
      page_(stage, machine_, agent_, index),
      store_(stage, agent_, stage.plan.topology.other(machine_.name()).name),
      database_(stage, machine_, page_, index),
      index_(index),
      application_(stage, machine_, page_, database_, index) {
  agent_.on_death = [this] {
    parts_.reset();
    stage_.chronicle.reached(Mark::agent_crashed);
    stage_.scheduler.after(kAgentRestart, [this] { start_agent(); });
  };
}

void Region::start(bool active) {
  database_.start_first(active);
  application_.start();
  start_agent();
}

void Region::start_agent() {
  if (agent_.alive() || !machine_.on()) return;
  agent_.start();
  parts_ = std::make_unique<Parts>(stage_, *this);
  Parts& is = *parts_;
  auto keeper = RegionKeeper::create(
      stage_.plan.topology, name(),
      {is.clock, is.random, is.tasks, is.registry, is.other, is.database, is.rebuild, is.compute,
       is.gate, page_, store_, is.events, is.alerts, stage_.guards});
  if (!keeper) {
    stage_.chronicle.tell("{} agent: {}", name(), keeper.error().what);
    return agent_.kill();
  }
  is.keeper = std::move(*keeper);
  is.keeper->start([](std::string_view) {});
}

void Region::power_off() {
  stage_.chronicle.tell("{}: power off", name());
  machine_.power_off();
}

void Region::power_on() {
  if (machine_.on()) return;
  stage_.chronicle.tell("{}: power on", name());
  machine_.power_on();
  if (stage_.observers.any_promoted())
    stage_.chronicle.reached(Mark::old_region_returned_after_promotion);
  database_.boot();
  application_.start();
  start_agent();
}

bool Region::has_share(bool active) const {
  const auto running = application_.running();
  const auto& services = stage_.plan.topology.services;
  return std::all_of(services.begin(), services.end(), [&](const Service& service) {
    return running.at(service.name) == service.instances(active);
  });
}

void Region::wipe_agent_disk() {
  stage_.chronicle.reached(Mark::agent_disk_wiped);
  store_.wipe();
  agent_.kill();
}

void Region::set_agent_disk(Disk trouble) {
  store_.set_trouble(trouble);
  if (trouble == Disk::unreadable || trouble == Disk::of_another) agent_.kill();
}

void Region::watchdog_looks() {
  if (!agent_.stalled()) return;
  stage_.chronicle.reached(Mark::agent_hung);
  agent_.kill();
}

void Region::stop_agent() {
  if (!parts_) return;
  stage_.chronicle.reached(Mark::agent_stopped);
  parts_->keeper->stop();
  stage_.scheduler.after(kAgentStops, [this, life = agent_.life()] {
    if (life == agent_.life()) agent_.kill();
  });
}

namespace {

/// A call to a region's agent.
template <class R, class What>
R ask_agent(Stage& stage, Process& caller, Region& region, BootTime deadline, What what) {
  // The far side gets as long as is left here, by its own clock.
  const Duration longest = deadline - caller.machine().boot();
  return stage.network.call_fiber<R>(
      caller, region.agent_process(), deadline, [&region, longest, what = std::move(what)]() -> R {
        RegionKeeper* keeper = region.keeper();
        if (keeper == nullptr) return Error{After::unchanged_retry, "the agent is starting"};
        return what(*keeper, region.machine().boot() + longest);
      });
}

}  // namespace

Result<Done> GrantorClient::extend(std::uint64_t term, BootTime deadline) {
  return ask_agent<Result<Done>>(
      stage_, caller_, *other_, deadline,
      [term](RegionKeeper& keeper, BootTime until) { return keeper.extend(term, until); });
}

template <class R, class What>
R AgentClient::ask(BootTime deadline, What what) {
  return ask_agent<R>(stage_, caller_, region_, deadline, std::move(what));
}

Result<AgentStatus> AgentClient::status(BootTime deadline) {
  return ask<Result<AgentStatus>>(
      deadline, [](RegionKeeper& keeper, BootTime until) { return keeper.status(until); });
}

Result<FenceAck> AgentClient::fence(std::uint64_t term, BootTime deadline) {
  return ask<Result<FenceAck>>(
      deadline, [term](RegionKeeper& keeper, BootTime until) { return keeper.fence(term, until); });
}

Result<RevokeAck> AgentClient::revoke(std::uint64_t term, BootTime deadline) {
  return ask<Result<RevokeAck>>(deadline, [term](RegionKeeper& keeper, BootTime until) {
    return keeper.revoke(term, until);
  });
}

Result<DatabaseState> AgentClient::promote(const PromoteOrder& order, BootTime deadline) {
  return ask<Result<DatabaseState>>(deadline,
                                    [order = order](RegionKeeper& keeper, BootTime until) {
                                      return keeper.promote(order, until);
                                    });
}

Result<Done> AgentClient::await_active(std::uint64_t epoch, BootTime deadline) {
  return ask<Result<Done>>(deadline, [epoch](RegionKeeper& keeper, BootTime until) {
    return keeper.await_active(epoch, until);
  });
}

Result<Done> AgentClient::scale(const ScaleOrder& order, BootTime deadline) {
  return ask<Result<Done>>(deadline, [order = order](RegionKeeper& keeper, BootTime until) {
    return keeper.scale(order, until);
  });
}

Result<Done> AgentClient::drain(std::uint64_t transition, BootTime deadline) {
  return ask<Result<Done>>(deadline, [transition](RegionKeeper& keeper, BootTime until) {
    return keeper.drain(transition, until);
  });
}

Result<RebuildState> AgentClient::rebuild(const RebuildOrder& order, BootTime deadline) {
  return ask<Result<RebuildState>>(deadline, [order = order](RegionKeeper& keeper, BootTime until) {
    return keeper.rebuild(order, until);
  });
}

}  // namespace understudy::simulation
