// What happened, and how long it took, as buyers saw it.

#include <gmock/gmock.h>

#include "tale.h"

namespace understudy::drill {
namespace {

using testing::Optional;

/// North sells for ten seconds and dies; south sells from 12.5 s on.
Tale failover() {
  Tale tale;
  tale.sells(0, 10'000, kNorth).replicated("north", "south", 10'000);
  tale.refuses(10'000, 12'500).sells(12'500, 20'000, kSouth);
  return tale;
}

TEST(JudgeOutcome, of_a_clean_failover_passes) {
  const auto verdict = failover().judged();
  EXPECT_EQ(verdict.outcome, Outcome::fails_over);
  EXPECT_THAT(verdict.rto_ms, Optional(2510));  // scheduled at 2500, answered 10 ms later
  EXPECT_THAT(verdict.rto_full_ms,
              Optional(3510));  // the order scheduled as that answer came, + 1 s
  EXPECT_EQ(verdict.acked, 1000 + 750);
  EXPECT_EQ(verdict.refused, 250);
  EXPECT_EQ(verdict.unknown, 0);
  EXPECT_THAT(verdict.lost_acked, Optional(0));
  EXPECT_EQ(verdict.dual_writer_ms, 0);
  EXPECT_EQ(verdict.longest_silence_ms, 2510);
  EXPECT_NEAR(verdict.orders_per_second_before, 100, 0.5);
  EXPECT_EQ(verdict.latency_p99_ms, 10);
  EXPECT_THAT(verdict.invariants_broken, testing::IsEmpty());
  EXPECT_TRUE(verdict.objectives_met);
  EXPECT_TRUE(verdict.passed());
}

TEST(JudgeOutcome, of_a_failover_slower_than_promised_misses_the_objective) {
  auto tale = failover();
  tale.drilled.objectives.rto = milliseconds(2509);
  const auto verdict = tale.judged();
  EXPECT_FALSE(verdict.objectives_met);
  EXPECT_THAT(verdict.objectives_missed, testing::ElementsAre(testing::StartsWith("rto:")));
  EXPECT_FALSE(verdict.passed());
}

TEST(JudgeOutcome, full_service_needs_99_of_100_orders_of_one_second) {
  Tale tale;
  tale.sells(0, 10'000, kNorth).replicated("north", "south", 10'000);
  tale.refuses(10'000, 12'000);
  // For two seconds every fiftieth order fails (98 %), then every hundredth (99 %).
  for (int at = 12'000; at < 16'000; at += 10) {
    const bool fails = at < 14'000 ? at % 500 == 490 : at % 1000 == 990;
    fails ? tale.refuses(at, at + 10) : tale.sells(at, at + 10, kSouth);
  }
  const auto verdict = tale.judged();
  EXPECT_THAT(verdict.rto_ms, Optional(2010));
  // The first second with one failure only begins behind the failure at 13,490.
  EXPECT_THAT(verdict.rto_full_ms, Optional(3500 + 1000));
}

TEST(JudgeOutcome, an_order_answered_after_more_than_a_second_is_no_full_service) {
  Tale tale;
  tale.sells(0, 10'000, kNorth).replicated("north", "south", 10'000);
  tale.refuses(10'000, 12'000);
  for (int at = 12'000; at < 15'000; at += 10) {
    const auto key = tale.order(at);
    tale.held("south", key, at + 5, kSouth).acknowledged(key, at + 1001, kSouth);
  }
  const auto verdict = tale.judged();
  EXPECT_EQ(verdict.outcome, Outcome::fails_over);
  EXPECT_EQ(verdict.rto_full_ms, std::nullopt);
  EXPECT_FALSE(verdict.objectives_met);
}

TEST(JudgeOutcome, full_service_is_certain_once_the_last_order_of_its_second_is_answered) {
  Tale tale;
  tale.sells(0, 10'000, kNorth).replicated("north", "south", 10'000);
  tale.refuses(10'000, 12'000);
  for (int at = 12'000; at < 15'000; at += 10) {
    const auto key = tale.order(at);
    tale.held("south", key, at + 5, kSouth).acknowledged(key, at + 900, kSouth);
  }
  const auto verdict = tale.judged();
  EXPECT_THAT(verdict.rto_ms, Optional(2900));
  EXPECT_THAT(verdict.rto_full_ms, Optional(2900 + 990 + 900));
}

TEST(JudgeOutcome, orders_of_the_last_second_before_the_fault_do_not_lower_the_bar) {
  Tale tale;  // those of the last half second were caught by the fault, unanswered
  tale.sells(0, 9'500, kNorth).replicated("north", "south", 10'000);
  tale.refuses(9'500, 12'000);
  for (int at = 12'000; at < 16'000; at += 10) {  // 98 % served
    at % 500 == 490 ? tale.refuses(at, at + 10) : tale.sells(at, at + 10, kSouth);
  }
  EXPECT_EQ(tale.judged().rto_full_ms, std::nullopt);
}

TEST(JudgeOutcome, an_outage_that_only_comes_when_the_lease_ends_is_not_missed) {
  Tale tale;  // a frozen agent: north sells on for two seconds after the fault
  tale.sells(0, 12'000, kNorth).replicated("north", "south", 12'000);
  tale.refuses(12'000, 12'600).sells(12'600, 16'000, kSouth);
  const auto verdict = tale.judged();
  EXPECT_THAT(verdict.rto_ms, Optional(2610));
  EXPECT_THAT(verdict.rto_full_ms, Optional(3610));
  EXPECT_TRUE(verdict.interrupted);
  EXPECT_TRUE(verdict.passed());
}

TEST(JudgeOutcome, of_a_restart_in_place_is_not_a_failover) {
  Tale tale;
  tale.sells(0, 10'000, kNorth).refuses(10'000, 10'800).sells(10'800, 20'000, kNorth);
  tale.drilled.expected = Outcome::recovers_in_place;
  const auto verdict = tale.judged();
  EXPECT_EQ(verdict.outcome, Outcome::recovers_in_place);
  EXPECT_EQ(verdict.rto_ms, std::nullopt);
  // One refusal in a hundred is allowed: the second from the last refusal on counts as full.
  EXPECT_THAT(verdict.rto_full_ms, Optional(1790));
  EXPECT_TRUE(verdict.passed());
}

TEST(JudgeOutcome, of_a_failover_where_none_was_allowed_fails) {
  auto tale = failover();
  for (const auto expected : {Outcome::recovers_in_place, Outcome::holds}) {
    tale.drilled.expected = expected;
    const auto verdict = tale.judged();
    EXPECT_FALSE(verdict.outcome_as_expected());
    EXPECT_FALSE(verdict.passed());
  }
}

TEST(JudgeOutcome, without_interruption_holds) {
  Tale tale;
  tale.sells(0, 20'000, kNorth);
  tale.drilled.expected = Outcome::holds;
  const auto verdict = tale.judged();
  EXPECT_EQ(verdict.outcome, Outcome::holds);
  EXPECT_FALSE(verdict.interrupted);
  EXPECT_EQ(verdict.rto_full_ms, std::nullopt);
  EXPECT_TRUE(verdict.passed());
}

TEST(JudgeOutcome, of_a_region_that_stays_down_holds_but_recovers_nothing) {
  Tale tale;
  tale.sells(0, 10'000, kNorth).refuses(10'000, 20'000);
  tale.drilled.expected = Outcome::holds;
  EXPECT_EQ(tale.judged().outcome, Outcome::holds);
  EXPECT_TRUE(tale.judged().passed());
  EXPECT_EQ(tale.judged().longest_silence_ms, 9'990);
  for (const auto expected : {Outcome::recovers_in_place, Outcome::fails_over}) {
    tale.drilled.expected = expected;
    EXPECT_FALSE(tale.judged().outcome_as_expected());
    EXPECT_FALSE(tale.judged().passed());
    EXPECT_THAT(tale.judged().objectives_missed, testing::Not(testing::IsEmpty()));
  }
}

TEST(JudgeOutcome, contended_seats_do_not_count_against_the_service) {
  Tale tale;
  tale.drilled.expected = Outcome::holds;
  for (int at = 0; at < 20'000; at += 10) {
    if (at % 100 != 0 || at < Tale::kFaultMs) {
      tale.sells(at, at + 10, kNorth);
      continue;
    }
    const auto key = tale.order(at);
    tale.ledger.attempts.back().seat = 17;
    tale.refused(key, at + 10, 409);
  }
  const auto verdict = tale.judged();
  EXPECT_FALSE(verdict.interrupted);
  EXPECT_EQ(verdict.refused, 100);
}

TEST(JudgeOutcome, counts_page_errors_stalls_and_marks_the_systems_words_as_such) {
  auto tale = failover();
  tale.ledger.pages.push_back({"/", true, 200, "", after_start(1), after_start(2)});
  tale.ledger.pages.push_back({"/", false, 504, "late", after_start(3), after_start(4)});
  tale.ledger.stalls.push_back({milliseconds(70), after_start(5)});
  tale.drilled.phases = {{"fence", 2000, false}};
  const auto verdict = tale.judged();
  EXPECT_EQ(verdict.page_reads, 2);
  EXPECT_EQ(verdict.page_errors, 1);
  EXPECT_EQ(verdict.client_stall_max_ms, 70);
  ASSERT_EQ(verdict.phases.size(), 4U);
  EXPECT_EQ(verdict.phases[0].name, "last acknowledgement of north");
  EXPECT_EQ(verdict.phases[1].name, "fence");
  EXPECT_FALSE(verdict.phases[1].said_by_clients);
  EXPECT_EQ(verdict.phases[2].name, "first acknowledgement of south");
  EXPECT_EQ(verdict.phases[3].name, "full service");
}

TEST(JudgeOutcome, without_orders_before_the_fault_is_refused) {
  Tale tale;
  EXPECT_FALSE(judge(tale.drilled, tale.ledger, {}));
  tale.refuses(0, 10'000).sells(10'000, 20'000, kNorth);
  const auto verdict = judge(tale.drilled, tale.ledger, tale.databases());
  ASSERT_FALSE(verdict);
  EXPECT_THAT(verdict.error().what, testing::HasSubstr("before the fault"));
}

}  // namespace
}  // namespace understudy::drill
