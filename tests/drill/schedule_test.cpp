// When buyers come, what they want, and how their waits are counted.

#include "drill/schedule.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "drill/latency.h"
#include "drill/wishes.h"

namespace understudy::drill {
namespace {

std::vector<Duration> take(Schedule schedule, int count) {
  std::vector<Duration> times;
  for (; count > 0; --count) {
    times.push_back(schedule.next());
    schedule.take();
  }
  return times;
}

TEST(Schedule, that_is_even_does_not_drift) {
  const auto times = take(Schedule(3, Arrivals::even, 1), 3 * 3600 + 1);
  EXPECT_EQ(times[0], Duration::zero());
  EXPECT_EQ(times[1], Duration(333'333'333));
  EXPECT_EQ(times[2], Duration(666'666'666));
  EXPECT_EQ(times.back(), std::chrono::hours(1));
}

TEST(Schedule, of_independent_buyers_keeps_the_rate_and_repeats_with_its_seed) {
  const auto times = take(Schedule(100, Arrivals::poisson, 7), 100'000);
  EXPECT_NEAR(std::chrono::duration<double>(times.back()).count(), 1000, 15);
  std::size_t short_gaps = 0;
  for (std::size_t i = 1; i < times.size(); ++i) {
    ASSERT_GE(times[i], times[i - 1]);
    if (times[i] - times[i - 1] < milliseconds(10)) ++short_gaps;
  }
  EXPECT_NEAR(static_cast<double>(short_gaps) / 100'000, 0.632, 0.01);  // 1 - 1/e below the mean
  EXPECT_EQ(times, take(Schedule(100, Arrivals::poisson, 7), 100'000));
  EXPECT_NE(times, take(Schedule(100, Arrivals::poisson, 8), 100'000));
}

TEST(Schedule, without_a_rate_is_silent) {
  EXPECT_TRUE(Schedule(0, Arrivals::even, 1).silent());
  EXPECT_TRUE(Schedule(0, Arrivals::poisson, 1).silent());
}

TEST(Wishes, are_mostly_for_any_seat_and_particular_seats_have_rivals) {
  Wishes wishes(Venue{}, 10, 42);
  std::map<std::pair<std::int64_t, std::int64_t>, int> wanted;
  int particular = 0;
  for (int i = 0; i < 30'000; ++i) {
    const auto wish = wishes.next();
    ASSERT_GE(wish.event, 1);
    ASSERT_LE(wish.event, 400);
    if (!wish.seat) continue;
    ASSERT_GE(*wish.seat, 1);
    ASSERT_LE(*wish.seat, 500);
    ++particular;
    ++wanted[{wish.event, *wish.seat}];
  }
  EXPECT_NEAR(particular, 3'000, 150);
  EXPECT_LT(wanted.size(), particular / 2.0);
}

TEST(Wishes, repeat_with_their_seed) {
  Wishes one(Venue{10, 10}, 50, 42);
  Wishes other(Venue{10, 10}, 50, 42);
  for (int i = 0; i < 1000; ++i) {
    const auto wish = one.next();
    const auto same = other.next();
    ASSERT_EQ(wish.event, same.event);
    ASSERT_EQ(wish.seat, same.seat);
    ASSERT_EQ(one.next_page(), other.next_page());
  }
}

TEST(Latencies, are_exact) {
  Latencies latencies;
  EXPECT_EQ(latencies.longest(), Duration::zero());
  for (int i = 1000; i >= 1; --i) latencies.add(milliseconds(i));
  EXPECT_EQ(latencies.at_permille(0), milliseconds(1));
  EXPECT_EQ(latencies.at_permille(500), milliseconds(500));
  EXPECT_EQ(latencies.at_permille(999), milliseconds(999));
  EXPECT_EQ(latencies.longest(), milliseconds(1000));
  EXPECT_EQ(latencies.count_from(milliseconds(901)), 100U);
}

}  // namespace
}  // namespace understudy::drill
