// When a matter is told again.

#include "alerting/repeats.h"

#include <gtest/gtest.h>

namespace understudy::alerting {

namespace {

using namespace std::chrono_literals;
using Told = std::optional<std::uint64_t>;

class Matter : public testing::Test {
 protected:
  Told at(Duration since, const std::string& done = "nothing", const std::string& key = "k") {
    return repeats_.note({.subject = "north is down", .done = done, .ask = "look", .key = key},
                         BootTime(1h) + since);
  }
  Repeats repeats_{1h};
};

}  // namespace

TEST_F(Matter, is_told_once_and_again_after_the_interval_with_how_often) {
  EXPECT_EQ(at(0s), Told(0));
  for (int minute = 1; minute <= 12; ++minute) EXPECT_EQ(at(minute * 1min), std::nullopt);
  EXPECT_EQ(at(1h), Told(12)) << "and 12 more";
  EXPECT_EQ(at(1h + 1min), std::nullopt);
  EXPECT_EQ(at(2h), Told(1)) << "the count began anew";
}

TEST_F(Matter, that_lasts_is_one_occurrence_however_often_it_is_raised) {
  for (int tick = 0; tick < 72'000; ++tick) {
    const Told told = at(tick * 50ms);
    EXPECT_EQ(told, tick == 0 ? Told(0) : std::nullopt);
  }
  EXPECT_EQ(at(1h), Told(0)) << "it still lasts";
}

TEST_F(Matter, that_changed_is_told_at_once) {
  EXPECT_EQ(at(0s), Told(0));
  EXPECT_EQ(at(20s), std::nullopt);
  EXPECT_EQ(at(40s, "failed over"), Told(1));
}

TEST_F(Matter, whose_text_changes_all_the_time_is_told_once_a_minute) {
  unsigned told = 0;
  for (int second = 0; second <= 600; ++second)
    told += at(second * 1s, "tried " + std::to_string(second)) ? 1 : 0;
  EXPECT_EQ(told, 11U) << "the first, and one change a minute";
}

TEST_F(Matter, is_its_own_beside_others) {
  EXPECT_EQ(at(0s, "nothing", "one"), Told(0));
  EXPECT_EQ(at(0s, "nothing", "two"), Told(0));
  EXPECT_EQ(at(1s, "nothing", "one"), std::nullopt);
}

TEST_F(Matter, of_many_is_forgotten_oldest_first) {
  for (int i = 0; i < 1500; ++i)
    EXPECT_EQ(at(i * 1ms, "nothing", "key " + std::to_string(i)), Told(0));
  EXPECT_EQ(at(2s, "nothing", "key 1499"), std::nullopt);
  EXPECT_EQ(at(2s, "nothing", "key 0"), Told(0)) << "forgotten, so told again";
}

}  // namespace understudy::alerting
