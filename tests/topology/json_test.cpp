#include "topology/json.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "minimal.h"

namespace understudy {
namespace {

using testing::HasSubstr;

std::string error_of(const std::string& text) {
  const auto topology = from_json(text);
  return topology ? "" : topology.error().what;
}

/// The JSON of the minimal topology with one change.
template <class Change>
std::string changed(Change change) {
  auto value = boost::json::parse(to_json(minimal_topology())).as_object();
  change(value);
  return boost::json::serialize(value);
}

TEST(TopologyJson, is_what_child_processes_read) {
  EXPECT_EQ(
      to_json(minimal_topology()),
      R"({"platform":"shop","regions":[{"name":"north","address":"127.0.1.1"},)"
      R"({"name":"south","address":"127.0.2.1"}],"home":"north",)"
      R"("witness":{"address":"127.0.3.1"},"edge":{"address":"127.0.4.1","wait_max_ms":1500},)"
      R"("services":[{"name":"web","command":["web"],"environment":{},"secrets":[],"listens":false,)"
      R"("ready_path":"/ready","live_path":"/live","ingress":"none","path":null,"posture":"warm",)"
      R"("instances_active":1,"instances_standby":1}],)"
      R"("database":{"name":"app","application_role":"app","schema_file":null,)"
      R"("replication":"asynchronous","connections_max":200},"redis":true,)"
      R"("lease":{"ttl_ms":2000,"renew_interval_ms":600,"margin_ms":100,"answer_max_ms":50,)"
      R"("clock_drift_ppm_max":1000},)"
      R"("probe":{"interval_ms":200,"timeout_ms":500,"failures":3,"patience_ms":10000},)"
      R"("policy":{"automatic_failover":"on","lag_budget_ms":3000,"over_budget":"ask",)"
      R"("rpo":"availability-first","rpo_hold_max_ms":30000,"detach_after_ms":30000,)"
      R"("failover_interval_min_ms":3600000,"automatic_rejoin":true},)"
      R"("alerts":{"repeat_interval_ms":3600000,"targets":[]},)"
      R"("objectives":{"rto_ms":3200,"rto_full_ms":5000,"rpo_ms":3000},)"
      R"("local":{"data":"","port_base":7000,"run_as":""},"directory":"/etc/shop"})");
}

TEST(TopologyJson, gives_the_example_back_whole) {
  const auto loaded = load_topology(UNDERSTUDY_SOURCE_DIR "/examples/boxoffice/understudy.yaml");
  ASSERT_TRUE(loaded.topology);
  const auto text = to_json(*loaded.topology);
  const auto back = from_json(text);
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(to_json(*back), text);
  EXPECT_EQ(back->database.schema_file, loaded.topology->database.schema_file);
  EXPECT_EQ(back->lease.ttl, loaded.topology->lease.ttl);
  EXPECT_EQ(back->services.at(1).posture, Posture::active_only);
  EXPECT_EQ(back->services.at(0).environment, loaded.topology->services.at(0).environment);
  EXPECT_EQ(back->directory, loaded.topology->directory);
}

TEST(TopologyJson, that_is_no_json_is_refused) {
  EXPECT_THAT(error_of("{"), HasSubstr("topology as JSON: is not JSON: "));
  EXPECT_EQ(error_of("[]"), "topology as JSON: expected an object");
}

TEST(TopologyJson, with_a_field_missing_unknown_or_wrong_is_refused_by_its_path) {
  EXPECT_EQ(error_of(changed([](auto& o) { o["lease"].as_object().erase("ttl_ms"); })),
            "topology as JSON: lease.ttl_ms: is missing");
  EXPECT_EQ(error_of(changed([](auto& o) { o["lease"].as_object()["ttl"] = 1; })),
            "topology as JSON: lease.ttl: is not a field");
  EXPECT_EQ(error_of(changed([](auto& o) { o["redis"] = "on"; })),
            "topology as JSON: redis: expected true or false");
  EXPECT_EQ(error_of(changed([](auto& o) { o["local"].as_object()["port_base"] = 65'536; })),
            "topology as JSON: local.port_base: expected a whole number from 0 to 65535");
  EXPECT_EQ(error_of(changed([](auto& o) { o["lease"].as_object()["ttl_ms"] = 1.5; })),
            "topology as JSON: lease.ttl_ms: expected a whole number from 0 to 9223372036854");
  EXPECT_EQ(error_of(changed(
                [](auto& o) { o["services"].as_array()[0].as_object()["posture"] = "cold"; })),
            "topology as JSON: services[0].posture: expected one of the known choices");
  EXPECT_EQ(error_of(changed([](auto& o) { o["regions"] = nullptr; })),
            "topology as JSON: regions: expected a list");
  EXPECT_EQ(error_of(changed([](auto& o) { o["home"] = 1; })),
            "topology as JSON: home: expected a text");
  EXPECT_EQ(error_of(changed([](auto& o) { o["policy"] = 1; })),
            "topology as JSON: policy: expected an object");
}

TEST(TopologyJson, that_breaks_a_relation_is_refused) {
  EXPECT_THAT(error_of(changed([](auto& o) { o["lease"].as_object()["margin_ms"] = 10; })),
              HasSubstr("topology as JSON: lease.margin: relation lease-margin: 10ms is less"));
}

}  // namespace
}  // namespace understudy
