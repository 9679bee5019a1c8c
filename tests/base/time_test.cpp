#include "base/time.h"

#include <gmock/gmock.h>

namespace understudy {
namespace {

TEST(WallTimeText, is_read_back_to_the_millisecond) {
  const auto time = parse_wall("2026-11-23T13:20:11.123Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(format_wall(*time), "2026-11-23T13:20:11.123Z");
}

TEST(WallTimeText, with_an_offset_means_the_same_instant_in_utc) {
  EXPECT_EQ(format_wall(*parse_wall("2024-02-29T01:30:00+02:00")), "2024-02-28T23:30:00.000Z");
}

TEST(WallTimeText, before_1970_rounds_down) {
  EXPECT_EQ(format_wall(WallTime(Duration(-1))), "1969-12-31T23:59:59.999Z");
}

TEST(WallTimeText, that_is_no_date_is_refused) {
  for (const char* text :
       {"", "2026-11-23", "2026-11-23T13:20:11", "2026-02-31T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-11-23T13:20:11Zx", "2026-11-23T13:20:11+02"}) {
    EXPECT_FALSE(parse_wall(text)) << text;
  }
}

TEST(WallTimeText, farther_away_than_nanoseconds_reach_is_refused) {
  EXPECT_EQ(format_wall(*parse_wall("2261-07-01T00:00:00Z")), "2261-07-01T00:00:00.000Z");
  EXPECT_EQ(format_wall(*parse_wall("1679-01-01T00:00:00Z")), "1679-01-01T00:00:00.000Z");
  for (const char* text : {"9999-12-31T23:59:59Z", "2262-05-01T00:00:00Z", "1677-01-01T00:00:00Z"})
    EXPECT_FALSE(parse_wall(text)) << text;
}

}  // namespace
}  // namespace understudy
