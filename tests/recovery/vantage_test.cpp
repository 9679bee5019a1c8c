// Looks that repeat themselves while all is well.

#include "ports/vantage.h"

#include <gtest/gtest.h>

#include "stage.h"

namespace understudy::fake {
namespace {

constexpr Pace kPace{
    .every = milliseconds(200), .timeout = milliseconds(500), .longest = milliseconds(500)};
constexpr Sighting kWell{.path = true, .ready = true, .services = true, .database = true};

class RepeatedLook : public testing::Test {
 protected:
  /// Each look takes `takes`; the last of `sightings` stands for all that follow.
  Result<Sighting> repeat(std::vector<Result<Sighting>> sightings, Duration takes = milliseconds(5),
                          Pace pace = kPace) {
    return repeat_while_well(
        [&, sightings = std::move(sightings), takes](BootTime) -> Result<Sighting> {
          const Result<Sighting> seen = sightings[std::min(looks_, sightings.size() - 1)];
          ++looks_;
          stage_.run_for(takes);
          return seen;
        },
        stage_, pace);
  }

  Stage stage_;
  std::size_t looks_ = 0;
  const BootTime asked_ = stage_.boot();
};

TEST_F(RepeatedLook, of_a_well_region_ends_with_the_last_that_begins_in_time) {
  const auto seen = repeat({kWell});
  ASSERT_TRUE(seen && seen->well());
  EXPECT_EQ(looks_, 3U);
  EXPECT_EQ(seen->began_after, milliseconds(400));
  EXPECT_EQ(stage_.boot() - asked_, milliseconds(405));
}

TEST_F(RepeatedLook, ends_at_once_with_the_first_that_sees_anything_else) {
  Sighting unready = kWell;
  unready.ready = false;
  const auto seen = repeat({kWell, unready, kWell});
  ASSERT_TRUE(seen);
  EXPECT_FALSE(seen->ready);
  EXPECT_EQ(seen->began_after, milliseconds(200));
  EXPECT_EQ(stage_.boot() - asked_, milliseconds(205));
}

TEST_F(RepeatedLook, ends_with_the_first_that_fails) {
  const auto seen = repeat({kWell, Error{After::unchanged_final, "no region of that name"}});
  ASSERT_FALSE(seen);
  EXPECT_EQ(looks_, 2U);
}

TEST_F(RepeatedLook, that_takes_longer_than_its_turn_is_followed_by_the_next_at_once) {
  const auto seen = repeat({kWell}, milliseconds(300));
  ASSERT_TRUE(seen);
  EXPECT_EQ(looks_, 2U);
  EXPECT_EQ(seen->began_after, milliseconds(300));
}

TEST_F(RepeatedLook, with_no_time_for_another_is_one) {
  const auto seen =
      repeat({kWell}, milliseconds(5), {.every = kPace.every, .timeout = kPace.timeout});
  ASSERT_TRUE(seen);
  EXPECT_EQ(looks_, 1U);
  EXPECT_EQ(seen->began_after, Duration(0));
}

}  // namespace
}  // namespace understudy::fake
