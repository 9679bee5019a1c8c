// What a file without mistakes becomes.
#include <gmock/gmock.h>

#include "minimal.h"

namespace understudy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(TheExample, loads_without_mistakes) {
  const auto loaded = load_topology(UNDERSTUDY_SOURCE_DIR "/examples/boxoffice/understudy.yaml");
  for (const auto& mistake : loaded.mistakes) ADD_FAILURE() << mistake.text();
  ASSERT_TRUE(loaded.topology);
  const auto& topology = *loaded.topology;
  EXPECT_EQ(topology.platform, "boxoffice");
  EXPECT_EQ(topology.region("south")->address, "127.0.2.1");
  EXPECT_EQ(topology.other("north").name, "south");
  EXPECT_EQ(topology.region("east"), nullptr);
  EXPECT_EQ(topology.lease.ttl, 2s);
  EXPECT_EQ(topology.lease.renew_interval, 600ms);
  EXPECT_EQ(topology.objectives.rto, 3200ms);
  const auto* web = topology.service("api-web");
  ASSERT_NE(web, nullptr);
  EXPECT_TRUE(web->listens);
  EXPECT_EQ(web->ingress, IngressKind::accelerator);
  EXPECT_THAT(web->environment, ElementsAre(Pair("ROLE", "api-web")));
  EXPECT_EQ(topology.service("api-cron")->posture, Posture::active_only);
}

TEST(AFile, may_leave_out_whatever_has_a_default) {
  const auto topology = minimal_topology();
  EXPECT_EQ(topology.witness_address, "127.0.3.1");
  EXPECT_EQ(topology.edge_address, "127.0.4.1");
  EXPECT_EQ(topology.policy.over_budget, OverBudget::ask);
  EXPECT_EQ(topology.lease.margin, 100ms);
  EXPECT_TRUE(topology.redis);
  EXPECT_EQ(topology.local.port_base, 7000);
}

TEST(AFile, may_set_everything) {
  const auto loaded = parse_topology(
      kMinimal +
          "    environment: { EMPTY: '', NUMBER: 7, SWITCH: on }\n"
          "    secrets: [PASSWORD, TOKEN]\n"
          "    listens: true\n    ready_path: /r?full=1\n    live_path: /l\n    ingress: "
          "accelerator\n    path: /s/\n"
          "    posture: minimal\n    instances_active: 4\n    instances_standby: 2\n"
          "witness: { address: 127.9.3.1 }\nedge: { address: 127.9.4.1, wait_max: 3s }\n"
          "database: { name: d, application_role: r, schema_file: s.sql, replication: synchronous, "
          "connections_max: 50 }\n"
          "redis: off\n"
          "lease: { ttl: 1min, renew_interval: 20s, margin: 2s, answer_max: 1s, "
          "clock_drift_ppm_max: 500 }\n"
          "probe: { interval: 1s, timeout: 2s, failures: 5, patience: 1h }\n"
          "policy: { automatic_failover: off, lag_budget: 0s, over_budget: go-on }\n"
          "objectives: { rto: 2min, rto_full: 2h, rpo: 0s }\n"
          "local: { data: run, port_base: 60000, run_as: shop }\n",
      "/etc/shop/u.yaml");
  for (const auto& mistake : loaded.mistakes) ADD_FAILURE() << mistake.text();
  ASSERT_TRUE(loaded.topology);
  const auto& topology = *loaded.topology;
  const auto& web = topology.services.at(0);
  EXPECT_THAT(web.environment,
              ElementsAre(Pair("EMPTY", ""), Pair("NUMBER", "7"), Pair("SWITCH", "on")));
  EXPECT_THAT(web.secrets, ElementsAre("PASSWORD", "TOKEN"));
  EXPECT_EQ(web.ready_path, "/r?full=1");
  EXPECT_EQ(web.path, "/s/");
  EXPECT_EQ(web.instances(true), 4u);
  EXPECT_EQ(web.instances(false), 2u);
  EXPECT_EQ(topology.witness_address, "127.9.3.1");
  EXPECT_EQ(topology.edge_wait_max, 3s);
  EXPECT_EQ(topology.database.replication, Replication::synchronous);
  EXPECT_EQ(topology.database.connections_max, 50u);
  EXPECT_FALSE(topology.redis);
  EXPECT_EQ(topology.lease.ttl, 60s);
  EXPECT_EQ(topology.lease.clock_drift_ppm_max, 500u);
  EXPECT_EQ(topology.probe.patience, 1h);
  EXPECT_EQ(topology.policy.automatic_failover, Automation::off);
  EXPECT_EQ(topology.policy.over_budget, OverBudget::go_on);
  EXPECT_EQ(topology.objectives.rto_full, 2h);
  EXPECT_EQ(topology.local.run_as, "shop");
}

TEST(RelativePaths, count_from_the_folder_of_the_file) {
  const auto topology =
      *parse_topology(replaced("[web]", "[bin/web, conf/web.ini]") +
                          "database: { schema_file: s.sql }\nlocal: { data: run }\n",
                      "/etc/shop/u.yaml")
           .topology;
  EXPECT_EQ(topology.directory, "/etc/shop");
  EXPECT_THAT(topology.services[0].command, ElementsAre("/etc/shop/bin/web", "conf/web.ini"));
  EXPECT_EQ(topology.database.schema_file, "/etc/shop/s.sql");
  EXPECT_EQ(topology.local.data, "/etc/shop/run");
}

TEST(RelativePaths, leave_absolute_ones_and_programs_of_the_search_path_alone) {
  const auto topology =
      *parse_topology(kMinimal + "database: { schema_file: /srv/s.sql }\n", "/etc/shop/u.yaml")
           .topology;
  EXPECT_THAT(topology.services[0].command, ElementsAre("web"));
  EXPECT_EQ(topology.database.schema_file, "/srv/s.sql");
}

TEST(AServicesInstances, follow_from_its_posture_unless_given) {
  const auto standby = [](const std::string& lines) {
    const auto loaded = parse_topology(kMinimal + lines, "u.yaml");
    EXPECT_THAT(loaded.mistakes, IsEmpty()) << lines;
    return loaded.topology->services[0].instances(false);
  };
  EXPECT_EQ(standby("    posture: warm\n    instances_active: 3\n"), 3u);
  EXPECT_EQ(standby("    posture: minimal\n    instances_active: 3\n"
                    "    instances_standby: 1\n"),
            1u);
  EXPECT_EQ(standby("    posture: scaled-on-failover\n    instances_active: 3\n"), 0u);
  EXPECT_EQ(standby("    posture: edge-cached\n"), 0u);
  EXPECT_EQ(standby("    posture: active-only\n"), 0u);
}

}  // namespace
}  // namespace understudy
