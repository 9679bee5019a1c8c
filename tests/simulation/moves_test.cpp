// Histories that go there and back.

#include <gmock/gmock.h>

#include "simulation/history.h"
#include "simulation/rebuild.h"
#include "simulation/sabotage.h"

namespace understudy::simulation {

namespace {

using std::chrono::seconds;

class Moves : public testing::Test {
 protected:
  static TrueTime ms(int at) { return TrueTime(milliseconds(at)); }
  static Plan calm() {
    Plan plan = draw_plan(2, Profile::failover);
    plan.faults.clear();
    plan.left_dead.reset();
    plan.buy_every = milliseconds(60);
    plan.topology.database.replication = Replication::asynchronous;
    plan.healed_at = ms(16'000);
    return plan;
  }
  /// South, and home again if `answer` says so; none: nobody answers.
  static Plan round_trip(std::optional<bool> answer) {
    Plan plan = calm();
    plan.faults = {{.kind = FaultKind::switchover_ordered, .at = ms(1500)},
                   {.kind = FaultKind::failback_planned, .at = ms(9000)}};
    if (answer) {
      plan.faults.push_back(
          {.kind = FaultKind::failback_answered, .at = ms(10'500), .other = *answer ? 1 : 0});
    }
    return plan;
  }
  static Outcome run(const Plan& plan, const char* sabotage = nullptr) {
    return run_history(plan, sabotage == nullptr ? whole() : sabotaged(*find_sabotage(sabotage)),
                       false);
  }
  static bool reached(const Outcome& outcome, Mark mark) {
    return outcome.marks.test(static_cast<std::size_t>(mark));
  }
  static std::string first_problem(const Outcome& outcome) {
    return outcome.violations.empty() ? outcome.assertion.value_or("")
                                      : outcome.violations.front().invariant;
  }
};

}  // namespace

TEST_F(Moves, go_there_and_home_again_by_a_yes_and_lose_nothing) {
  const Outcome outcome = run(round_trip(true));
  EXPECT_EQ(first_problem(outcome), "");
  EXPECT_TRUE(reached(outcome, Mark::switched_over));
  EXPECT_TRUE(reached(outcome, Mark::failed_back));
  EXPECT_TRUE(reached(outcome, Mark::waited_at_edge));
  EXPECT_FALSE(reached(outcome, Mark::orders_lost_within_budget));
}

TEST_F(Moves, do_not_go_home_without_a_yes) {
  for (const std::optional<bool> answer : {std::optional(false), std::optional<bool>()}) {
    const Outcome outcome = run(round_trip(answer));
    EXPECT_EQ(first_problem(outcome), "");
    EXPECT_FALSE(reached(outcome, Mark::failed_back));
    EXPECT_EQ(first_problem(run(round_trip(answer), "failback-unasked")), "I6");
  }
}

TEST_F(Moves, that_are_not_drained_fail_orders) {
  EXPECT_EQ(first_problem(run(round_trip(true), "not-drained")), "R22");
}

TEST_F(Moves, do_not_overwrite_what_a_region_alone_has) {
  for (const auto trouble :
       {RebuildTrouble::none, RebuildTrouble::tail_fails, RebuildTrouble::rewind_impossible,
        RebuildTrouble::rewind_breaks, RebuildTrouble::copy_fails}) {
    Plan plan = calm();
    plan.faults = {
        {.kind = FaultKind::rebuild_trouble, .at = ms(800), .other = static_cast<int>(trouble)},
        {.kind = FaultKind::replication_stalls, .at = ms(900), .lasts = seconds(5)},
        {.kind = FaultKind::region_dies, .at = ms(1300), .lasts = seconds(4)}};
    const Outcome outcome = run(plan);
    EXPECT_EQ(first_problem(outcome), "");
    EXPECT_TRUE(reached(outcome, Mark::lost_tail_kept));
    EXPECT_TRUE(reached(outcome, Mark::rejoined));
    EXPECT_EQ(first_problem(run(plan, "rewind-before-salvage")), "R21");
  }
}

}  // namespace understudy::simulation
