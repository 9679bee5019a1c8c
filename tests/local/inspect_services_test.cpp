// What a region's services are and would be started with: both regions are configured alike but for
// what is each one's own, and what is not so is found.

#include "local/inspect_services.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <functional>

#include "local/localisation.h"
#include "local/render.h"
#include "scratch.h"
#include "system/file.h"

namespace understudy {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Configured : public testing::Test {
 protected:
  Configured() {
    add_service_secrets(secrets_, topology_);
    for (const Region& region : topology_.regions) {
      for (const Service& service : topology_.services) {
        const std::string program = deployed_program(layout_, region.name, service);
        EXPECT_EQ(why(file::make_folder(std::filesystem::path(program).parent_path())), "");
        EXPECT_EQ(why(file::write_durably(program, "#!/bin/sh\n", 0755)), "");
      }
    }
  }
  [[nodiscard]] std::vector<Unit> units(const std::string& region) const {
    return units_of(layout_, region, {}, secrets_);
  }
  [[nodiscard]] std::vector<ServiceConfiguration> configurations(
      const std::string& region, const std::vector<Unit>& of) const {
    return service_configurations(layout_, region, of, "key");
  }
  /// One service in south, after a change of its instances.
  [[nodiscard]] ServiceConfiguration south(const std::string& service,
                                           const std::function<void(Unit&)>& change) const {
    auto changed = units("south");
    for (Unit& unit : changed) {
      if (unit.group == service) change(unit);
    }
    for (const auto& each : configurations("south", changed)) {
      if (each.name == service) return each;
    }
    ADD_FAILURE() << service << " is not there";
    return {};
  }

  const Scratch scratch_;
  const Topology topology_ = example_topology();
  const Layout layout_{topology_, scratch_.folder()};
  StackSecrets secrets_ = make_secrets();
};

}  // namespace

TEST_F(Configured, as_up_does_it_both_regions_have_all_and_the_same_and_each_its_own) {
  const auto north = configurations("north", units("north"));
  const auto south = configurations("south", units("south"));
  ASSERT_EQ(north.size(), topology_.services.size());
  ASSERT_EQ(south.size(), topology_.services.size());
  for (std::size_t i = 0; i < north.size(); ++i) {
    EXPECT_THAT(north[i].missing, IsEmpty()) << north[i].name;
    EXPECT_THAT(south[i].foreign, IsEmpty()) << south[i].name;
    EXPECT_THAT(north[i].foreign, IsEmpty()) << north[i].name;
    EXPECT_EQ(north[i].variables, south[i].variables) << north[i].name;
    EXPECT_EQ(north[i].program_digest, south[i].program_digest);
    EXPECT_NE(north[i].program_digest, "") << north[i].program_problem;
    EXPECT_GT(north[i].variables.size(), 8U);
  }
}

TEST_F(Configured, without_a_secret_or_with_an_empty_one_it_is_missing) {
  EXPECT_THAT(
      south("api-worker", [](Unit& u) { u.environment.erase("NOTIFICATIONS_TOKEN"); }).missing,
      ElementsAre("NOTIFICATIONS_TOKEN"));
  EXPECT_THAT(south("api-worker", [](Unit& u) { u.environment["DATABASE_URL"] = ""; }).missing,
              ElementsAre("DATABASE_URL"));
}

TEST_F(Configured, with_an_endpoint_of_the_other_region_it_is_named_without_the_value) {
  const auto service = south("api-web", [&](Unit& unit) {
    unit.environment["DATABASE_URL"] = application_conninfo(layout_, "north", secrets_);
    unit.environment["QUEUE"] = "https://queue.north.example/orders";
    unit.command.emplace_back("--region=north");
  });
  EXPECT_THAT(service.foreign,
              testing::UnorderedElementsAre("DATABASE_URL names 127.0.1.1", "QUEUE names north",
                                            "an argument names north"));
}

TEST_F(Configured, with_another_value_it_differs_and_nothing_tells_the_value) {
  const auto before = south("admin", [](Unit&) {});
  const auto after =
      south("admin", [](Unit& unit) { unit.environment["STAFF_PASSWORD"] = "guess"; });
  EXPECT_NE(before.variables.at("STAFF_PASSWORD"), after.variables.at("STAFF_PASSWORD"));
  EXPECT_EQ(before.variables.at("REGION"), after.variables.at("REGION"));
  const auto units_with = units("south");
  const auto other_key = service_configurations(layout_, "south", units_with, "another key");
  EXPECT_NE(other_key.front().variables.at("REGION"), before.variables.at("REGION"));
}

TEST_F(Configured, with_a_program_that_cannot_be_executed_says_why) {
  const auto missing = south("api-worker", [](Unit& unit) { unit.command[0] = "/nowhere/worker"; });
  EXPECT_EQ(missing.program_digest, "");
  EXPECT_THAT(missing.program_problem, HasSubstr("No such file"));
  const auto nowhere =
      south("api-worker", [](Unit& unit) { unit.command[0] = "no-such-program-at-all"; });
  EXPECT_THAT(nowhere.program_problem, HasSubstr("nowhere in PATH"));
  const std::string program = deployed_program(layout_, "south", *topology_.service("api-worker"));
  const std::string before = south("api-worker", [](Unit&) {}).program_digest;
  ASSERT_EQ(why(file::write_durably(program, "#!/bin/false\n", 0755)), "");
  EXPECT_NE(south("api-worker", [](Unit&) {}).program_digest, before) << "and not remembered";
}

namespace {

UnitState running(const std::string& name, std::int64_t up_ms) {
  return {.name = name + ".0",
          .group = name,
          .wanted = true,
          .pid = 7,
          .up_ms = up_ms,
          .restarts = 0,
          .last_status = 0};
}

std::vector<ServiceState> states(const std::vector<UnitState>& units, bool well = true) {
  Topology topology;
  topology.services = {Service{.name = "web", .listens = true}, Service{.name = "cron"}};
  return service_states(topology, units, [well](const Service&, unsigned) { return well; });
}

}  // namespace

TEST(AnInstance, is_up_once_it_has_run_for_a_while_and_says_that_it_is_well) {
  EXPECT_EQ(states({running("web", 5000)})[0].up, 1U);
  EXPECT_EQ(states({running("web", 5000)}, false)[0].up, 0U);
  EXPECT_THAT(states({running("web", 5000)}, false)[0].trouble, HasSubstr("does not say"));
  EXPECT_EQ(states({running("cron", 5000)}, false)[1].up, 1U) << "it does not listen";
  EXPECT_EQ(states({running("cron", 300)})[1].up, 0U);
}

TEST(AnInstance, that_crash_loops_is_never_up_though_it_runs_for_moments) {
  UnitState looping = running("web", 100);
  looping.restarts = 9;
  looping.last_status = 1;
  const ServiceState between = states({looping})[0];
  EXPECT_EQ(between.running, 1U);
  EXPECT_EQ(between.up, 0U);
  EXPECT_THAT(between.trouble, HasSubstr("status 1"));
  looping.pid = 0;
  looping.up_ms = 0;
  EXPECT_THAT(states({looping})[0].trouble, HasSubstr("ended with status 1"));
}

TEST(AnInstance, that_is_not_wanted_is_a_place_and_no_trouble) {
  UnitState idle = running("web", 0);
  idle.wanted = false;
  idle.pid = 0;
  const ServiceState state = states({idle})[0];
  EXPECT_EQ(state.places, 1U);
  EXPECT_EQ(state.wanted, 0U);
  EXPECT_EQ(state.trouble, "");
}

TEST(ARegionsOwn, is_told_from_what_only_looks_like_it) {
  EXPECT_TRUE(mentions_address("host=127.0.1.1 port=1", "127.0.1.1"));
  EXPECT_TRUE(mentions_address("redis://:x@127.0.1.1:7379", "127.0.1.1"));
  EXPECT_FALSE(mentions_address("host=127.0.1.10", "127.0.1.1"));
  EXPECT_FALSE(mentions_address("host=9127.0.1.1", "127.0.1.1"));
  EXPECT_TRUE(mentions_address("127.0.1.10,127.0.1.1", "127.0.1.1"));
  for (const char* text : {"north", "https://queue.north.example/", "/dev/shm/x/north.page",
                           "arn:aws:sqs:north:1:q", "--region=north"})
    EXPECT_TRUE(mentions_name(text, "north")) << text;
  for (const char* text : {"north-face", "northern", "the_north", "/north-wing/", ""})
    EXPECT_FALSE(mentions_name(text, "north")) << text;
}

TEST(ARegionsOwn, is_not_what_the_whole_stack_has_in_its_path) {
  const Topology topology = example_topology();
  const Layout layout(topology, "/srv/north/shop");
  EXPECT_FALSE(foreign_part(layout, "south", "/srv/north/shop/south/mail"));
  EXPECT_TRUE(foreign_part(layout, "south", "/srv/north/shop/north/mail"));
  EXPECT_EQ(without_region(layout, "north", "/srv/north/shop/north/mail"),
            without_region(layout, "south", "/srv/north/shop/south/mail"));
}

}  // namespace understudy
