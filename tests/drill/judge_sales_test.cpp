// What became of the seats.

#include <gmock/gmock.h>

#include "tale.h"

namespace understudy::drill {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

/// North sells for ten seconds and dies; south got all up to `replicated_ms` and sells from 12.5 s.
Tale failover(int replicated_ms = 10'000) {
  Tale tale;
  tale.sells(0, 10'000, kNorth).replicated("north", "south", replicated_ms);
  tale.refuses(10'000, 12'500).sells(12'500, 20'000, kSouth);
  return tale;
}

TEST(JudgeSales, orders_that_never_reached_the_standby_are_lost_with_their_age) {
  const auto verdict = failover(9'800).judged();
  // Scheduled at 9,800 to 9,990, committed 5 ms and acknowledged 10 ms later. The last of them was
  // acknowledged at 10,000, at the fault.
  EXPECT_THAT(verdict.lost_acked, Optional(20));
  EXPECT_EQ(verdict.lost_max_age_ms, 190);
  EXPECT_EQ(verdict.lost.front().age_ms, 190);
  EXPECT_EQ(verdict.lost.back().age_ms, 0);
  EXPECT_EQ(verdict.lost.front().region, "north");
  EXPECT_EQ(verdict.lost_seats_resold, 0);
  EXPECT_TRUE(verdict.passed()) << "a loss inside the budget is allowed";
}

TEST(JudgeSales, the_age_of_a_loss_counts_to_the_old_regions_last_acknowledgement) {
  Tale tale;  // north goes on for two seconds after the fault, but nothing reaches south
  tale.sells(0, 12'000, kNorth).replicated("north", "south", 9'995);
  tale.refuses(12'000, 12'500).sells(12'500, 20'000, kSouth);
  const auto verdict = tale.judged();
  EXPECT_THAT(verdict.lost_acked, Optional(200));
  EXPECT_EQ(verdict.lost_max_age_ms, 12'000 - 10'010);
}

TEST(JudgeSales, the_age_of_a_loss_counts_to_the_last_acknowledgement_where_commits_were_held) {
  Tale tale;  // nothing reaches south from 6 s on, and north lets commits wait from 7 s on
  tale.sells(0, 7'000, kNorth).replicated("north", "south", 6'000);
  tale.refuses(7'000, 12'500).sells(12'500, 20'000, kSouth);
  tale.drilled.commits_were_held = true;
  EXPECT_EQ(tale.judged().lost_max_age_ms, 7'000 - 6'010);
}

TEST(JudgeSales, a_loss_older_than_promised_misses_the_objective_and_breaks_I3) {
  auto tale = failover(6'000);
  const auto verdict = tale.judged();
  EXPECT_EQ(verdict.lost_max_age_ms, 10'000 - 6'010);
  EXPECT_FALSE(verdict.objectives_met);
  ASSERT_EQ(verdict.invariants_broken.size(), 1U);
  EXPECT_EQ(verdict.invariants_broken[0].id, "I3");
  tale.drilled.operator_forced_loss = true;
  EXPECT_THAT(tale.judged().invariants_broken, IsEmpty());
  EXPECT_FALSE(tale.judged().objectives_met);
}

TEST(JudgeSales, a_lost_orders_seat_sold_again_is_listed_apart_and_not_oversold) {
  auto tale = failover(9'900);
  const auto lost = tale.sold_at(9'950);
  const auto later = tale.sold_at(12'500);
  const auto seat = tale.row("north", lost);
  tale.row("south", later).event = seat.event;
  tale.row("south", later).seat = seat.seat;
  tale.acknowledgement(later).event = seat.event;
  tale.acknowledgement(later).seat = seat.seat;
  const auto verdict = tale.judged();
  EXPECT_THAT(verdict.lost_acked, Optional(10));
  EXPECT_EQ(verdict.lost_seats_resold, 1);
  EXPECT_EQ(verdict.oversold, 0);
  EXPECT_THAT(verdict.lost,
              testing::Contains(testing::AllOf(testing::Field(&LostOrder::key, lost),
                                               testing::Field(&LostOrder::seat_resold, true))));
}

TEST(JudgeSales, a_seat_sold_twice_to_orders_that_live_is_oversold) {
  auto tale = failover();
  const auto first = tale.sold_at(5'000);
  const auto second = tale.sold_at(13'000);
  const auto seat = tale.row("south", first);
  tale.row("south", second).event = seat.event;
  tale.row("south", second).seat = seat.seat;
  tale.acknowledgement(second).event = seat.event;
  tale.acknowledgement(second).seat = seat.seat;
  const auto verdict = tale.judged();
  EXPECT_EQ(verdict.oversold, 1);
  EXPECT_THAT(verdict.lost_acked, Optional(0));
  EXPECT_FALSE(verdict.objectives_met);
}

TEST(JudgeSales, a_refunded_orders_seat_sold_again_is_neither_oversold_nor_lost) {
  auto tale = failover();
  const auto first = tale.sold_at(5'000);
  const auto second = tale.sold_at(13'000);
  const auto seat = tale.row("south", first);
  tale.row("south", first).refunded = true;
  tale.row("south", second).event = seat.event;
  tale.row("south", second).seat = seat.seat;
  tale.acknowledgement(second).event = seat.event;
  tale.acknowledgement(second).seat = seat.seat;
  const auto verdict = tale.judged();
  EXPECT_EQ(verdict.oversold, 0);
  EXPECT_THAT(verdict.lost_acked, Optional(0));
}

TEST(JudgeSales, an_order_held_with_another_seat_than_acknowledged_is_lost) {
  auto tale = failover();
  tale.row("south", tale.sold_at(5'000)).seat = 499;
  EXPECT_THAT(tale.judged().lost_acked, Optional(1));
}

TEST(JudgeSales, an_order_held_under_another_number_is_lost_but_its_seat_is_not_resold) {
  auto tale = failover();
  tale.row("south", tale.sold_at(5'000)).order = "another";
  EXPECT_THAT(tale.judged().lost_acked, Optional(1));
  EXPECT_EQ(tale.judged().lost_seats_resold, 0);
}

TEST(JudgeSales, one_key_acknowledged_as_two_orders_is_a_duplicate) {
  auto tale = failover();
  const auto key = tale.sold_at(5'000);
  auto again = tale.acknowledgement(key);
  again.order = "another";
  again.received = after_start(13'000);
  again.epoch = kSouth.epoch;
  again.region = kSouth.region;
  tale.ledger.acknowledgements.push_back(again);
  const auto verdict = tale.judged();
  EXPECT_EQ(verdict.duplicate_orders, 1);
  EXPECT_FALSE(verdict.objectives_met);
}

TEST(JudgeSales, one_key_held_as_two_rows_is_a_duplicate) {
  auto tale = failover();
  auto twice = tale.row("south", tale.sold_at(5'000));
  twice.order = "another";
  twice.seat = 498;
  tale.views["south"].orders.push_back(twice);
  EXPECT_EQ(tale.judged().duplicate_orders, 1);
}

TEST(JudgeSales, the_same_order_answered_twice_is_one_order) {
  auto tale = failover();
  auto again = tale.acknowledgement(tale.sold_at(5'000));
  again.status = 200;
  again.received = after_start(5'300);
  tale.ledger.acknowledgements.push_back(again);
  const auto verdict = tale.judged();
  EXPECT_EQ(verdict.duplicate_orders, 0);
  EXPECT_EQ(verdict.acked, 1000 + 750);
}

TEST(JudgeSales, an_unknown_outcome_that_a_retry_cleared_up_is_no_unknown) {
  auto tale = failover();
  const auto key = tale.order(12'600);
  tale.unknown(key, 12'700).tried_again(key, 12'900).acknowledged(key, 12'910, kSouth);
  tale.held("south", key, 12'650, kSouth);
  const auto verdict = tale.judged();
  EXPECT_EQ(verdict.unknown, 0);
  EXPECT_EQ(verdict.acked, 1000 + 750 + 1);
  EXPECT_THAT(verdict.lost_acked, Optional(0));
}

TEST(JudgeSales, an_order_that_was_unknown_once_and_then_refused_stays_unknown) {
  auto tale = failover();
  const auto key = tale.order(9'000);
  tale.unknown(key, 10'900).tried_again(key, 11'100).refused(key, 11'110);
  EXPECT_EQ(tale.judged().unknown, 1);
  EXPECT_EQ(tale.judged().refused, 250);
}

TEST(JudgeSales, a_try_without_a_recorded_end_is_unknown) {
  auto tale = failover();
  static_cast<void>(tale.order(9'000));
  EXPECT_EQ(tale.judged().unknown, 1);
}

TEST(JudgeSales, a_refused_order_that_a_database_holds_is_reported) {
  auto tale = failover();
  const auto liar = tale.order(9'000);
  tale.refused(liar, 9'010).held("north", liar, 9'005, kNorth);
  EXPECT_EQ(tale.judged().refused_but_present, 1);
  tale.forgotten("north", liar);
  EXPECT_EQ(tale.judged().refused_but_present, 0);
}

TEST(JudgeSales, without_the_surviving_database_losses_are_not_judged) {
  auto tale = failover();
  tale.views.erase("south");
  const auto verdict = tale.judged();
  EXPECT_EQ(verdict.lost_acked, std::nullopt);
  EXPECT_FALSE(verdict.objectives_met);
  EXPECT_THAT(verdict.not_judged, testing::Contains(testing::HasSubstr("south was not read")));
}

}  // namespace
}  // namespace understudy::drill
