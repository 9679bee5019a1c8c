// One stack through its life: what a second of anything is told, and what killed parts leave.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "local/units.h"
#include "place.h"
#include "ports/wire.h"

namespace understudy {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kUsage = 2;
constexpr int kMachine = 3;
constexpr int kBusy = 4;
constexpr int kUnreachable = 5;
constexpr auto kPatience = milliseconds(30'000);

/// Its tests run in their order and hand the stack on.
class Stack : public testing::Test {
 public:
  static void SetUpTestSuite() {
    place_ = std::make_unique<Place>();
    const Said up = place_->run({"up"});
    ASSERT_EQ(up.status, 0) << up.err << up.out;
    place_->note_segments();
    // Full service: a standby is attached, so that the lease is a timed one.
    ASSERT_TRUE(eventually(
        [] {
          const auto record = place_->record();
          return record && record->standby && !record->lease.endless;
        },
        kPatience));
  }
  static void TearDownTestSuite() { place_.reset(); }

  [[nodiscard]] static std::vector<pid_t> pids() {
    std::vector<pid_t> all;
    for (const DomainPlace& domain : place_->layout().domains()) {
      const auto units =
          SupervisorClient(place_->layout().control_socket(domain.name)).units(kPatience);
      for (const UnitState& unit : units ? *units : std::vector<UnitState>())
        all.push_back(unit.pid);
    }
    return all;
  }

  /// A second one of something that there is one of.
  static void expect_busy(const std::vector<std::string>& words, const std::string& because,
                          const std::string& program = UNDERSTUDY_PROGRAM) {
    const auto before = pids();
    const Said said = place_->run_process(words, program);
    EXPECT_EQ(said.status, kBusy) << said.err;
    EXPECT_TRUE(is_one_line(said.err)) << said.err;
    EXPECT_THAT(said.err, HasSubstr(because));
    EXPECT_EQ(pids(), before) << "the first was harmed";
    EXPECT_TRUE(place_->buy("beside-a-second-" + words[0]));
  }

  static std::unique_ptr<Place> place_;
};
std::unique_ptr<Place> Stack::place_;

TEST_F(Stack, says_who_is_active) {
  const Said text = place_->run({"status"});
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("boxoffice: north is active, epoch 1"));
  const json::object status = place_->status();
  ASSERT_TRUE(status.contains("record"));
  EXPECT_EQ(status.at("record").at("active"), "north");
  EXPECT_TRUE(place_->buy("the-first"));
  EXPECT_TRUE(place_->bought("the-first"));
}

TEST_F(Stack, says_whether_it_could_fail_over_and_why_not) {
  const auto ready = [] { return place_->run({"check", "--fresh"}).status == 0; };
  ASSERT_TRUE(eventually(ready, kPatience)) << place_->run({"check"}).out;
  const Said strict = place_->run({"check", "--strict"});
  EXPECT_EQ(strict.status, 1) << "it was never drilled";
  EXPECT_THAT(strict.out, HasSubstr("drill.done (700)"));

  const SupervisorClient south(place_->layout().control_socket("south"));
  ASSERT_TRUE(south.hold("postgres", kPatience));
  // What the inspector sees at once, the agent's own looks at its database see a moment later.
  const auto is_found = [] {
    const std::string said = place_->run({"check", "--fresh"}).out;
    return said.find("database.standby (110)") != std::string::npos;
  };
  ASSERT_TRUE(eventually(is_found, kPatience));
  const Said text = place_->run({"check"});
  EXPECT_EQ(text.status, 1);
  EXPECT_THAT(text.out, HasSubstr("database.standby (110)"));
  EXPECT_THAT(text.out, HasSubstr("understudy logs south postgres"));
  const json::object said = *wire::parse_object(place_->run({"check", "--json"}).out);
  EXPECT_FALSE(said.at("ready").as_bool());
  EXPECT_EQ(said.at("score"), 0);
  EXPECT_FALSE(place_->status().at("readiness").at("ready").as_bool());
  ASSERT_TRUE(south.release("postgres", kPatience));
  EXPECT_TRUE(eventually(ready, kPatience)) << place_->run({"check"}).out;
}

TEST_F(Stack, is_found_by_its_folder_alone) {
  const Said said = run_understudy({"status", "--data", place_->data()});
  EXPECT_EQ(said.status, 0) << said.err;
}

TEST_F(Stack, shows_its_logs_by_domain_and_unit) {
  const Said all = place_->run({"logs", "north", "postgres", "--lines", "10000"});
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_THAT(all.out, HasSubstr("database system is ready"));
  EXPECT_EQ(place_->run({"logs", "atlantis"}).status, 1);
}

TEST_F(Stack, has_nothing_asked_and_no_such_execution) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"approve"}, {"decline"}, {"history", "no-such"}, {"timeline"}}) {
    const Said said = place_->run(words);
    EXPECT_EQ(said.status, 1) << words[0] << said.out;
    EXPECT_TRUE(is_one_line(said.err)) << said.err;
  }
}

TEST_F(Stack, is_left_as_it_is_by_a_second_up) {
  const auto before = pids();
  const Said up = place_->run({"up"});
  EXPECT_EQ(up.status, 0) << up.err;
  EXPECT_EQ(pids(), before);
}

TEST_F(Stack, refuses_a_second_of_each_of_its_processes) {
  expect_busy({"serve"}, "another controller");
  expect_busy({"registry"}, "locked by another process");
  for (const char* region : {"north", "south"})
    expect_busy({"--region", region}, std::string("another agent of ") + region, UNDERSTUDY_AGENT);
  expect_busy({"supervise", "--domain", "north"}, "held by another process");
}

TEST_F(Stack, knows_no_other_regions_and_domains) {
  const Said supervisor = place_->run_process({"supervise", "--domain", "atlantis"});
  EXPECT_EQ(supervisor.status, kUsage);
  const Said agent = place_->run_process({"--region", "atlantis"}, UNDERSTUDY_AGENT);
  EXPECT_EQ(agent.status, kMachine);
  for (const Said& said : {supervisor, agent}) {
    EXPECT_TRUE(is_one_line(said.err)) << said.err;
    EXPECT_THAT(said.err, HasSubstr("\"atlantis\"; there are north, south"));
  }
}

/// Ends the registry and all that it stored.
void lose_the_record(const Place& place) {
  const std::string folder = place.layout().domain("witness").folder;
  const SupervisorClient witness(place.layout().control_socket("witness"));
  ASSERT_TRUE(witness.hold("registry", kPatience));
  for (const char* file : {"registry.db", "registry.db-wal", "registry.db-shm"})
    std::filesystem::remove(folder + "/" + file);
  ASSERT_TRUE(witness.release("registry", kPatience));
}

TEST_F(Stack, goes_on_selling_while_its_registry_has_lost_the_record_and_is_given_a_new_one) {
  lose_the_record(*place_);
  ASSERT_TRUE(eventually([] { return place_->record().has_value(); }, kPatience));
  EXPECT_EQ(place_->record()->version, 1U) << "the one of the first day, which nobody believes";
  EXPECT_TRUE(place_->buy("without-a-record"));
  const Said told = place_->run({"registry", "recover"});
  EXPECT_EQ(told.status, 1) << told.err;
  EXPECT_THAT(told.out, HasSubstr("nothing was changed"));
  EXPECT_EQ(place_->record()->version, 1U);
  const Said done = place_->run({"registry", "recover", "--yes"});
  EXPECT_EQ(done.status, 0) << done.err << done.out;
  EXPECT_TRUE(place_->buy("with-a-new-record"));
  EXPECT_TRUE(eventually([] { return place_->record() && place_->record()->standby; }, kPatience))
      << "the standby is attached again";
  EXPECT_EQ(place_->record()->active, "north");
  const Said well = place_->run({"registry", "recover", "--yes"});
  EXPECT_EQ(well.status, 0) << well.err;
  EXPECT_THAT(well.out, HasSubstr("nothing to recover"));
}

TEST_F(Stack,
       lets_its_active_region_go_on_alone_at_an_operators_word_and_is_whole_again_by_itself) {
  const Said detached = place_->run({"detach"});
  EXPECT_EQ(detached.status, 0) << detached.err;
  EXPECT_TRUE(place_->buy("alone"));
  // South streams all the while.
  EXPECT_TRUE(eventually([] { return place_->record() && place_->record()->standby; }, kPatience));
  EXPECT_FALSE(place_->record()->lease.endless);
  EXPECT_TRUE(place_->buy("whole-again"));
}

TEST_F(Stack, keeps_its_ports_from_another_stack) {
  const Folder elsewhere;
  const Said said =
      run_understudy({"up", "-f", place_->config(), "--data", elsewhere.file("other"),
                      "--port-base", std::to_string(place_->layout().topology().local.port_base)});
  EXPECT_EQ(said.status, kMachine);
  EXPECT_TRUE(is_one_line(said.err)) << said.err;
  EXPECT_THAT(said.err, HasSubstr("Address already in use"));
  EXPECT_THAT(process::members({.supervisor = 0, .directory = elsewhere.path()}), IsEmpty());
}

TEST_F(Stack, is_not_taken_for_another_platform_or_other_ports) {
  const std::string config = read_text(place_->config());
  std::string renamed = config;
  renamed.replace(renamed.find("platform: boxoffice"), 19, "platform: circus");
  write_text(place_->config(), renamed);
  const Said said = place_->run({"up"});
  write_text(place_->config(), config);
  EXPECT_EQ(said.status, kMachine);
  EXPECT_TRUE(is_one_line(said.err)) << said.err;
  EXPECT_THAT(said.err, HasSubstr("holds the stack of the platform boxoffice, not of circus"));
  const Said moved = run_understudy(
      {"up", "-f", place_->config(), "--data", place_->data(), "--port-base", "40000"});
  EXPECT_EQ(moved.status, kMachine);
  EXPECT_TRUE(is_one_line(moved.err)) << moved.err;
  EXPECT_THAT(moved.err, HasSubstr("runs with other addresses"));
  EXPECT_EQ(place_->serving(), "north");
}

TEST_F(Stack, goes_on_with_a_new_agent_when_one_is_killed) {
  const pid_t watchdog = place_->pid_of("north", "agent");
  const auto agent_of = [](pid_t parent) -> pid_t {
    for (const auto& who : place_->members()) {
      const std::string text = read_text("/proc/" + std::to_string(who.pid) + "/status");
      if (text.find("PPid:\t" + std::to_string(parent) + "\n") != std::string::npos) return who.pid;
    }
    return 0;
  };
  const pid_t agent = agent_of(watchdog);
  ASSERT_NE(agent, 0);
  const auto before = place_->record();
  kill(agent, SIGKILL);
  ASSERT_TRUE(eventually(
      [&] {
        const pid_t now = agent_of(watchdog);
        return now != 0 && now != agent;
      },
      kPatience));
  // The new one renews: longer than one ttl later the lease is still there.
  ASSERT_TRUE(eventually(
      [&] {
        const auto now = place_->record();
        return now && now->lease.serial >= before->lease.serial + 5;
      },
      kPatience));
  EXPECT_TRUE(place_->buy("after-the-agent"));
  const auto after = place_->record();
  ASSERT_TRUE(after);
  EXPECT_EQ(place_->pid_of("north", "agent"), watchdog);
  EXPECT_EQ(after->epoch, before->epoch);
  EXPECT_EQ(after->active, "north");
  EXPECT_EQ(after->transition.number, before->transition.number) << "no failover was begun";
}

TEST_F(Stack, remembers_what_operators_ordered_when_its_controller_is_killed) {
  ASSERT_EQ(place_->run({"automation", "off", "--reason", "new disks"}).status, 0);
  ASSERT_EQ(place_->run({"maintenance", "on", "--for", "1h", "--reason", "new racks"}).status, 0);
  const pid_t controller = place_->pid_of("witness", "controller");
  ASSERT_NE(controller, 0);
  kill(controller, SIGKILL);
  ASSERT_TRUE(eventually([] { return place_->run({"status"}).status == 0; }, kPatience));
  const Said status = place_->run({"status"});
  EXPECT_THAT(status.out, testing::StartsWith("MAINTENANCE since "));
  EXPECT_THAT(status.out, HasSubstr("(new racks) until "));
  EXPECT_THAT(status.out, HasSubstr("automation off since "));
  EXPECT_THAT(status.out, HasSubstr("(new disks)"));
  ASSERT_EQ(place_->run({"maintenance", "off"}).status, 0);
  EXPECT_EQ(place_->run({"maintenance", "off"}).status, 1) << "it is off";
  EXPECT_THAT(place_->run({"automation", "on"}).out, HasSubstr("go (row 170)"));
  EXPECT_EQ(place_->run({"acknowledge"}).status, 1) << "there was no failover";
  const Said alert = place_->run({"alert", "--test"});
  EXPECT_EQ(alert.status, 1);
  EXPECT_THAT(alert.err, HasSubstr("names no target of alerts"));
}

TEST_F(Stack, keeps_its_record_when_the_registry_is_killed) {
  const auto before = place_->record();
  const pid_t registry = place_->pid_of("witness", "registry");
  ASSERT_NE(registry, 0);
  kill(registry, SIGKILL);
  EXPECT_TRUE(place_->buy("without-a-registry")) << "the lease still runs";
  ASSERT_TRUE(eventually([] { return place_->record().has_value(); }, kPatience));
  const auto after = place_->record();
  EXPECT_GE(after->version, before->version);
  EXPECT_EQ(after->epoch, before->epoch);
  EXPECT_EQ(after->active, before->active);
  EXPECT_EQ(after->term, before->term);
  // The lease is renewed again: longer than one ttl later it is still there.
  ASSERT_TRUE(eventually(
      [&] {
        const auto now = place_->record();
        return now && now->lease.serial >= after->lease.serial + 5;
      },
      kPatience));
  EXPECT_TRUE(place_->buy("with-a-registry-again"));
  EXPECT_EQ(place_->record()->transition.number, before->transition.number);
}

TEST_F(Stack, says_that_its_controller_does_not_answer) {
  const SupervisorClient witness(place_->layout().control_socket("witness"));
  ASSERT_TRUE(witness.hold("controller", kPatience));
  ASSERT_TRUE(eventually([] { return place_->pid_of("witness", "controller") == 0; }, kPatience));
  const Said said = place_->run({"status"});
  EXPECT_EQ(said.status, kUnreachable);
  EXPECT_TRUE(is_one_line(said.err)) << said.err;
  EXPECT_TRUE(place_->buy("without-a-controller"));
  ASSERT_TRUE(witness.release("controller", kPatience));
  EXPECT_TRUE(eventually([] { return place_->run({"status"}).status == 0; }, kPatience));
}

TEST_F(Stack, completes_a_failover_whose_controller_was_killed) {
  ASSERT_TRUE(eventually([] { return place_->status().contains("decision"); }, kPatience));
  const auto before = place_->record();
  ASSERT_EQ(before->active, "north");
  const DomainPlace north = place_->layout().domain("north");
  const auto killed =
      process::kill_all({.supervisor = supervisor_of(north.folder), .directory = north.folder},
                        std::chrono::seconds(10));
  ASSERT_TRUE(killed) << killed.error().what;
  const pid_t controller = place_->pid_of("witness", "controller");
  ASSERT_TRUE(eventually(
      [] {
        const auto now = place_->record();
        return now && now->transition.phase != Phase::none;
      },
      kPatience));
  ASSERT_EQ(kill(controller, SIGKILL), 0);
  EXPECT_EQ(place_->record()->epoch, before->epoch) << "it was killed before the end";
  ASSERT_TRUE(eventually(
      [] {
        const auto now = place_->record();
        return now && now->transition.phase == Phase::none && now->active == "south";
      },
      kPatience));
  const auto after = place_->record();
  EXPECT_EQ(after->epoch, before->epoch + 1);
  EXPECT_EQ(after->transition.number, before->transition.number + 1) << "one execution, resumed";
  EXPECT_TRUE(eventually([] { return place_->buy("after-the-failover"); }, kPatience));
  EXPECT_EQ(place_->serving(), "south");
  EXPECT_TRUE(place_->bought("the-first"));
  // The journal closes a moment after the record.
  EXPECT_TRUE(
      eventually([] { return place_->run({"history"}).out.find("SUCCEEDED") != std::string::npos; },
                 kPatience))
      << place_->run({"history"}).out;
  EXPECT_THAT(place_->run({"timeline"}).out, HasSubstr("PromoteDatabase"));
}

TEST_F(Stack, leaves_nothing_when_it_is_taken_down) {
  place_->note_segments();
  const Said down = place_->run({"down"});
  EXPECT_EQ(down.status, 0) << down.err;
  EXPECT_THAT(place_->left_behind(), IsEmpty());
  EXPECT_EQ(place_->run({"down"}).status, 0) << "and again";
  EXPECT_EQ(place_->run({"status"}).status, 1);
}

}  // namespace
}  // namespace understudy
