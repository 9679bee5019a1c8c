// Who wrote when: the rules that no fault may break.

#include <gmock/gmock.h>

#include "tale.h"

namespace understudy::drill {
namespace {

Tale failover() {
  Tale tale;
  tale.sells(0, 10'000, kNorth).replicated("north", "south", 10'000);
  tale.refuses(10'000, 12'500).sells(12'500, 20'000, kSouth);
  return tale;
}

std::vector<std::string> broken(const Tale& tale) {
  std::vector<std::string> ids;
  for (const auto& each : tale.judged().invariants_broken) ids.push_back(each.id);
  return ids;
}

TEST(JudgeInvariants, an_old_region_that_acknowledges_after_the_new_one_breaks_I1) {
  auto tale = failover();
  const auto key = tale.order(13'000);  // a thawed region finishes what it had begun
  tale.acknowledged(key, 13'610, kNorth);
  const auto verdict = tale.judged();
  EXPECT_EQ(verdict.dual_writer_ms, 13'610 - 12'510);
  EXPECT_EQ(verdict.lost_acked, 1);
  EXPECT_THAT(broken(tale), testing::ElementsAre("I1"));
  EXPECT_FALSE(verdict.objectives_met);
  EXPECT_FALSE(verdict.passed());
}

TEST(JudgeInvariants, an_overlap_of_less_than_a_millisecond_counts) {
  auto tale = failover();
  const auto key = tale.order(12'400);
  tale.acknowledged(key, 12'510, kNorth);
  EXPECT_EQ(tale.judged().dual_writer_ms, 0) << "the same instant is no overlap";
  tale.ledger.acknowledgements.back().received = after_start(12'510) + Duration(1);
  EXPECT_EQ(tale.judged().dual_writer_ms, 1);
}

TEST(JudgeInvariants, two_regions_without_epochs_are_told_apart_by_name) {
  Tale tale;
  tale.sells(0, 10'000, {0, "north"}).replicated("north", "south", 10'000);
  tale.refuses(10'000, 11'000).sells(11'000, 12'000, {0, "south"});
  tale.sells(12'000, 13'000, {0, "north"}).sells(13'000, 16'000, {0, "south"});
  const auto verdict = tale.judged();
  EXPECT_EQ(verdict.outcome, Outcome::fails_over);
  EXPECT_EQ(verdict.rto_ms, 1'010);
  EXPECT_EQ(verdict.dual_writer_ms, 13'000 - 11'010);
  EXPECT_EQ(verdict.lost_acked, 100);
  EXPECT_EQ(verdict.old_region_writes_after_promotion, 100);
  EXPECT_THAT(broken(tale), testing::ElementsAre("I1", "I1"));
}

TEST(JudgeInvariants, a_late_commit_in_the_old_database_breaks_I1_though_nobody_heard_of_it) {
  auto tale = failover();
  const auto key = tale.order(9'990);
  tale.unknown(key, 11'990).held("north", key, 12'506, kNorth);
  const auto verdict = tale.judged();
  EXPECT_EQ(verdict.dual_writer_ms, 0);
  EXPECT_EQ(verdict.old_region_writes_after_promotion, 1);
  EXPECT_THAT(broken(tale), testing::ElementsAre("I1"));
}

TEST(JudgeInvariants, a_commit_of_the_old_region_before_the_new_ones_first_is_no_late_write) {
  auto tale = failover();  // south's first commit is at 12,505, its first answer at 12,510
  const auto key = tale.order(9'990);
  tale.unknown(key, 11'990).held("north", key, 12'505, kNorth);
  EXPECT_EQ(tale.judged().old_region_writes_after_promotion, 0);
}

TEST(JudgeInvariants, what_an_earlier_drill_left_in_the_databases_is_no_late_write) {
  Tale tale;
  tale.sells(0, 10'000, {0, "north"}).replicated("north", "south", 10'000);
  tale.refuses(10'000, 11'000).sells(11'000, 14'000, {0, "south"});
  tale.held("south", "k900000", -60'000, {0, "south"});
  EXPECT_EQ(tale.judged().old_region_writes_after_promotion, 0);
}

TEST(JudgeInvariants, cron_in_one_region_after_the_other_is_fine) {
  auto tale = failover();
  tale.ticks("north", 0, 10'000, kNorth).ticks("south", 0, 10'000, kNorth);
  tale.ticks("south", 13'000, 20'000, kSouth);
  EXPECT_THAT(broken(tale), testing::IsEmpty());
}

TEST(JudgeInvariants, cron_that_overlaps_in_two_regions_breaks_I2) {
  auto tale = failover();
  tale.ticks("north", 0, 15'000, kNorth).ticks("south", 13'500, 20'000, kSouth);
  EXPECT_THAT(broken(tale), testing::Contains("I2"));
}

TEST(JudgeInvariants, a_second_worked_off_in_both_regions_breaks_I2) {
  auto tale = failover();
  tale.ticks("north", 0, 13'000, kNorth).ticks("south", 13'000, 20'000, kSouth);
  tale.views["south"].ticks.front().second = tale.views["north"].ticks.back().second;
  EXPECT_THAT(broken(tale), testing::ElementsAre("I2"));
}

TEST(JudgeInvariants, one_epoch_in_two_regions_breaks_I4) {
  auto tale = failover();
  const auto key = tale.order(9'000);
  tale.acknowledged(key, 9'010, {7, "south"}).held("south", key, 9'005, {7, "south"});
  EXPECT_THAT(broken(tale), testing::Contains("I4"));
  EXPECT_EQ(tale.judged().rto_ms, 2'510) << "what came before the fault ended no outage";
}

TEST(JudgeInvariants, coming_back_home_unasked_breaks_I6) {
  auto tale = failover();
  const Regime back{9, "north"};
  tale.replicated("south", "north", 20'000).sells(20'500, 22'000, back);
  EXPECT_THAT(broken(tale), testing::Contains("I6"));
  tale.drilled.operator_confirmed_failback = true;
  EXPECT_THAT(broken(tale), testing::Not(testing::Contains("I6")));
}

TEST(JudgeInvariants, losing_only_the_witness_must_not_interrupt_anything) {
  Tale tale;
  tale.sells(0, 10'000, kNorth).refuses(10'000, 10'500).sells(10'500, 20'000, kNorth);
  tale.drilled.expected = Outcome::holds;
  EXPECT_THAT(broken(tale), testing::IsEmpty());
  tale.drilled.only_witness_or_standby_lost = true;
  EXPECT_THAT(broken(tale), testing::ElementsAre("I7"));
}

TEST(JudgeInvariants, a_failover_that_no_majority_wanted_breaks_I9) {
  auto tale = failover();
  tale.drilled.majority_sees_primary_down = false;
  EXPECT_THAT(broken(tale), testing::ElementsAre("I9"));
}

}  // namespace
}  // namespace understudy::drill
