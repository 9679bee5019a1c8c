// What operators order: kept over restarts, ended in time, told.

#include "controller/operator_controls.h"

#include <gmock/gmock.h>

#include "control_room.h"

namespace understudy::fake {

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Controls : public testing::Test {
 protected:
  [[nodiscard]] OperatorControls& now() { return room_.controls(); }
  /// A new process: nothing is remembered but the journal.
  void restart() {
    room_.new_controller();
    ASSERT_TRUE(now().load());
  }
  [[nodiscard]] Order order(std::optional<Duration> length = {}) {
    Order given{.who = "ada", .reason = "new disks", .at = world_.stage.wall()};
    if (length) given.until = given.at + *length;
    return given;
  }
  [[nodiscard]] int row(std::uint64_t epoch = 1) { return now().permission_now(epoch).id; }

  ControlRoom room_;
  World& world_ = room_.world;
};

}  // namespace

TEST_F(Controls, without_an_order_are_the_policy_of_the_file) {
  EXPECT_EQ(row(), 170);
  EXPECT_EQ(now().describe_automation(), "on (understudy.yaml)");
}

TEST_F(Controls, set_stay_set_over_a_restart_and_say_who) {
  ASSERT_TRUE(now().set_automation(Automation::off, order()));
  restart();
  EXPECT_EQ(row(), 120);
  EXPECT_THAT(now().describe_automation(), HasSubstr("by ada (new disks)"));
  EXPECT_EQ(world_.events.last("automation.set").fields.at("who"), "ada");
  ASSERT_TRUE(now().set_automation(Automation::ask, order()));
  EXPECT_EQ(row(), 140);
}

TEST_F(Controls, for_two_hours_end_after_two_hours_restart_or_not) {
  ASSERT_TRUE(now().set_automation(Automation::off, order(2h)));
  world_.stage.run_for(1h);
  restart();
  EXPECT_EQ(row(), 120);
  world_.stage.run_for(1h);
  EXPECT_EQ(row(), 170);
  now().expire();
  now().expire();
  EXPECT_EQ(world_.events.count("automation.expired"), 1U);
}

TEST_F(Controls, of_maintenance_end_by_themselves_and_are_told_at_both_ends) {
  ASSERT_TRUE(now().begin_maintenance(order(1h)));
  ASSERT_EQ(world_.alerts.all.size(), 1U);
  EXPECT_THAT(world_.alerts.all[0].subject, HasSubstr("maintenance mode is on"));
  EXPECT_EQ(row(), 110);
  restart();
  EXPECT_EQ(row(), 110);
  world_.stage.run_for(1h);
  EXPECT_EQ(row(), 170);
  now().expire();
  ASSERT_EQ(world_.alerts.all.size(), 2U);
  EXPECT_THAT(world_.alerts.all[1].subject, HasSubstr("ended by itself"));
  EXPECT_EQ(world_.events.count("maintenance.began"), 1U);
  EXPECT_EQ(world_.events.count("maintenance.ended"), 1U);
}

TEST_F(Controls, of_maintenance_end_early_when_ordered_and_only_if_it_is_on) {
  EXPECT_EQ(now().end_maintenance("ada").error().after, After::unchanged_final);
  ASSERT_TRUE(now().begin_maintenance(order(1h)));
  ASSERT_TRUE(now().end_maintenance("grace"));
  EXPECT_EQ(row(), 170);
  EXPECT_THAT(world_.alerts.all.back().subject, HasSubstr("ended by grace"));
}

TEST_F(Controls, count_a_failover_once_the_epoch_has_risen) {
  ASSERT_TRUE(now().beginning("failover-shop-1", 1));
  EXPECT_EQ(row(1), 170) << "it was aborted: nothing happened";
  EXPECT_EQ(row(2), 150);
  restart();
  EXPECT_EQ(row(2), 150);
  EXPECT_FALSE(now().acknowledge("ada", 1));
  ASSERT_TRUE(now().acknowledge("ada", 2));
  EXPECT_FALSE(now().acknowledge("ada", 2)) << "once";
  EXPECT_EQ(row(2), 160) << "and the interval";
  world_.stage.run_for(1h);
  EXPECT_EQ(row(2), 170);
  EXPECT_EQ(world_.events.last("failover.acknowledged").fields.at("execution"), "failover-shop-1");
}

TEST_F(Controls, forget_an_automatic_failover_that_was_aborted_once_somebody_else_has_moved) {
  ASSERT_TRUE(now().beginning("failover-shop-1", 1));
  Record record = first_record();
  now().note_record(record);
  record.epoch = 2;
  record.transition.execution = "switchover-shop-1";
  now().note_record(record);
  EXPECT_EQ(row(2), 170);
  restart();
  EXPECT_EQ(row(2), 170);
}

TEST_F(Controls, remember_an_automatic_failover_over_what_moved_after_it) {
  ASSERT_TRUE(now().beginning("failover-shop-1", 1));
  Record record = first_record();
  record.epoch = 2;
  record.transition.execution = "failover-shop-1-again-1";  // another controller went on with it
  now().note_record(record);
  EXPECT_EQ(row(2), 150);
  restart();
  record.epoch = 3;
  record.transition.execution = "failback-shop-1";
  now().note_record(record);
  EXPECT_EQ(row(3), 150);
}

TEST_F(Controls, take_no_clock_that_was_put_back_for_a_long_time) {
  ASSERT_TRUE(now().beginning("failover-shop-1", 1));
  ASSERT_TRUE(now().acknowledge("ada", 2));
  world_.stage.shift_wall(-24h);
  EXPECT_EQ(row(2), 160);
}

TEST_F(Controls, that_cannot_be_written_are_not_in_force) {
  room_.journal.keeps.always = Fault::refused;
  EXPECT_FALSE(now().set_automation(Automation::off, order()));
  EXPECT_EQ(row(), 170);
  EXPECT_EQ(world_.events.count("automation.set"), 0U);
  room_.journal.keeps.always = Fault::none;
  EXPECT_TRUE(now().set_automation(Automation::off, order()));
}

TEST_F(Controls, of_a_person_who_declined_hold_until_the_next_order_or_until_all_is_well) {
  now().note_answer({"failback-shop-1", "AskToStart"}, false);
  now().note_answer({"failover-shop-1", "AskOperator"}, true);
  EXPECT_EQ(row(), 170) << "neither is a no to a failover";
  now().note_answer({"failover-shop-1", "AskOperator"}, false);
  EXPECT_EQ(row(), 130);
  now().note_well();
  EXPECT_EQ(row(), 170);
  now().note_answer({"failover-shop-1", "AskToStart"}, false);
  ASSERT_TRUE(now().set_automation(Automation::on, order()));
  EXPECT_EQ(row(), 170);
}

TEST_F(Controls, that_cannot_be_read_are_an_error_not_a_default) {
  room_.journal.texts["operator_controls"] = R"({"automation":{"set":"perhaps"}})";
  EXPECT_FALSE(now().load());
}

}  // namespace understudy::fake
