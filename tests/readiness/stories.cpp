#include "stories.h"

#include <algorithm>

#include "base/ensure.h"
#include "tests/recovery/world.h"

namespace understudy::fake {

namespace {

using namespace std::chrono_literals;
using Story = ReadinessStory;

constexpr WallTime kNow = kReadyAt;

constexpr auto kBlocks = Severity::blocks;
constexpr auto kDegrades = Severity::degrades;
constexpr auto kNote = Severity::note;

DatabaseState database(DatabaseRole role) {
  DatabaseState state;
  state.role = role;
  state.timeline = 3;
  state.written = state.replayed = 5000;
  state.streaming = true;
  state.newest_commit = kNow - 100ms;
  return state;
}

Inspection inspection(const std::string& region, const Topology& topology) {
  Inspection seen;
  seen.region = region;
  seen.build = "b1";
  seen.database = DatabaseInspection{.version = "15.14",
                                     .settings = {{"max_connections", "200"},
                                                  {"wal_level", "replica"},
                                                  {"max_slot_wal_keep_size", "4096"}},
                                     .extensions = {{"plpgsql", "1.0"}},
                                     .collation_recorded = "",
                                     .collation_actual = "",
                                     .fence_loaded = true,
                                     .wal_bytes = 1 << 20,
                                     .slots = {{"region_south", "reserved"}}};
  seen.disk_bytes = 1ULL << 40;
  seen.disk_free_bytes = 1ULL << 39;
  seen.certificate_ends = kNow + 300 * 24h;
  for (const Service& service : topology.services) {
    const unsigned count = service.instances(region == "north");
    seen.services.push_back({.name = service.name,
                             .places = service.instances(true),
                             .wanted = count,
                             .running = count,
                             .up = count,
                             .trouble = ""});
    seen.configurations.push_back(
        {.name = service.name,
         .program = "/bin/" + service.name,
         .program_digest = "d1",
         .program_problem = "",
         .variables = {{"TOKEN", "t1"}, {"COLOUR", "c1"}, {"DATABASE_URL", "u1"}},
         .missing = {},
         .foreign = {}});
  }
  return seen;
}

template <class Each>
Each& named(std::vector<Each>& all, const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Each& each) { return each.name == name; });
  ensure(found != all.end(), "a story is about what is there");
  return *found;
}

std::vector<Story> of_the_record() {
  return {
      {"the registry is gone", 10, kBlocks,
       [](auto& f) { f.record.reset(), f.record_problem = "connection refused"; }, "refused"},
      {"a failover is under way", 20, kBlocks,
       [](auto& f) {
         f.record->transition.phase = Phase::revoked;
         f.record->transition.execution = "failover-shop-1";
       },
       "failover-shop-1 is revoked"},
      {"the standby was detached", 30, kBlocks, [](auto& f) { f.record->standby.reset(); },
       "south is not attached"},
      {"the standby's agent is gone", 40, kBlocks,
       [](auto& f) { south(f).status.reset(), south(f).status_problem = "timed out"; },
       "timed out"},
      {"the active region's agent is gone", 50, kDegrades,
       [](auto& f) { north(f).status.reset(), north(f).status_problem = "timed out"; },
       "end of its lease"},
      {"the lease is endless", 60, kBlocks, [](auto& f) { f.record->lease.endless = true; },
       "endless"},
      {"the lease is revoked", 60, kBlocks, [](auto& f) { f.record->lease.revoked = true; },
       "revoked"},
      {"the active region's page is closed", 70, kDegrades,
       [](auto& f) { north(f).status->writable = false, north(f).status->note = "waits"; },
       "north may not write now: waits"},
      {"the registry alone extends the lease", 80, kDegrades,
       [](auto& f) { f.record->grantors = {"registry"}; }, "south does not extend"},
  };
}

std::vector<Story> of_the_databases() {
  return {
      {"the standby's database is down", 110, kBlocks,
       [](auto& f) { south(f).status->database.reset(); }, "does not answer"},
      {"somebody promoted the standby by hand", 110, kBlocks,
       [](auto& f) { database_of(south(f)).role = DatabaseRole::primary; }, "is a primary"},
      {"replication is cut", 120, kBlocks, [](auto& f) { database_of(south(f)).streaming = false; },
       "receives nothing from north"},
      {"the standby lags by more than the budget", 130, kBlocks,
       [](auto& f) {
         database_of(south(f)).replayed = 10;
         database_of(south(f)).newest_commit = kNow - 9s;
       },
       "last 9003 ms"},
      {"the standby has another timeline", 140, kBlocks,
       [](auto& f) { database_of(south(f)).timeline = 2; }, "timeline"},
      {"a minor update has reached the standby only", 150, kDegrades,
       [](auto& f) { south(f).inspection->database->version = "15.15"; }, "15.15"},
      {"the standby allows fewer connections", 160, kBlocks,
       [](auto& f) { south(f).inspection->database->settings["max_connections"] = "100"; },
       "max_connections is 200 in north and 100 in south"},
      {"the standby allows more connections", 160, kNote,
       [](auto& f) { south(f).inspection->database->settings["max_connections"] = "300"; }, "300"},
      {"the standby does not know a setting", 160, kBlocks,
       [](auto& f) { south(f).inspection->database->settings.erase("wal_level"); }, "not set"},
      {"an extension's files are missing in the standby", 170, kBlocks,
       [](auto& f) { south(f).inspection->database->extensions["plpgsql"] = ""; }, "plpgsql"},
      {"an extension is newer in the standby", 170, kDegrades,
       [](auto& f) { south(f).inspection->database->extensions["plpgsql"] = "1.1"; }, "1.1"},
      {"the standby's C library sorts otherwise", 180, kBlocks,
       [](auto& f) {
         south(f).inspection->database->collation_recorded = "2.36";
         south(f).inspection->database->collation_actual = "2.41";
       },
       "2.41"},
      {"the fence is not loaded in the standby", 190, kBlocks,
       [](auto& f) { south(f).inspection->database->fence_loaded = false; }, "south"},
      {"the standby's disk is full", 200, kBlocks,
       [](auto& f) { south(f).inspection->disk_free_bytes = 1 << 20; }, "1 MiB"},
      {"the active region's disk fills up", 210, kDegrades,
       [](auto& f) { north(f).inspection->disk_free_bytes = 900 << 20; }, "north has 900 of"},
      {"an absent standby would fill the disk", 220, kDegrades,
       [](auto& f) { north(f).inspection->disk_free_bytes = 3000ULL << 20; }, "4096"},
      {"the log is kept without a limit", 220, kDegrades,
       [](auto& f) {
         north(f).inspection->database->settings["max_slot_wal_keep_size"] = "-1";
         south(f).inspection->database->settings["max_slot_wal_keep_size"] = "-1";
       },
       "without"},
      {"the log that the standby needs is gone", 230, kBlocks,
       [](auto& f) { north(f).inspection->database->slots["region_south"] = "lost"; }, "lost"},
  };
}

std::vector<Story> of_what_is_deployed() {
  return {
      {"the program of a service that a failover starts is missing", 300, kDegrades,
       [](auto& f) {
         configuration_of(south(f), "worker").program_digest = "";
         configuration_of(south(f), "worker").program_problem = "no such file";
       },
       "worker: no such file"},
      {"the program of the API is missing, and none runs", 300, kBlocks,
       [](auto& f) {
         configuration_of(south(f), "web").program_digest = "";
         service_of(south(f), "web").up = 0;
       },
       "web"},
      {"the standby does not know a service", 300, kBlocks,
       [](auto& f) { south(f).inspection->configurations.pop_back(); }, "pages is not known"},
      {"a release has reached one region only", 310, kDegrades,
       [](auto& f) { configuration_of(south(f), "worker").program_digest = "d2"; }, "worker"},
      {"a secret is missing in the standby", 320, kBlocks,
       [](auto& f) { configuration_of(south(f), "worker").missing = {"TOKEN"}; },
       "worker in south lacks TOKEN"},
      {"a secret is missing in the active region", 320, kDegrades,
       [](auto& f) { configuration_of(north(f), "worker").missing = {"TOKEN"}; }, "in north"},
      {"a service of the standby would talk to the dead region", 330, kBlocks,
       [](auto& f) {
         configuration_of(south(f), "web").foreign = {"DATABASE_URL names 127.0.1.1"};
       },
       "web in south: DATABASE_URL names 127.0.1.1"},
      {"a service of the active region talks to the standby", 330, kDegrades,
       [](auto& f) { configuration_of(north(f), "web").foreign = {"CACHE names 127.0.2.1"}; },
       "in north"},
      {"a secret has another value in the standby", 340, kBlocks,
       [](auto& f) { configuration_of(south(f), "worker").variables["TOKEN"] = "t2"; },
       "worker: TOKEN differs"},
      {"a setting of understudy.yaml differs", 340, kDegrades,
       [](auto& f) { configuration_of(south(f), "worker").variables["COLOUR"] = "c2"; }, "COLOUR"},
      {"a variable is set in one region only", 340, kBlocks,
       [](auto& f) { configuration_of(south(f), "web").variables["DEBUG"] = "x"; },
       "DEBUG is set in south only"},
  };
}

std::vector<Story> of_what_runs() {
  return {
      {"the standby has no place for a second instance", 350, kDegrades,
       [](auto& f) { service_of(south(f), "web").places = 1; }, "a failover starts 2"},
      {"the standby has no place for the API", 350, kBlocks,
       [](auto& f) { service_of(south(f), "web").places = 0; }, "web"},
      {"a warm service crash-loops in the standby", 360, kDegrades,
       [](auto& f) {
         service_of(south(f), "pages").up = 0;
         service_of(south(f), "pages").trouble = "pages.0 ended with status 1";
       },
       "pages: 0 of 1 is well in south (pages.0 ended with status 1)"},
      {"a singleton runs in the standby, too", 370, kDegrades,
       [](auto& f) { service_of(south(f), "cron").running = 1; }, "cron"},
      {"the active region runs fewer than it should", 380, kNote,
       [](auto& f) { service_of(north(f), "worker").up = 0; }, "worker"},
      {"no healthy instance of the API in the standby", 400, kBlocks,
       [](auto& f) { service_of(south(f), "web").up = 0; }, "web (accelerator)"},
      {"no healthy instance behind the CDN in the standby", 400, kDegrades,
       [](auto& f) { service_of(south(f), "pages").up = 0; }, "pages (cdn)"},
      {"nobody sees the standby's way in", 410, kBlocks,
       [](auto& f) {
         for (auto& [vantage, seen] : f.standby_seen)
           seen->path = false, seen->detail = "way in: refused; database: gone";
       },
       "edge: refused; other-region: refused"},
      {"one vantage does not see the standby's way in", 410, kDegrades,
       [](auto& f) { f.standby_seen["edge"].reset(); }, "edge did not answer"},
      {"the edge is down", 420, kDegrades,
       [](auto& f) { f.serving.reset(), f.serving_problem = "refused"; }, "refused"},
      {"the edge leads elsewhere", 420, kDegrades, [](auto& f) { f.serving = "south"; },
       "leads to south"},
  };
}

std::vector<Story> of_places_and_people() {
  return {
      {"a clock is off", 500, kDegrades, [](auto& f) { south(f).clock->ahead = -900ms; },
       "900 ms behind"},
      {"a certificate ends next week", 510, kDegrades,
       [](auto& f) { f.certificates["the controller"] = kNow + 7 * 24h; }, "in 7 days"},
      {"a certificate is over", 510, kBlocks,
       [](auto& f) { south(f).inspection->certificate_ends = kNow - 1h; }, "south's agent is over"},
      {"an agent runs an older build", 520, kDegrades,
       [](auto& f) { south(f).inspection->build = "b0"; }, "b0"},
      {"the controller was not restarted after an upgrade", 520, kDegrades,
       [](auto& f) { f.deployed = "b2"; }, "b2"},
      {"maintenance is on", 600, kNote, [](auto& f) { f.hindrance = "maintenance mode is on"; },
       "maintenance"},
      {"nobody is alerted", 610, kNote, [](auto& f) { f.alerts_problem = "no target"; },
       "no target"},
      {"never drilled", 700, kDegrades, [](auto& f) { f.drills->clear(); }, "never drilled"},
      {"the platform was changed since it was drilled", 700, kDegrades,
       [](auto& f) { f.platform_digest = "p2"; }, "2 drills of other descriptions"},
      {"the last drill failed", 700, kDegrades, [](auto& f) { f.drills->back().passed = false; },
       "failed"},
      {"the last drill was long ago", 710, kNote,
       [](auto& f) { f.drills = {past_drill(40 * 24h, 2000)}; }, "40 days"},
      {"drills were slower than the objective", 730, kDegrades,
       [](auto& f) { f.drills->push_back(past_drill(1h, 9000)); }, "9000 ms over 3 drills"},
  };
}

}  // namespace

Topology ready_platform() {
  Topology topology = two_regions();
  for (Service& service : topology.services) {
    service.listens = service.name == "web";
    service.ingress = service.name == "web" ? IngressKind::accelerator : IngressKind::none;
    service.secrets = {"TOKEN"};
    service.environment = {{"COLOUR", "blue"}};
  }
  Service pages;
  pages.name = "pages";
  pages.command = {"bin/pages"};
  pages.listens = true;
  pages.ingress = IngressKind::cdn;
  topology.services.push_back(pages);
  return topology;
}

PastDrill past_drill(Duration ago, std::int64_t rto_ms) {
  return {.at = kNow - ago,
          .fault = "region-kill",
          .passed = true,
          .rto_ms = rto_ms,
          .rto_full_ms = rto_ms + 1000,
          .platform_digest = "p1"};
}

ReadinessFacts ready_facts(const Topology& topology) {
  ReadinessFacts facts;
  facts.now = kNow;
  facts.record = first_record();
  for (const char* region : {"north", "south"}) {
    const bool active = region == std::string("north");
    RegionFacts& of = facts.regions[region];
    of.status = AgentStatus{};
    of.status->region = region;
    of.status->writable = active;
    of.status->database = database(active ? DatabaseRole::primary : DatabaseRole::standby);
    of.status_at = kNow;
    of.inspection = inspection(region, topology);
    of.clock = ClockReading{.ahead = 3ms, .uncertain = 1ms};
  }
  const Sighting closed{
      .path = true, .ready = false, .services = true, .database = true, .detail = ""};
  facts.standby_seen = {{"edge", closed}, {"other-region", closed}, {"witness", closed}};
  facts.serving = "north";
  facts.build = facts.deployed = facts.agent_deployed = "b1";
  facts.certificates = {{"the controller", kNow + 300 * 24h}};
  facts.platform_digest = "p1";
  facts.drills = {past_drill(48h, 2000), past_drill(24h, 2200)};
  return facts;
}

DatabaseState& database_of(RegionFacts& region) { return *region.status->database; }

ServiceState& service_of(RegionFacts& region, const std::string& name) {
  return named(region.inspection->services, name);
}

ServiceConfiguration& configuration_of(RegionFacts& region, const std::string& name) {
  return named(region.inspection->configurations, name);
}

std::vector<ReadinessStory> readiness_stories() {
  std::vector<Story> all;
  for (const auto part :
       {of_the_record, of_the_databases, of_what_is_deployed, of_what_runs, of_places_and_people}) {
    for (Story& story : part()) all.push_back(std::move(story));
  }
  return all;
}

}  // namespace understudy::fake
