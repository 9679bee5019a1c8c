// From what each vantage saw to facts: who has a vote, and how many make a majority.

#include <gmock/gmock.h>

#include "recovery/health.h"

namespace understudy {

namespace {

using std::chrono::seconds;

constexpr BootTime kStart{std::chrono::hours(1)};
const ProbeTiming kTiming;  // every 200 ms, timeout 500 ms, 3 failures, patience 10 s

const Sighting kAllWell{
    .path = true, .ready = true, .services = true, .database = true, .detail = {}};
const Sighting kNothing{};

class View : public testing::Test {
 protected:
  /// Each vantage named sees this, `times` looks in a row, one interval apart.
  void see(const std::vector<std::string>& vantages, const Sighting& seen, unsigned times = 1) {
    for (unsigned i = 0; i < times; ++i) {
      now_ += kTiming.interval;
      for (const std::string& vantage : vantages) view_.note(vantage, "north", seen, now_);
    }
  }
  Facts facts(bool lease = true) { return view_.facts("north", now_, lease); }

  const std::vector<std::string> all_ = {"witness", "edge", "south"};
  HealthView view_{kTiming, all_};
  BootTime now_ = kStart;
};

}  // namespace

TEST_F(View, of_a_region_that_nobody_has_looked_at_is_no_quorum) {
  EXPECT_EQ(decide(facts()).id, 10);
}

TEST_F(View, of_a_region_that_died_needs_three_failures_in_a_row_from_two_of_three) {
  see(all_, kAllWell);
  see({"witness", "edge"}, kNothing, 2);
  EXPECT_TRUE(facts().path) << "twice is not three times";
  see({"witness"}, kNothing);
  EXPECT_TRUE(facts().path) << "one of three is no majority";
  see({"edge"}, kNothing);
  EXPECT_FALSE(facts().path);
  EXPECT_EQ(decide(facts()).id, 30);
}

TEST_F(View, of_a_region_that_fails_now_and_then_stays_up) {
  for (int i = 0; i < 10; ++i) {
    see(all_, kNothing, 2);
    see(all_, kAllWell);
  }
  see(all_, kNothing, 2);
  EXPECT_TRUE(facts().path);
  EXPECT_TRUE(facts().services);
  EXPECT_TRUE(facts().database);
}

TEST_F(View, of_one_vantage_that_is_cut_off_never_leaves_a_region) {
  for (int i = 0; i < 200; ++i) {
    see({"witness", "edge"}, kAllWell);
    view_.note("south", "north", kNothing, now_);
    EXPECT_EQ(decide(facts()).id, 20);
  }
}

TEST_F(View, with_one_silent_vantage_still_decides_by_the_other_two) {
  see({"witness", "edge"}, kNothing, 3);
  EXPECT_EQ(decide(facts()).id, 30);
}

TEST_F(View, with_two_silent_vantages_never_leaves_a_region) {
  see({"witness"}, kNothing, 100);
  EXPECT_EQ(decide(facts()).id, 10);
}

TEST_F(View, that_is_stale_is_no_vote) {
  see(all_, kNothing, 3);
  ASSERT_EQ(decide(facts()).id, 30);
  const Duration age_max = 2 * (kTiming.interval + kTiming.timeout);
  const BootTime last = now_;
  now_ = last + age_max;
  EXPECT_EQ(decide(facts()).id, 30);
  now_ = last + age_max + Duration(1);
  EXPECT_EQ(decide(facts()).id, 10) << "what was seen then says nothing of now";
  see({"witness"}, kNothing);
  EXPECT_EQ(decide(facts()).id, 10);
  see({"edge"}, kNothing);
  EXPECT_EQ(decide(facts()).id, 30);
}

TEST_F(View, of_strictly_fewer_than_a_majority_never_makes_a_fact) {
  HealthView four(kTiming, {"a", "b", "c", "d"});
  BootTime now = kStart;
  for (int i = 0; i < 5; ++i) {
    now += kTiming.interval;
    for (const char* name : {"a", "b"}) four.note(name, "north", kNothing, now);
    for (const char* name : {"c", "d"}) four.note(name, "north", kAllWell, now);
  }
  EXPECT_EQ(decide(four.facts("north", now, true)).id, 20) << "two of four are not more than half";
  for (int i = 0; i < 3; ++i) {
    now += kTiming.interval;
    for (const char* name : {"a", "b", "c"}) four.note(name, "north", kNothing, now);
    four.note("d", "north", kAllWell, now);
  }
  EXPECT_EQ(decide(four.facts("north", now, true)).id, 30);
}

TEST_F(View, counts_a_look_that_was_overtaken_by_a_newer_one_for_nothing) {
  see(all_, kNothing, 3);
  view_.note("witness", "north", kAllWell, kStart);
  view_.note("edge", "north", kAllWell, kStart);
  EXPECT_EQ(decide(facts()).id, 30);
}

TEST_F(View, of_another_region_is_forgotten_when_the_active_one_changes) {
  see(all_, kNothing, 3);
  EXPECT_EQ(decide(view_.facts("south", now_, true)).id, 10) << "nobody has looked at south yet";
  now_ += kTiming.interval;
  view_.note("witness", "south", kAllWell, now_);
  view_.note("edge", "south", kAllWell, now_);
  EXPECT_EQ(decide(view_.facts("south", now_, true)).id, 20);
  EXPECT_EQ(decide(view_.facts("north", now_, true)).id, 10);
}

TEST_F(View, counts_a_look_at_the_region_that_was_left_for_nothing_however_late_it_ends) {
  see(all_, kAllWell);
  (void)view_.facts("south", now_, true);
  now_ += kTiming.interval;
  for (const std::string& vantage : all_) view_.note(vantage, "south", kAllWell, now_);
  for (const std::string& vantage : all_) view_.note(vantage, "north", kNothing, now_);
  EXPECT_EQ(decide(view_.facts("south", now_, true)).id, 20);
}

TEST_F(View, is_patient_with_a_database_that_restarts_and_not_for_ever) {
  Sighting restarting = kAllWell;
  restarting.ready = restarting.database = false;
  see(all_, kAllWell);
  EXPECT_EQ(decide(facts()).id, 20);
  EXPECT_EQ(view_.unready_since(), std::nullopt);
  see(all_, restarting, 3);
  EXPECT_EQ(decide(facts()).id, 60);
  const BootTime since = now_;
  EXPECT_EQ(view_.unready_since(), since) << "as far as these facts saw";
  while (now_ < since + kTiming.patience - kTiming.interval) {
    see(all_, restarting);
    EXPECT_EQ(decide(facts()).id, 60);
  }
  see(all_, restarting);
  EXPECT_EQ(decide(facts()).id, 65);
}

TEST_F(View, begins_its_patience_anew_once_the_region_was_ready) {
  Sighting unready = kAllWell;
  unready.ready = false;
  see(all_, unready);
  (void)facts();
  now_ += seconds(9);
  see(all_, kAllWell);
  (void)facts();
  EXPECT_EQ(view_.unready_since(), std::nullopt);
  see(all_, unready);
  (void)facts();
  now_ += seconds(9);
  see(all_, unready);
  EXPECT_FALSE(facts().patience_over);
  EXPECT_EQ(decide(facts()).id, 70);
  now_ += seconds(1);
  see(all_, unready);
  EXPECT_EQ(decide(facts()).id, 75);
}

TEST_F(View, tells_a_hung_agent_from_a_slow_start_by_the_lease) {
  Sighting unready = kAllWell;
  unready.ready = false;
  see(all_, unready);
  EXPECT_EQ(decide(facts(true)).id, 70);
  EXPECT_EQ(decide(facts(false)).id, 80);
}

TEST_F(View, is_described_a_line_for_each_vantage) {
  see({"witness"}, kAllWell);
  Sighting cut = kAllWell;
  cut.path = cut.ready = false;
  cut.detail = "connect: refused";
  see({"edge"}, cut);
  EXPECT_THAT(
      view_.describe(now_),
      testing::ElementsAre("edge: path down, not ready, services up, database up; connect: refused",
                           "south: silent", "witness: path up, ready, services up, database up"));
}

}  // namespace understudy
