// What operators order of an execution that runs: between states, durable, and never at the cost of
// the lock, the fence or the lag gate.

#include "control_room.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;

constexpr const char* kExecution = "switchover-shop-1";

/// A switchover that an operator meddles with.
class OperatorOrders : public testing::Test {
 protected:
  OperatorOrders() {
    room_.settle();
    room_.note_record();
  }
  ~OperatorOrders() override { room_.stop(); }

  void begin() {
    const auto begun = room_.desk().switchover({.who = "ada", .reason = "a test"});
    ASSERT_TRUE(begun);
    ASSERT_EQ(*begun, kExecution);
  }
  /// Runs until the state is entered.
  void until(const std::string& state) {
    ASSERT_TRUE(world_.stage.run_until([&] { return room_.entered(state) > 0; }, seconds(30)))
        << state;
  }
  Result<Done> order(Control what, const std::string& comment = "", const std::string& state = "") {
    return room_.runner().order(kExecution,
                                {.what = what, .who = "ada", .comment = comment, .state = state});
  }
  [[nodiscard]] const Record& record() const { return world_.record.record; }

  ControlRoom room_;
  World& world_ = room_.world;
};

}  // namespace

TEST_F(OperatorOrders, pause_enters_no_further_state_until_it_is_resumed) {
  begin();
  until("CheckSwitchover");
  ASSERT_TRUE(order(Control::pause));
  world_.stage.run_for(std::chrono::minutes(10));
  EXPECT_EQ(room_.entered("DrainRegion"), 0U);
  ASSERT_TRUE(order(Control::resume));
  EXPECT_EQ(room_.outcome(kExecution), "SUCCEEDED");
}

TEST_F(OperatorOrders, pause_outlives_the_controller) {
  begin();
  until("CheckSwitchover");
  ASSERT_TRUE(order(Control::pause));
  world_.stage.run_for(seconds(5));
  ASSERT_TRUE(room_.new_controller().resume_all());
  world_.stage.run_for(std::chrono::minutes(1));
  EXPECT_EQ(room_.entered("DrainRegion"), 0U);
  EXPECT_TRUE(room_.runner().running_now().at(0).paused);
  ASSERT_TRUE(order(Control::resume));
  EXPECT_EQ(room_.outcome(kExecution), "SUCCEEDED");
}

TEST_F(OperatorOrders, resume_of_what_is_not_paused_is_refused) {
  begin();
  until("CheckSwitchover");
  EXPECT_FALSE(order(Control::resume));
}

TEST_F(OperatorOrders, cancel_aborts_before_the_point_of_no_return_and_the_old_region_goes_on) {
  begin();
  until("Fence");
  ASSERT_TRUE(order(Control::cancel));
  EXPECT_EQ(room_.outcome(kExecution), "FAILED");
  EXPECT_TRUE(room_.journalled("cancelled by ada", kExecution));
  EXPECT_EQ(record().active, "north");
  world_.stage.run_for(seconds(5));
  EXPECT_TRUE(world_.writable(world_.north));
  EXPECT_EQ(world_.south.database.promotions, 0U);
}

TEST_F(OperatorOrders, cancel_comes_too_late_after_the_point_of_no_return) {
  begin();
  until("PromoteDatabase");
  const auto refused = order(Control::cancel);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, testing::HasSubstr("point of no return"));
  EXPECT_EQ(room_.outcome(kExecution), "SUCCEEDED");
}

TEST_F(OperatorOrders, cancel_of_one_that_is_paused_does_not_wait_for_it_to_be_resumed) {
  begin();
  until("CheckSwitchover");
  ASSERT_TRUE(order(Control::pause));
  world_.stage.run_for(seconds(5));
  ASSERT_TRUE(order(Control::cancel));
  EXPECT_EQ(room_.outcome(kExecution), "FAILED");
  EXPECT_EQ(record().transition.phase, Phase::none);
}

TEST_F(OperatorOrders, cancel_that_comes_too_late_while_it_is_written_is_refused) {
  begin();
  until("Fence");
  room_.journal.on_keep = [&] {
    room_.journal.on_keep = nullptr;
    until("PromoteDatabase");
  };
  const auto refused = order(Control::cancel);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, testing::HasSubstr("point of no return"));
  EXPECT_EQ(room_.outcome(kExecution), "SUCCEEDED");
  EXPECT_THAT(room_.journal.texts[std::string("orders/") + kExecution],
              testing::Not(testing::HasSubstr("cancelled")));
}

TEST_F(OperatorOrders, skip_needs_a_comment_and_leaves_out_what_keeps_no_promise) {
  world_.ingress.serving = [] { return std::optional<std::string>(); };  // traffic never moves
  begin();
  until("ConfirmTraffic");
  EXPECT_FALSE(order(Control::skip, "", "ConfirmTraffic"));
  ASSERT_TRUE(order(Control::skip, "the probe is broken", "ConfirmTraffic"));
  until("VerifyRecovery");
  ASSERT_TRUE(order(Control::skip, "it goes by the same probe", "VerifyRecovery"));
  EXPECT_EQ(room_.outcome(kExecution), "SUCCEEDED");
  EXPECT_TRUE(room_.journalled("the probe is broken", kExecution));
}

TEST_F(OperatorOrders, lock_fence_and_lag_gate_are_never_skipped) {
  for (const char* state : {"AcquireTransition", "Fence", "CheckReplicationLag",
                            "PassPointOfNoReturn", "PromoteDatabase", "SwitchActiveRegion"}) {
    const Step* step = find_step(state);
    ASSERT_NE(step, nullptr);
    EXPECT_NE(step->leave, Leave::skip) << state;
    EXPECT_NE(step->leave, Leave::either) << state;
  }
  begin();
  until("Fence");
  const auto refused = order(Control::skip, "in a hurry", "Fence");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, testing::HasSubstr("promise"));
}

TEST_F(OperatorOrders, retry_waits_no_longer_for_the_next_try) {
  world_.south.database.now.streaming = false;
  begin();
  until("CheckSwitchover");
  world_.stage.run_for(milliseconds(100));
  const BootTime before = world_.stage.boot();
  ASSERT_TRUE(order(Control::retry)) << "it waits a second";
  ASSERT_TRUE(
      world_.stage.run_until([&] { return room_.entered("CheckSwitchover") > 1; }, seconds(5)));
  EXPECT_LT(world_.stage.boot() - before, milliseconds(500));
}

TEST_F(OperatorOrders, ungraceful_lets_a_move_go_on_that_would_have_been_aborted) {
  world_.north.agent.fences.always = Fault::answer_lost;
  begin();
  until("CheckSwitchover");
  ASSERT_TRUE(order(Control::ungraceful));
  EXPECT_EQ(room_.outcome(kExecution), "SUCCEEDED");
  EXPECT_EQ(record().active, "south");
}

TEST_F(OperatorOrders, every_order_is_an_event_with_who_gave_it) {
  begin();
  until("CheckSwitchover");
  ASSERT_TRUE(order(Control::pause, "lunch"));
  const auto& event = world_.events.last("operator.controlled");
  EXPECT_EQ(event.fields.at("who").as_string(), "ada");
  EXPECT_EQ(event.fields.at("what").as_string(), "paused");
  EXPECT_EQ(event.fields.at("comment").as_string(), "lunch");
}

TEST_F(OperatorOrders, order_that_cannot_be_written_down_changes_nothing) {
  begin();
  until("CheckSwitchover");
  room_.journal.keeps.next = {Fault::unreachable};
  EXPECT_FALSE(order(Control::pause));
  EXPECT_EQ(room_.outcome(kExecution), "SUCCEEDED");
}

TEST_F(OperatorOrders, order_of_nothing_that_runs_is_refused) {
  EXPECT_FALSE(order(Control::pause));
}

}  // namespace understudy::fake
