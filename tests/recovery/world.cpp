#include "world.h"

#include <gtest/gtest.h>

namespace understudy::fake {

Topology two_regions() {
  Topology topology;
  topology.platform = "shop";
  topology.regions = {{"north", "127.0.1.1"}, {"south", "127.0.2.1"}};
  topology.home = "north";
  Service web{.name = "web", .command = {"web"}, .listens = true};
  web.instances_active = 2;
  Service worker{.name = "worker", .command = {"worker"}, .posture = Posture::scaled_on_failover};
  worker.instances_standby = 0;
  Service cron{.name = "cron", .command = {"cron"}, .posture = Posture::active_only};
  cron.instances_standby = 0;
  topology.services = {web, cron, worker};  // cron is not last by its place in the file
  return topology;
}

Record first_record() {
  Record record;
  record.version = 1;
  record.nonce = "first";
  record.epoch = 1;
  record.active = "north";
  record.term = 1;
  record.standby = "south";
  record.grantors = {"registry", "south"};
  return record;
}

FakeRegion::FakeRegion(Stage& stage, SharedRecord& record, std::string region_name)
    : name(std::move(region_name)),
      database(stage, page),
      rebuild(stage, database),
      compute(stage),
      gate(stage),
      registry(stage, record),
      agent(stage) {}

void FakeRegion::start_keeper(const Topology& topology, Stage& stage, FakeRandom& random,
                              Events& events, Alerts& alerts) {
  stop_keeper();
  auto made = RegionKeeper::create(topology, name,
                                   {stage, random, stage, registry, *other, database, rebuild,
                                    compute, gate, page, store, events, alerts});
  ensure(made.ok(), "the keeper's state is its own region's");
  keepers_.push_back(std::move(*made));
  keeper().start([](std::string_view) {});
  agent.agent = &keeper();
  agent.grantor = &keeper();
}

void FakeRegion::stop_keeper() {
  agent.agent = nullptr;
  agent.grantor = nullptr;
  if (!keepers_.empty()) keeper().stop();
}

World::World(Topology described, Record first)
    : topology(std::move(described)),
      events(stage),
      record(stage, std::move(first)),
      north(stage, record, "north"),
      south(stage, record, "south"),
      registry(stage, record),
      ingress(stage),
      witness(stage, "witness"),
      edge(stage, "edge"),
      beside(stage, "beside") {
  north.database.now = {.role = DatabaseRole::primary, .timeline = 1, .epoch = 1};
  south.database.now = {.role = DatabaseRole::standby, .timeline = 1, .streaming = true};
  north.database.standby = &south.database;
  north.rebuild.source = &south.database;
  south.rebuild.source = &north.database;
  north.other = &south.agent;
  south.other = &north.agent;
  guard(north);
  guard(south);
  for (FakeVantage* vantage : {&witness, &edge, &beside})
    vantage->sees = [this](const std::string& region) { return sight_of(region); };
  ingress.serving = [this]() -> std::optional<std::string> {
    for (const FakeRegion* region : {&north, &south}) {
      if (serves(*region)) return region->name;
    }
    return std::nullopt;
  };
}

World::~World() { finish(); }

void World::finish() {
  north.stop_keeper();
  south.stop_keeper();
  stage.finish();  // before anything that the tasks use is gone
}

void World::guard(FakeRegion& region) {
  region.page.before_open = [this, &region](const Promise& promise) {
    EXPECT_FALSE(writable(other(region)))
        << "I1: " << region.name << " opens its page in term " << promise.term << " while "
        << other(region).name << " may write";
  };
  region.database.before_promotion = [this, &region] {
    EXPECT_FALSE(writable(other(region)))
        << "R11: " << region.name << " is promoted while " << other(region).name << " may write";
  };
  region.compute.before_want = [this, &region](const std::string& service, unsigned count) {
    if (service != "cron" || count == 0) return;
    EXPECT_FALSE(writable(other(region))) << "I2: cron in " << region.name << ", too";
  };
}

void World::start_agents() {
  for (FakeRegion* region : {&north, &south})
    region->start_keeper(topology, stage, random, events, alerts);
}

void World::kill(FakeRegion& region) {
  region.stop_keeper();
  region.database.alive = false;
  region.registry.cut(true);
  region.compute.now.clear();
  region.path = region.services = false;
}

void World::revive(FakeRegion& region) {
  region.database.alive = true;
  region.registry.cut(false);
  region.path = region.services = true;
  region.start_keeper(topology, stage, random, events, alerts);
}

bool World::serves(const FakeRegion& region) const {
  return region.path && region.gate.is_open && region.services && region.database.alive &&
         region.database.now.role == DatabaseRole::primary && writable(region);
}

Sighting World::sight_of(const std::string& region) const {
  const FakeRegion& seen = region == "north" ? north : south;
  return {.path = seen.path,
          .ready = serves(seen),
          .services = seen.services,
          .database = seen.database.alive,
          .detail = ""};
}

Orchestrator::Orchestrator(World& world)
    : observer(world.topology.lease),
      orchestration{world.topology,
                    world.stage,
                    world.random,
                    world.stage,
                    world.registry,
                    observer,
                    {{"north", &world.north.agent}, {"south", &world.south.agent}},
                    {&world.witness, &world.edge, &world.beside},
                    world.ingress,
                    world.events,
                    world.alerts} {}

}  // namespace understudy::fake
