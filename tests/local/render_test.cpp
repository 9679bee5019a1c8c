// The configuration files: the programs they are for accept them, and secrets are only where they
// must be.
#include "local/render.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "local/create.h"
#include "local/machine.h"
#include "scratch.h"
#include "system/file.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

/// Everything that `up` would write into the folder, without a database.
class Rendered : public testing::Test {
 public:
  Rendered() {
    const auto programs = find_programs(topology_);
    EXPECT_EQ(why(programs), "");
    programs_ = *programs;
    EXPECT_EQ(why(save_secrets(secrets_, layout_.file("secrets.json"))), "");
    for (const DomainPlace& place : layout_.domains()) fs::create_directories(place.folder);
    EXPECT_EQ(why(write_configuration(layout_, programs_)), "");
  }
  ~Rendered() override { fs::remove_all(layout_.memory()); }

  [[nodiscard]] std::vector<std::string> all_secrets() const {
    return {secrets_.postgres_superuser,
            secrets_.understudy_role,
            secrets_.probe_role,
            secrets_.replication_role,
            secrets_.application_role,
            secrets_.redis,
            secrets_.of_services.at("STAFF_PASSWORD")};
  }
  /// What PostgreSQL takes a setting to be, by the file of a region.
  [[nodiscard]] std::string setting(const std::string& region, const std::string& name) const {
    fs::create_directories(layout_.domain(region).file("postgres"));
    std::string value = shell(programs_.postgres_folder + "/postgres -C " + name + " -D " +
                              layout_.domain(region).file("postgres") + " -c config_file=" +
                              layout_.domain(region).file("postgresql.conf") + " 2>/dev/null");
    return value.substr(0, value.find('\n'));
  }

  const Scratch scratch_;
  const Topology topology_ = example_topology();
  const Layout layout_{topology_, scratch_.folder()};
  const StackSecrets secrets_ = [this] {
    StackSecrets secrets = make_secrets();
    add_service_secrets(secrets, topology_);
    return secrets;
  }();
  Programs programs_;
};

TEST_F(Rendered, haproxy_accepts_its_configurations) {
  shell(programs_.haproxy + " -c -f " + layout_.file("edge/edge.cfg"));
  for (const Region& region : topology_.regions)
    shell(programs_.haproxy + " -c -f " + layout_.domain(region.name).file("load-balancer.cfg"));
}

TEST_F(Rendered, postgres_reads_its_configuration_as_it_is_meant) {
  for (const Region& region : topology_.regions) {
    const std::string& name = region.name;
    EXPECT_EQ(setting(name, "wal_retrieve_retry_interval"), "100") << "in ms";
    EXPECT_EQ(setting(name, "listen_addresses"), region.address);
    EXPECT_EQ(setting(name, "port"), std::to_string(layout_.postgres(name).port));
    EXPECT_EQ(setting(name, "understudy_fence.page"), layout_.page(name));
    EXPECT_EQ(setting(name, "password_encryption"), "scram-sha-256");
    EXPECT_EQ(setting(name, "wal_log_hints"), "on");
    EXPECT_THAT(setting(name, "primary_conninfo"),
                HasSubstr("host=" + topology_.other(name).address + " "));
  }
}

TEST_F(Rendered, no_secret_is_in_a_file_that_others_may_read) {
  std::size_t with_secrets = 0;
  for (const auto& entry : fs::recursive_directory_iterator(scratch_.folder())) {
    if (!entry.is_regular_file()) continue;
    const std::string text = text_of(entry.path());
    for (const std::string& secret : all_secrets()) {
      if (text.find(secret) == std::string::npos) continue;
      ++with_secrets;
      EXPECT_EQ(mode_of(entry.path()), 0600U) << entry.path();
    }
  }
  EXPECT_GE(with_secrets, 6U + 2U * 2U) << "the test looks at the right files";
}

TEST_F(Rendered, haproxy_and_postgres_are_told_no_secret) {
  for (const std::string& secret : all_secrets()) {
    EXPECT_THAT(text_of(layout_.file("edge/edge.cfg")), Not(HasSubstr(secret)));
    for (const Region& region : topology_.regions) {
      const DomainPlace place = layout_.domain(region.name);
      EXPECT_THAT(text_of(place.file("load-balancer.cfg")), Not(HasSubstr(secret)));
      EXPECT_THAT(text_of(place.file("postgresql.conf")), Not(HasSubstr(secret)));
    }
  }
}

TEST_F(Rendered, no_command_line_shows_a_secret) {
  for (const DomainPlace& place : layout_.domains()) {
    for (const Unit& unit : units_of(layout_, place.name, programs_, secrets_)) {
      for (const std::string& word : unit.command) {
        for (const std::string& secret : all_secrets()) EXPECT_THAT(word, Not(HasSubstr(secret)));
      }
    }
  }
}

TEST_F(Rendered, nobody_is_admitted_without_a_password) {
  for (const bool admitting : {true, false}) {
    const std::string text = postgres_admission(layout_, admitting);
    EXPECT_THAT(text, Not(HasSubstr("trust")));
    EXPECT_THAT(text, Not(HasSubstr("0.0.0.0")));
    EXPECT_THAT(text, Not(HasSubstr("local ")));
  }
  EXPECT_THAT(postgres_admission(layout_, false),
              HasSubstr("all                   127.0.0.0/8 reject"));
}

TEST_F(Rendered, what_a_standby_does_not_run_is_not_wanted_before_its_region_is_active) {
  for (const Region& region : topology_.regions) {
    for (const Unit& unit : units_of(layout_, region.name, programs_, secrets_)) {
      const Service* service = topology_.service(unit.group);
      EXPECT_EQ(unit.wanted, service == nullptr || service->instances(false) > 0) << unit.name;
    }
  }
}

TEST_F(Rendered, a_services_secret_is_the_same_in_both_regions_and_only_where_it_is_asked_for) {
  for (const Region& region : topology_.regions) {
    for (const Unit& unit : units_of(layout_, region.name, programs_, secrets_)) {
      const bool asks = unit.group == "admin" || unit.group == "partner-dashboard";
      ASSERT_EQ(unit.environment.contains("STAFF_PASSWORD"), asks) << unit.name;
      if (asks) {
        EXPECT_EQ(unit.environment.at("STAFF_PASSWORD"), secrets_.of_services.at("STAFF_PASSWORD"));
      }
    }
  }
}

/// The example's services and two more.
Topology with_internal_service() {
  Topology topology = example_topology();
  for (Service& each : topology.services) each.secrets.clear();
  Service service{.name = "push-mail", .command = {"/bin/true"}, .listens = true};
  service.ingress = IngressKind::internal;
  topology.services.push_back(service);
  service.name = "web";
  service.ingress = IngressKind::cdn;
  topology.services.push_back(service);
  return topology;
}

TEST(Services, are_told_where_their_own_region_s_internal_ones_are_and_where_users_enter) {
  const Topology topology = with_internal_service();
  const Layout layout(topology, "/data");
  for (const Region& region : topology.regions) {
    for (const Unit& unit : units_of(layout, region.name, {}, make_secrets())) {
      if (!unit.environment.contains("INSTANCE")) continue;
      EXPECT_EQ(unit.environment.at("PUSH_MAIL_URL"),
                "http://" + layout.internal(region.name, "push-mail").text());
      EXPECT_EQ(unit.environment.at("API_URL"), "http://127.0.4.1:7080");
      EXPECT_EQ(unit.environment.at("CDN_URL"), "http://127.0.4.1:7081");
    }
  }
}

TEST(TheCdn, is_there_only_if_a_service_needs_it) {
  const auto runs_one = [](const Topology& topology) {
    const auto programs = find_programs(topology);
    EXPECT_EQ(why(programs), "");
    const auto units = units_of({topology, "/data"}, "edge", *programs, make_secrets());
    const bool runs = std::any_of(units.begin(), units.end(),
                                  [](const Unit& unit) { return unit.name == "cdn"; });
    EXPECT_EQ(runs, !programs->nginx.empty());
    return runs;
  };
  EXPECT_TRUE(runs_one(with_internal_service()));
  Topology without = with_internal_service();
  std::erase_if(without.services,
                [](const Service& each) { return each.ingress == IngressKind::cdn; });
  EXPECT_FALSE(runs_one(without));
}

TEST(Secrets, are_long_differ_and_survive_their_file) {
  const Scratch scratch;
  const StackSecrets one = make_secrets();
  const StackSecrets other = make_secrets();
  EXPECT_NE(one.postgres_superuser, other.postgres_superuser);
  EXPECT_NE(one.redis, one.application_role);
  EXPECT_EQ(one.redis.size(), 48U);
  ASSERT_EQ(why(save_secrets(one, scratch.file("s"))), "");
  EXPECT_EQ(mode_of(scratch.file("s")), 0600U);
  const auto loaded = load_secrets(scratch.file("s"));
  ASSERT_EQ(why(loaded), "");
  EXPECT_EQ(loaded->probe_role, one.probe_role);
  EXPECT_EQ(loaded->redis, one.redis);
}

TEST(Secrets, of_services_are_made_once_and_survive_their_file) {
  const Scratch scratch;
  Topology topology;
  topology.services.push_back({.name = "one", .secrets = {"TOKEN", "PASSWORD"}});
  topology.services.push_back({.name = "two", .secrets = {"TOKEN"}});
  StackSecrets secrets = make_secrets();
  EXPECT_TRUE(add_service_secrets(secrets, topology));
  EXPECT_FALSE(add_service_secrets(secrets, topology));
  EXPECT_EQ(secrets.of_services.size(), 2U);
  EXPECT_NE(secrets.of_services.at("TOKEN"), secrets.of_services.at("PASSWORD"));
  ASSERT_EQ(why(save_secrets(secrets, scratch.file("s"))), "");
  EXPECT_EQ(load_secrets(scratch.file("s"))->of_services, secrets.of_services);
}

TEST(Secrets, a_spoiled_file_is_refused_without_showing_what_is_in_it) {
  const Scratch scratch;
  ASSERT_EQ(why(file::write_durably(scratch.file("s"), R"({"redis":"hunter2"})")), "");
  const auto loaded = load_secrets(scratch.file("s"));
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().what, HasSubstr("postgres_superuser"));
  EXPECT_THAT(loaded.error().what, Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace understudy
