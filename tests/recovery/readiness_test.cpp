// Could a failover succeed? Every question by situations, what is not known, and the score.

#include "recovery/readiness.h"

#include <gmock/gmock.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <set>

#include "world.h"

namespace understudy {

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Change = std::function<void(ReadinessFacts&)>;

const WallTime kNow{std::chrono::seconds(1'800'000'000)};

constexpr auto kBlocks = Severity::blocks;
constexpr auto kDegrades = Severity::degrades;
constexpr auto kNote = Severity::note;

Topology platform() {
  Topology topology = fake::two_regions();
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

PastDrill drill(Duration ago, std::int64_t rto_ms) {
  return {.at = kNow - ago,
          .fault = "region-kill",
          .passed = true,
          .rto_ms = rto_ms,
          .rto_full_ms = rto_ms + 1000,
          .platform_digest = "p1"};
}

/// All is well: north is active, south stands by.
ReadinessFacts well(const Topology& topology) {
  ReadinessFacts facts;
  facts.now = kNow;
  facts.record = fake::first_record();
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
  facts.build = "b1";
  facts.certificates = {{"the controller", kNow + 300 * 24h}};
  facts.platform_digest = "p1";
  facts.drills = {drill(48h, 2000), drill(24h, 2200)};
  return facts;
}

struct Story {
  std::string what;
  int id;
  Severity severity;
  Change change;
  std::string cause;  ///< a part of it
};

RegionFacts& north(ReadinessFacts& facts) { return facts.regions.at("north"); }
RegionFacts& south(ReadinessFacts& facts) { return facts.regions.at("south"); }
DatabaseState& database_of(RegionFacts& region) { return *region.status->database; }
ServiceState& service(RegionFacts& region, std::size_t index) {
  return region.inspection->services.at(index);
}
ServiceConfiguration& configuration(RegionFacts& region, std::size_t index) {
  return region.inspection->configurations.at(index);
}

// In the order of platform().
constexpr std::size_t kWeb = 0;
constexpr std::size_t kCron = 1;
constexpr std::size_t kWorker = 2;
constexpr std::size_t kPages = 3;

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

std::vector<Story> of_the_services() {
  return {
      {"the program of a service that a failover starts is missing", 300, kDegrades,
       [](auto& f) {
         configuration(south(f), kWorker).program_digest = "";
         configuration(south(f), kWorker).program_problem = "no such file";
       },
       "worker: no such file"},
      {"the program of the API is missing, and none runs", 300, kBlocks,
       [](auto& f) {
         configuration(south(f), kWeb).program_digest = "";
         service(south(f), kWeb).up = 0;
       },
       "web"},
      {"the standby does not know a service", 300, kBlocks,
       [](auto& f) { south(f).inspection->configurations.pop_back(); }, "pages is not known"},
      {"a release has reached one region only", 310, kDegrades,
       [](auto& f) { configuration(south(f), kWorker).program_digest = "d2"; }, "worker"},
      {"a secret is missing in the standby", 320, kBlocks,
       [](auto& f) { configuration(south(f), kWorker).missing = {"TOKEN"}; },
       "worker in south lacks TOKEN"},
      {"a secret is missing in the active region", 320, kDegrades,
       [](auto& f) { configuration(north(f), kWorker).missing = {"TOKEN"}; }, "in north"},
      {"a service of the standby would talk to the dead region", 330, kBlocks,
       [](auto& f) { configuration(south(f), kWeb).foreign = {"DATABASE_URL names 127.0.1.1"}; },
       "web in south: DATABASE_URL names 127.0.1.1"},
      {"a service of the active region talks to the standby", 330, kDegrades,
       [](auto& f) { configuration(north(f), kWeb).foreign = {"CACHE names 127.0.2.1"}; },
       "in north"},
      {"a secret has another value in the standby", 340, kBlocks,
       [](auto& f) { configuration(south(f), kWorker).variables["TOKEN"] = "t2"; },
       "worker: TOKEN differs"},
      {"a setting of understudy.yaml differs", 340, kDegrades,
       [](auto& f) { configuration(south(f), kWorker).variables["COLOUR"] = "c2"; }, "COLOUR"},
      {"a variable is set in one region only", 340, kBlocks,
       [](auto& f) { configuration(south(f), kWeb).variables["DEBUG"] = "x"; },
       "DEBUG is set in south only"},
      {"the standby has no place for a second instance", 350, kDegrades,
       [](auto& f) { service(south(f), kWeb).places = 1; }, "a failover starts 2"},
      {"the standby has no place for the API", 350, kBlocks,
       [](auto& f) { service(south(f), kWeb).places = 0; }, "web"},
      {"a warm service crash-loops in the standby", 360, kDegrades,
       [](auto& f) {
         service(south(f), kPages).up = 0;
         service(south(f), kPages).trouble = "pages.0 ended with status 1";
       },
       "pages: 0 of 1 is well in south (pages.0 ended with status 1)"},
      {"a singleton runs in the standby, too", 370, kDegrades,
       [](auto& f) { service(south(f), kCron).running = 1; }, "cron"},
      {"the active region runs fewer than it should", 380, kNote,
       [](auto& f) { service(north(f), kWorker).up = 0; }, "worker"},
      {"no healthy instance of the API in the standby", 400, kBlocks,
       [](auto& f) { service(south(f), kWeb).up = 0; }, "web (accelerator)"},
      {"no healthy instance behind the CDN in the standby", 400, kDegrades,
       [](auto& f) { service(south(f), kPages).up = 0; }, "pages (cdn)"},
      {"nobody sees the standby's way in", 410, kBlocks,
       [](auto& f) {
         for (auto& [vantage, seen] : f.standby_seen) seen->path = false, seen->detail = "refused";
       },
       "edge: refused"},
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
       [](auto& f) { f.drills = {drill(40 * 24h, 2000)}; }, "40 days"},
      {"drills were slower than the objective", 730, kDegrades,
       [](auto& f) { f.drills->push_back(drill(1h, 9000)); }, "9000 ms over 3 drills"},
  };
}

std::vector<Story> stories() {
  std::vector<Story> all;
  for (const auto part : {of_the_record, of_the_databases, of_the_services, of_places_and_people}) {
    for (Story& story : part()) all.push_back(std::move(story));
  }
  return all;
}

class Ready : public testing::Test {
 protected:
  [[nodiscard]] Readiness judged(const Change& change = [](ReadinessFacts&) {}) const {
    ReadinessFacts facts = well(topology_);
    change(facts);
    return judge_readiness(topology_, facts);
  }
  static Answer answer(const Readiness& readiness, int id) {
    for (const auto& [question, given] : readiness.answers) {
      if (question.id == id) return given;
    }
    ADD_FAILURE() << "no question " << id;
    return {};
  }
  static std::set<int> unknowns(const Readiness& readiness) {
    std::set<int> ids;
    for (const auto& [question, given] : readiness.answers) {
      if (given.state == Answer::State::unknown) ids.insert(question.id);
    }
    return ids;
  }

  const Topology topology_ = platform();
};

}  // namespace

TEST_F(Ready, is_a_platform_of_which_nothing_is_wrong) {
  const Readiness readiness = judged();
  for (const auto& [question, given] : readiness.answers)
    EXPECT_EQ(given.state, Answer::State::ok) << question.name << ": " << given.cause;
  EXPECT_TRUE(readiness.ready());
  EXPECT_EQ(readiness.score(), 100);
  EXPECT_EQ(readiness.active, "north");
  EXPECT_EQ(readiness.target, "south");
}

TEST_F(Ready, is_not_what_a_story_tells) {
  for (const Story& story : stories()) {
    const Answer given = answer(judged(story.change), story.id);
    EXPECT_EQ(given.state, Answer::State::finding) << story.what;
    EXPECT_EQ(to_string(given.severity), to_string(story.severity)) << story.what;
    EXPECT_THAT(given.cause, HasSubstr(story.cause)) << story.what;
    EXPECT_FALSE(given.advice.empty()) << story.what;
  }
}

TEST_F(Ready, has_a_story_for_every_question_as_grave_as_the_question) {
  std::set<int> told;
  for (const Story& story : stories()) told.insert(story.id);
  for (const Question& question : readiness_questions()) {
    EXPECT_TRUE(told.contains(question.id)) << question.name;
    const auto all = stories();
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const Story& story) {
      return story.id == question.id && story.severity == question.severity;
    })) << question.name;
  }
}

TEST_F(Ready, is_said_by_the_regions_names_once_they_have_changed_parts) {
  const Readiness readiness = judged([&](ReadinessFacts& facts) {
    facts.record->active = "south";
    facts.record->standby.reset();
  });
  EXPECT_EQ(readiness.target, "north");
  EXPECT_THAT(answer(readiness, 30).cause, HasSubstr("north is not attached"));
}

TEST_F(Ready, is_not_what_is_not_known) {
  const Readiness blind = judged([](ReadinessFacts& facts) {
    facts.record.reset();
    facts.drills.reset();
    facts.drills_problem = "permission denied";
  });
  EXPECT_FALSE(blind.ready());
  EXPECT_EQ(blind.active, "");
  for (const auto& [question, given] : blind.answers) {
    if (question.id == 10 || question.id == 610) continue;  // found, and about nobody's part
    EXPECT_EQ(given.state, Answer::State::unknown) << question.name;
    EXPECT_EQ(to_string(given.severity), to_string(question.severity)) << question.name;
  }
}

TEST_F(Ready, asks_nothing_of_a_region_that_does_not_answer) {
  const auto gone = [](RegionFacts& region) {
    region.status.reset();
    region.status_problem = "timed out";
    region.inspection.reset();
    region.inspection_problem = "timed out";
    region.clock.reset();
  };
  const Readiness without_standby = judged([&](ReadinessFacts& facts) { gone(south(facts)); });
  EXPECT_THAT(unknowns(without_standby),
              testing::ElementsAre(110, 120, 130, 140, 150, 160, 170, 180, 190, 200, 210, 300, 310,
                                   320, 330, 340, 350, 360, 370, 380, 400, 500, 510, 520));
  const Readiness without_active = judged([&](ReadinessFacts& facts) { gone(north(facts)); });
  EXPECT_THAT(unknowns(without_active),
              testing::ElementsAre(70, 130, 140, 150, 160, 170, 180, 190, 210, 220, 230, 310, 320,
                                   330, 340, 380, 500, 510, 520));
  EXPECT_THAT(answer(without_active, 160).cause, HasSubstr("north's agent"));
}

TEST_F(Ready, does_not_take_a_silent_database_disk_or_supervisor_for_a_good_one) {
  const Readiness no_database = judged([](ReadinessFacts& facts) {
    south(facts).inspection->database.reset();
    south(facts).inspection->database_problem = "starting up";
  });
  EXPECT_THAT(unknowns(no_database), testing::ElementsAre(150, 160, 170, 180, 190));
  const Readiness no_supervisor = judged([](ReadinessFacts& facts) {
    south(facts).inspection->services.clear();
    south(facts).inspection->configurations.clear();
    south(facts).inspection->services_problem = "nobody listens";
  });
  EXPECT_THAT(unknowns(no_supervisor),
              testing::ElementsAre(300, 310, 320, 330, 340, 350, 360, 370, 400));
  const Readiness no_disk =
      judged([](ReadinessFacts& facts) { south(facts).inspection->disk_bytes = 0; });
  EXPECT_THAT(unknowns(no_disk), testing::ElementsAre(200, 210));
  const Readiness no_commit = judged([](ReadinessFacts& facts) {
    database_of(south(facts)).replayed = 0;
    database_of(south(facts)).newest_commit.reset();
  });
  EXPECT_THAT(unknowns(no_commit), testing::ElementsAre(130));
}

TEST_F(Ready, is_a_standby_that_has_all_though_nothing_was_committed_for_an_hour) {
  const Readiness readiness =
      judged([](ReadinessFacts& facts) { database_of(south(facts)).newest_commit = kNow - 1h; });
  EXPECT_EQ(answer(readiness, 130).state, Answer::State::ok);
}

TEST_F(Ready, reckons_the_lag_by_the_clock_of_the_region_that_committed) {
  const auto lagging = [](Duration ahead) {
    return [ahead](ReadinessFacts& facts) {
      north(facts).clock->ahead = ahead;
      database_of(south(facts)).replayed = 10;
      database_of(south(facts)).newest_commit = kNow - 2s;
    };
  };
  EXPECT_EQ(answer(judged(lagging(0s)), 130).state, Answer::State::ok);
  EXPECT_EQ(answer(judged(lagging(2s)), 130).state, Answer::State::finding);
}

TEST_F(Ready, forgives_a_clock_what_the_way_there_may_have_taken) {
  const auto asked = [](Duration ahead, Duration uncertain) {
    return [=](ReadinessFacts& facts) { south(facts).clock = ClockReading{ahead, uncertain}; };
  };
  EXPECT_EQ(answer(judged(asked(300ms, 60ms)), 500).state, Answer::State::ok);
  EXPECT_EQ(answer(judged(asked(300ms, 40ms)), 500).state, Answer::State::finding);
  EXPECT_EQ(answer(judged(asked(0ms, 400ms)), 500).state, Answer::State::unknown);
}

TEST_F(Ready, says_once_what_is_missing_or_names_the_other_region) {
  const Readiness readiness = judged([](ReadinessFacts& facts) {
    auto& worker = configuration(south(facts), kWorker);
    worker.missing = {"TOKEN"};
    worker.variables.erase("TOKEN");
    worker.foreign = {"DATABASE_URL names 127.0.1.1"};
    worker.variables["DATABASE_URL"] = "u2";
  });
  EXPECT_EQ(answer(readiness, 320).state, Answer::State::finding);
  EXPECT_EQ(answer(readiness, 330).state, Answer::State::finding);
  EXPECT_EQ(answer(readiness, 340).state, Answer::State::ok);
}

TEST_F(Ready, is_scored_by_what_blocks_then_by_what_degrades_and_notes) {
  const auto with = [&](std::vector<int> ids) {
    return judged([&](ReadinessFacts& facts) {
             for (const int id : ids) {
               const auto all = stories();
               std::find_if(all.begin(), all.end(), [&](const Story& s) {
                 return s.id == id;
               })->change(facts);
             }
           })
        .score();
  };
  EXPECT_EQ(with({600}), 98);
  EXPECT_EQ(with({600, 610}), 96);
  EXPECT_EQ(with({150}), 90);
  EXPECT_EQ(with({150, 520, 600}), 78);
  EXPECT_EQ(with({230, 600}), 0);
  Readiness worst = judged();
  for (auto& [question, given] : worst.answers) {
    given.state = Answer::State::unknown;
    given.severity = kDegrades;
  }
  EXPECT_TRUE(worst.ready());
  EXPECT_EQ(worst.score(), 1);
}

TEST_F(Ready, predicts_by_the_newest_drills_of_this_very_platform) {
  ReadinessFacts facts = well(topology_);
  facts.drills->clear();
  EXPECT_FALSE(predict(facts));
  for (int i = 0; i < 30; ++i) facts.drills->push_back(drill(24h * (40 - i), 100 + i));
  PastDrill other = drill(1h, 9000);
  other.platform_digest = "p0";
  facts.drills->push_back(other);
  other = drill(1h, 9000);
  other.fault = "path-cut";
  facts.drills->push_back(other);
  const auto predicted = predict(facts);
  ASSERT_TRUE(predicted);
  EXPECT_EQ(predicted->drills, 20U);
  EXPECT_EQ(predicted->rto_median_ms, 119);
  EXPECT_EQ(predicted->rto_p90_ms, 127);
  EXPECT_EQ(predicted->rto_full_p90_ms, 1127);
}

TEST(ReadinessTable, is_in_the_docs_as_it_is_in_the_code) {
  std::ifstream file(UNDERSTUDY_READINESS_PAGE);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(page, HasSubstr(describe_readiness())) << "docs/readiness.md: put this there\n"
                                                     << describe_readiness();
}

}  // namespace understudy
