#include "simulation/world.h"

namespace understudy::simulation {

namespace {

/// Hardly anybody who is told to stop waits more often; who does is unwound.
constexpr int kWaitsLeft = 2;

Record first_record(const Plan& plan) {
  const Topology& topology = plan.topology;
  Record record;
  if (plan.earlier_failover) record.transition.execution = kEarlierFailover;
  record.version = 1;
  record.nonce = "first";
  record.epoch = 1;
  record.active = topology.home;
  record.term = 1;
  record.standby = topology.other(topology.home).name;
  record.grantors = {std::string(kRegistryGrantor), *record.standby};
  return record;
}

}  // namespace

World::World(Stage& of)
    : stage(of),
      witness_machine(of.scheduler, "witness"),
      client_machine(of.scheduler, "clients"),
      registry(of, witness_machine, first_record(of.plan)),
      first(of, registry, 0),
      second(of, registry, 1),
      registry_operator(of, witness_machine, registry, {&first, &second}),
      edge(of, {&first, &second}),
      witness(of, witness_machine, registry, {&first, &second}, edge),
      person(of, client_machine, witness),
      stranger(of, client_machine, registry),
      buyers(of, client_machine, edge, {&first, &second}) {
  first.set_other(second);
  second.set_other(first);
  first.database().set_peer(second.database());
  second.database().set_peer(first.database());
  const auto all = machines();
  for (std::size_t at = 0; at < all.size(); ++at) {
    all[at]->set_clock(of.plan.drift_ppm[at], of.plan.wall_offset[at]);
    for (Machine* other : all) {
      Link& link = of.network.link(*all[at], *other);
      link.least = of.plan.link_least;
      link.most = of.plan.link_most;
      link.loss_ppm = of.plan.loss_ppm;
    }
  }
}

std::array<Machine*, 5> World::machines() {
  return {&first.machine(), &second.machine(), &witness_machine, &edge.machine(), &client_machine};
}

void World::start() {
  registry.start();
  first.start(first.name() == stage.plan.topology.home);
  second.start(second.name() == stage.plan.topology.home);
  edge.start();
  witness.start();
  buyers.start();
}

void World::judge() {
  const std::string& active = registry.record().active;
  Region& writes = first.name() == active ? first : second;
  Region& other = &writes == &first ? second : first;
  const Postgres& primary = writes.database();
  const Postgres& standby = other.database();
  stage.observers.ledger().judge(primary.log(), standby.log());
  const bool follows = !standby.is_primary() && !standby.torn() && primary.is_primary() &&
                       standby.timeline() == primary.timeline();
  if (follows && standby.common_with(primary) < standby.log().size()) {
    stage.chronicle.broken("R21",
                           standby.name() + " stands by, and holds what its primary has not");
  }
}

void World::stop() {
  stage.over = true;
  for (Region* region : regions()) {
    if (RegionKeeper* keeper = region->keeper()) keeper->stop();
  }
  witness.stop();
  const bool never = false;
  for (int wait = 0; wait < kWaitsLeft; ++wait) {
    for (Machine* machine : machines()) machine->cut_waits_short();
    stage.scheduler.run_until(stage.scheduler.now(), never);
  }
}

void World::end() {
  for (Machine* machine : machines()) machine->power_off();
}

}  // namespace understudy::simulation
