// What crosses between processes; tests/fuzz tries it with any bytes.

#include "ports/wire.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

namespace understudy::wire {
namespace {

namespace json = boost::json;

/// A century in milliseconds.
constexpr std::int64_t kLongest = milliseconds(std::chrono::years(100)).count();

json::object revoke_ack(std::int64_t rest_ms) { return {{"term", 3}, {"rest_ms", rest_ms}}; }

TEST(ARevokeAck, says_how_long_a_promise_lasts_yet_or_since_when_it_is_over) {
  for (const std::int64_t rest : {std::int64_t{1900}, std::int64_t{-5}, kLongest, -kLongest}) {
    const auto ack = revoke_ack_from(revoke_ack(rest));
    ASSERT_TRUE(ack) << rest;
    EXPECT_EQ(ack->rest, milliseconds(rest));
  }
}

/// In nanoseconds it would wrap: a promise without end would be read as one that is over.
TEST(ARevokeAck, of_a_promise_longer_than_a_clock_can_count_is_malformed) {
  for (const std::int64_t rest :
       {kLongest + 1, -kLongest - 1, std::int64_t{9'300'000'000'000},
        std::int64_t{180'000'000'000'001'900}, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_FALSE(revoke_ack_from(revoke_ack(rest))) << rest;
  }
}

TEST(AWatch, says_when_all_was_last_seen_well_if_it_ever_was) {
  const auto never = watched_from(to_json(Watched{.over = true}));
  ASSERT_TRUE(never);
  EXPECT_TRUE(never->over);
  EXPECT_EQ(never->well_after, std::nullopt);
  const auto lately = watched_from(to_json(Watched{.well_after = milliseconds(400)}));
  ASSERT_TRUE(lately);
  EXPECT_EQ(lately->well_after, milliseconds(400));
  EXPECT_FALSE(watched_from({{"over", false}, {"well_after_ms", kLongest + 1}}));
  EXPECT_FALSE(watched_from({{"well_after_ms", 400}}));
}

TEST(AnAgentsStatus, with_a_length_that_a_clock_cannot_count_is_malformed) {
  const auto status = to_json(AgentStatus{.region = "north"});
  ASSERT_TRUE(agent_status_from(status));
  for (const char* length : {"lease_rest_ms", "promise_rest_ms", "other_silent_ms",
                             "writes_missed_ms", "unguarded_lag_ms"}) {
    auto changed = status;
    changed[length] = kLongest + 1;
    EXPECT_FALSE(agent_status_from(changed)) << length;
    changed[length] = -kLongest - 1;
    EXPECT_FALSE(agent_status_from(changed)) << length;
    changed[length] = -kLongest;
    EXPECT_TRUE(agent_status_from(changed)) << length;
  }
}

}  // namespace
}  // namespace understudy::wire
