#include "fake_inspector.h"

namespace understudy::fake {

Result<Done> FakeInspector::reach(BootTime deadline) {
  if (silent || region_.agent.agent == nullptr) {
    world_.stage.sleep_until(deadline);
    return Error{After::unknown, "no answer in time"};
  }
  world_.stage.sleep_until(world_.stage.boot() + takes);
  return Done{};
}

Result<std::vector<ServiceState>> FakeInspector::services(BootTime deadline) {
  if (auto reached = reach(deadline); !reached) return reached.error();
  std::vector<ServiceState> states;
  for (const Service& service : world_.topology.services) {
    const auto found = region_.compute.now.find(service.name);
    const unsigned running = found == region_.compute.now.end() ? 0 : found->second;
    const bool well = !ill.contains(service.name);
    states.push_back({.name = service.name,
                      .places = service.instances_active,
                      .wanted = running,
                      .running = running,
                      .up = well ? running : 0,
                      .trouble = well ? "" : "it is ill"});
  }
  return states;
}

Result<Inspection> FakeInspector::inspect(BootTime deadline) {
  auto states = services(deadline);
  if (!states) return states.error();
  Inspection seen;
  seen.region = region_.name;
  seen.build = "b1";
  seen.database = DatabaseInspection{.version = "15.14",
                                     .settings = {{"max_slot_wal_keep_size", "4096"}},
                                     .extensions = {},
                                     .collation_recorded = "",
                                     .collation_actual = "",
                                     .fence_loaded = true,
                                     .wal_bytes = 0,
                                     .slots = {}};
  seen.disk_bytes = seen.disk_free_bytes = 1ULL << 40;
  seen.certificate_ends = world_.stage.wall() + std::chrono::hours(24 * 300);
  seen.services = std::move(*states);
  for (const Service& service : world_.topology.services) {
    const auto lacks = missing.find(service.name);
    seen.configurations.push_back(
        {.name = service.name,
         .program = "/bin/" + service.name,
         .program_digest = "d1",
         .program_problem = "",
         .variables = {},
         .missing = lacks == missing.end() ? std::vector<std::string>{} : lacks->second,
         .foreign = {}});
  }
  return seen;
}

Result<WallTime> FakeInspector::wall(BootTime deadline) {
  // Read on the way: half of the time has passed then.
  const WallTime read = world_.stage.wall() + takes / 2 + clock_ahead;
  if (auto reached = reach(deadline); !reached) return reached.error();
  return read;
}

}  // namespace understudy::fake
