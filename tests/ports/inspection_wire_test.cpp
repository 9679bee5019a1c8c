// An inspection crosses between processes and comes back as it was, or not at all.

#include "ports/inspection_wire.h"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace understudy::wire {

namespace {

namespace json = boost::json;

Inspection whole() {
  return {
      .region = "south",
      .build = "3f2a",
      .database = DatabaseInspection{.version = "15.14",
                                     .settings = {{"max_connections", "200"}},
                                     .extensions = {{"plpgsql", "1.0"}, {"gone", ""}},
                                     .collation_recorded = "2.36",
                                     .collation_actual = "2.41",
                                     .fence_loaded = true,
                                     .wal_bytes = 1ULL << 40,
                                     .slots = {{"region_south", "reserved"}}},
      .database_problem = "",
      .disk_bytes = 1ULL << 50,
      .disk_free_bytes = 7,
      .certificate_ends = WallTime(std::chrono::seconds(1'800'000'000)),
      .services = {{.name = "web",
                    .places = 3,
                    .wanted = 2,
                    .running = 2,
                    .up = 1,
                    .trouble = "web.1 \"does\" not say"}},
      .services_problem = "",
      .configurations = {{.name = "web",
                          .program = "/bin/web",
                          .program_digest = "ab",
                          .program_problem = "",
                          .variables = {{"REGION", "cd"}},
                          .missing = {"TOKEN"},
                          .foreign = {"REDIS_URL names 127.0.1.1"}}},
  };
}

json::object over_the_wire(const json::object& object) {
  return json::parse(json::serialize(object)).as_object();
}

}  // namespace

TEST(AnInspection, comes_back_as_it_was) {
  const auto back = inspection_from(over_the_wire(to_json(whole())));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, whole());
}

TEST(AnInspection, comes_back_as_it_was_without_what_could_not_be_had) {
  Inspection poor;
  poor.region = "south";
  poor.database_problem = "connection refused";
  poor.services_problem = "no supervisor";
  const auto back = inspection_from(over_the_wire(to_json(poor)));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, poor);
}

TEST(AnInspection, is_refused_when_anything_is_missing_or_of_another_type) {
  const json::object good = over_the_wire(to_json(whole()));
  for (const auto& member : good) {
    json::object without = good;
    without.erase(member.key());
    const bool optional = member.key() == "database" || member.key() == "certificate_ends_ns";
    EXPECT_EQ(inspection_from(without).has_value(), optional) << member.key();
    json::object other = good;
    other[member.key()] = json::array{true};
    EXPECT_FALSE(inspection_from(other)) << member.key();
  }
  json::object negative = good;
  negative["disk_bytes"] = -1;
  EXPECT_FALSE(inspection_from(negative));
}

TEST(ServiceStates, and_a_clock_come_back_as_they_were) {
  EXPECT_EQ(service_states_from(over_the_wire(to_json(whole().services))), whole().services);
  EXPECT_FALSE(service_states_from({}));
  const WallTime now(std::chrono::nanoseconds(1'795'715'630'039'156'187));
  EXPECT_EQ(wall_from(over_the_wire(wall_to_json(now))), now);
  EXPECT_FALSE(wall_from({{"wall_ns", "soon"}}));
}

}  // namespace understudy::wire
