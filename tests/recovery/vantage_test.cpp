// How a vantage watches a region that is well.

#include "ports/vantage.h"

#include <gtest/gtest.h>

#include "stage.h"

namespace understudy::fake {
namespace {

constexpr Pace kPace{
    .every = milliseconds(200), .at_once = milliseconds(50), .longest = milliseconds(500)};

/// What a look sees, and how long it takes.
struct Planned {
  Result<Sighting> sees = Sighting{.path = true, .ready = true, .services = true, .database = true};
  Duration takes = milliseconds(5);
};

class AWatch : public testing::Test {
 protected:
  /// The last of `looks` stands for all that follow.
  Result<Watched> watch(const std::vector<Planned>& looks, const Pace& pace = kPace) {
    return watch_by(
        [&](BootTime deadline) -> Result<Sighting> {
          const Planned& look = looks[std::min(looks_++, looks.size() - 1)];
          const bool late = stage_.boot() + look.takes > deadline;
          stage_.sleep_until(std::min(deadline, stage_.boot() + look.takes));
          return late ? Sighting{} : look.sees;
        },
        stage_, pace);
  }
  [[nodiscard]] Duration took() const { return stage_.boot() - began_; }

  Stage stage_;
  std::size_t looks_ = 0;
  const BootTime began_ = stage_.boot();
};

TEST_F(AWatch, of_a_region_that_stays_well_ends_with_the_last_look_that_begins_in_time) {
  const auto watched = watch({{}});
  ASSERT_TRUE(watched);
  EXPECT_FALSE(watched->over);
  EXPECT_EQ(watched->well_after, milliseconds(400));
  EXPECT_EQ(looks_, 3U);
  EXPECT_EQ(took(), milliseconds(405));
}

TEST_F(AWatch, is_over_at_once_when_anything_is_not_well) {
  const auto watched = watch({{}, {Sighting{.path = true}}, {}});
  ASSERT_TRUE(watched);
  EXPECT_TRUE(watched->over);
  EXPECT_EQ(watched->well_after, Duration(0)) << "the look before it";
  EXPECT_EQ(took(), milliseconds(205));
}

TEST_F(AWatch, is_over_when_the_region_is_well_but_does_not_say_so_at_once) {
  const auto watched = watch({{}, {.takes = milliseconds(80)}});
  ASSERT_TRUE(watched);
  EXPECT_TRUE(watched->over);
  EXPECT_EQ(watched->well_after, Duration(0));
  EXPECT_EQ(took(), kPace.every + kPace.at_once);
}

TEST_F(AWatch, that_never_saw_all_well_says_so) {
  const auto watched = watch({{Sighting{}}});
  ASSERT_TRUE(watched);
  EXPECT_TRUE(watched->over);
  EXPECT_EQ(watched->well_after, std::nullopt);
}

TEST_F(AWatch, ends_with_the_first_look_that_fails) {
  const auto watched = watch({{}, {Error{After::unchanged_final, "no region of that name"}}});
  EXPECT_FALSE(watched);
  EXPECT_EQ(looks_, 2U);
}

TEST_F(AWatch, without_time_for_another_is_one_look) {
  const auto watched = watch({{}}, {.every = kPace.every, .at_once = kPace.at_once});
  ASSERT_TRUE(watched);
  EXPECT_EQ(looks_, 1U);
  EXPECT_FALSE(watched->over);
}

}  // namespace
}  // namespace understudy::fake
