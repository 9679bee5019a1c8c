// The order of a simulated world's events, against the plainest way to keep it.

#include "simulation/timetable.h"

#include <gmock/gmock.h>

#include <set>
#include <tuple>

#include "simulation/dice.h"

namespace understudy::simulation {

namespace {

using std::chrono::minutes;

/// Beside a sorted set: both are told the same, and must give the same.
class Timetables : public testing::Test {
 protected:
  void put(TrueTime when) {
    table_.put({.when = when, .order = ++order_, .slot = static_cast<std::uint32_t>(order_)});
    plain_.emplace(when, order_);
  }
  void expect_next() {
    ASSERT_FALSE(table_.empty());
    EXPECT_EQ(table_.first().order, std::get<1>(*plain_.begin()));
    const Later taken = table_.take();
    EXPECT_EQ(std::tuple(taken.when, taken.order), *plain_.begin());
    EXPECT_EQ(taken.slot, taken.order);
    plain_.erase(plain_.begin());
    now_ = taken.when;
  }
  void expect_all() {
    while (!plain_.empty() && !HasFailure()) expect_next();
    EXPECT_TRUE(table_.empty());
  }

  Timetable table_;
  std::set<std::tuple<TrueTime, std::uint64_t>> plain_;
  std::uint64_t order_ = 0;
  TrueTime now_{};
};

}  // namespace

TEST_F(Timetables, give_what_was_put_in_the_order_of_the_instants_and_of_the_puts) {
  Dice dice(7);
  for (int round = 0; round < 20'000; ++round) {
    // Messages, timers, and now and then what is due in minutes; some at the very same instant.
    const Duration most = dice.one_in(100)  ? Duration(minutes(5))
                          : dice.one_in(10) ? Duration(milliseconds(900))
                                            : Duration(milliseconds(5));
    put(now_ + (dice.one_in(8) ? Duration(1) : dice.between(Duration(1), most)));
    if (dice.one_in(2) || plain_.size() > 200) expect_next();
    if (HasFailure()) return;
  }
  expect_all();
}

TEST_F(Timetables, know_what_comes_before_all_that_was_put_before) {
  put(TrueTime(minutes(3)));
  put(TrueTime(milliseconds(1)));
  put(TrueTime(minutes(2)));
  put(TrueTime(milliseconds(1)));
  expect_next();
  put(TrueTime(milliseconds(2)));
  expect_all();
  put(now_ + Duration(1));
  expect_all();
}

}  // namespace understudy::simulation
