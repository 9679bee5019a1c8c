// A person decides over the loss.

#include "control_room.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;

class Approval : public testing::Test {
 protected:
  /// North dies when south has received nothing for ten seconds: over the budget of three.
  void ask() {
    room_.settle();
    room_.world.south.database.now.streaming = false;
    room_.world.stage.run_for(seconds(10));
    room_.world.kill(room_.world.north);
    ASSERT_TRUE(room_.start());
    ASSERT_TRUE(room_.world.stage.run_until([&] { return !room_.runner().questions().empty(); }));
  }
  ControlRoom room_;
  const std::string name_ = "failover-shop-1";
};

}  // namespace

TEST_F(Approval, is_waited_for_and_nothing_is_promoted_meanwhile) {
  ask();
  ASSERT_EQ(room_.runner().questions().size(), 1U);
  EXPECT_EQ(room_.runner().questions()[0].execution, name_);
  EXPECT_EQ(room_.runner().questions()[0].state, "AskOperator");
  room_.world.stage.run_for(std::chrono::minutes(10));
  EXPECT_TRUE(room_.runner().running(name_));
  EXPECT_EQ(room_.world.south.database.promotions, 0U);
  EXPECT_EQ(room_.world.record.record.transition.phase, Phase::revoked);
  EXPECT_EQ(room_.world.alerts.count(name_ + ".approval"), 1U);
}

TEST_F(Approval, goes_on_and_is_recorded_with_the_name) {
  ask();
  ASSERT_TRUE(room_.runner().answer({name_, "AskOperator"}, true, "grace"));
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  room_.expect_failed_over_once();
  EXPECT_TRUE(room_.journalled("grace"));
  EXPECT_EQ(room_.world.events.last("operator.approved").fields.at("who"), "grace");
}

TEST_F(Approval, once_declined_aborts_and_gives_the_lease_back) {
  ask();
  ASSERT_TRUE(room_.runner().answer({name_, "AskOperator"}, false, "grace"));
  EXPECT_EQ(room_.outcome(), "FAILED");
  room_.expect_nothing_changed();
  EXPECT_EQ(room_.world.events.last("execution.ended").fields.at("error"), "Understudy.Declined");
  room_.world.revive(room_.world.north);
  room_.world.stage.run_for(seconds(2));
  EXPECT_TRUE(room_.world.writable(room_.world.north));
}

TEST_F(Approval, is_given_once) {
  ask();
  ASSERT_TRUE(room_.runner().answer({name_, "AskOperator"}, true, "grace"));
  const auto again = room_.runner().answer({name_, "AskOperator"}, false, "ada");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().after, After::unchanged_final);
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
}

TEST_F(Approval, to_begin_is_none_of_the_loss) {
  ask();
  EXPECT_FALSE(room_.runner().answer({name_, "AskToStart"}, true, "grace"));
  room_.world.stage.run_for(seconds(10));
  EXPECT_TRUE(room_.runner().running(name_));
  EXPECT_EQ(room_.world.south.database.promotions, 0U);
}

TEST_F(Approval, is_refused_where_nothing_is_asked) {
  EXPECT_FALSE(room_.runner().answer({"failover-shop-9", "AskOperator"}, true, "grace"));
  room_.settle();
  room_.world.kill(room_.world.north);
  ASSERT_TRUE(room_.start());
  EXPECT_FALSE(room_.runner().answer({name_, "AskOperator"}, true, "grace"));
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
}

TEST_F(Approval, survives_a_crash_of_the_controller) {
  ask();
  ASSERT_TRUE(room_.new_controller().resume_all());
  room_.world.stage.run_for(seconds(1));
  ASSERT_EQ(room_.runner().questions().size(), 1U);
  ASSERT_TRUE(room_.runner().answer({name_, "AskOperator"}, true, "grace"));
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  room_.expect_failed_over_once();
}

// Found by a drill that kills the controller in every state: it had said yes to the person, and the
// next one knew nothing of it.
TEST_F(Approval, that_was_taken_is_not_lost_with_the_controller_that_took_it) {
  ask();
  ASSERT_TRUE(room_.runner().answer({name_, "AskOperator"}, true, "grace"));
  ASSERT_TRUE(room_.new_controller().resume_all());  // before the execution went on
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  EXPECT_TRUE(room_.journalled("grace"));
  room_.expect_failed_over_once();
}

TEST_F(Approval, that_cannot_be_written_down_is_not_taken) {
  ask();
  room_.journal.keeps.next = {Fault::unreachable};
  EXPECT_FALSE(room_.runner().answer({name_, "AskOperator"}, true, "grace"));
  room_.world.stage.run_for(seconds(1));
  EXPECT_EQ(room_.world.south.database.promotions, 0U);
  ASSERT_TRUE(room_.runner().answer({name_, "AskOperator"}, true, "grace"))
      << "it can be said again";
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
}

TEST_F(Approval, is_not_needed_when_a_new_controller_observes_the_lease_anew) {
  room_.settle();
  room_.note_record();
  room_.world.kill(room_.world.north);
  ASSERT_TRUE(room_.start());
  room_.world.stage.run_for(seconds(1));
  ASSERT_EQ(room_.world.record.record.transition.phase, Phase::revoked);
  ASSERT_TRUE(room_.new_controller().resume_all());
  EXPECT_EQ(room_.outcome(), "SUCCEEDED")
      << "the first controller had seen earlier when the lease would end";
  room_.expect_failed_over_once();
}

TEST_F(Approval, is_not_needed_when_the_policy_goes_on_by_itself) {
  Topology topology = two_regions();
  topology.policy.over_budget = OverBudget::go_on;
  ControlRoom room(topology);
  room.settle();
  room.world.south.database.now.streaming = false;
  room.world.stage.run_for(seconds(10));
  room.world.kill(room.world.north);
  ASSERT_TRUE(room.start());
  EXPECT_EQ(room.outcome(), "SUCCEEDED");
  EXPECT_EQ(room.world.events.count("lag.over_budget"), 1U);
  room.expect_failed_over_once();
}

TEST_F(Approval, is_not_asked_for_while_the_policy_waits_for_replication) {
  Topology topology = two_regions();
  topology.policy.over_budget = OverBudget::wait;
  ControlRoom room(topology);
  room.settle();
  room.world.south.database.now.streaming = false;
  room.world.stage.run_for(seconds(10));
  room.world.north.path = false;  // alive, fenced and able to stream what south lacks
  ASSERT_TRUE(room.start());
  room.world.stage.run_for(seconds(30));
  EXPECT_EQ(room.world.south.database.promotions, 0U);
  EXPECT_GE(room.world.alerts.count("failover-shop-1.replication"), 1U) << "it waits visibly";
  DatabaseState& standby = room.world.south.database.now;
  standby.written = standby.replayed = room.world.north.database.now.written;
  EXPECT_EQ(room.outcome(), "SUCCEEDED");
  room.expect_failed_over_once();
}

}  // namespace understudy::fake
