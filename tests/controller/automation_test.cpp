// The sentry with people's orders: what it starts, what it asks, what it tells.

#include <gmock/gmock.h>

#include "control_room.h"

namespace understudy::fake {

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Automatic : public testing::Test {
 protected:
  explicit Automatic(Automation automation = Automation::on) : room_(topology(automation)) {}
  static Topology topology(Automation automation) {
    Topology topology = two_regions();
    topology.policy.automatic_failover = automation;
    topology.policy.lag_budget = std::chrono::minutes(10);
    return topology;
  }
  void begin() {
    room_.settle();
    sentry_ = &room_.start_sentry();
    run_for(3s);
  }
  void run_for(Duration length) { world_.stage.run_for(length); }
  [[nodiscard]] Order order(std::optional<Duration> length = {}) {
    Order given{.who = "ada", .reason = "new disks", .at = world_.stage.wall()};
    if (length) given.until = given.at + *length;
    return given;
  }
  [[nodiscard]] unsigned started() const { return world_.events.count("failover.started"); }
  [[nodiscard]] bool asks() const { return !room_.runner().questions().empty(); }
  [[nodiscard]] bool asks_soon() {
    return world_.stage.run_until([&] { return asks(); }, 10s);
  }
  [[nodiscard]] bool south_writes_soon() {
    return world_.stage.run_until([&] { return world_.writable(world_.south); }, 30s);
  }
  [[nodiscard]] std::string told(const std::string& key) const {
    for (const Alert& alert : world_.alerts.all) {
      if (alert.key == key) return alert.done + "; " + alert.ask;
    }
    return "";
  }

  mutable ControlRoom room_;
  World& world_ = room_.world;
  Sentry* sentry_ = nullptr;
};

class Asking : public Automatic {
 protected:
  Asking() : Automatic(Automation::ask) {}
};

}  // namespace

TEST_F(Automatic, failover_switched_off_tells_what_would_have_been) {
  begin();
  ASSERT_TRUE(room_.controls().set_automation(Automation::off, order()));
  world_.kill(world_.north);
  run_for(30s);
  EXPECT_EQ(started(), 0U);
  room_.expect_nothing_changed();
  EXPECT_THAT(told("failover.refused.120.1"), HasSubstr("would have failed over to south now"));
  EXPECT_THAT(told("failover.refused.120.1"), HasSubstr("by ada (new disks)"));
  EXPECT_THAT(told("failover.refused.120.1"), HasSubstr("understudy automation on"));
  ASSERT_TRUE(room_.controls().set_automation(Automation::on, order()));
  EXPECT_TRUE(south_writes_soon());
}

TEST_F(Automatic, failover_waits_for_the_end_of_maintenance_that_hides_an_outage) {
  begin();
  ASSERT_TRUE(room_.controls().begin_maintenance(order(1min)));
  world_.kill(world_.north);
  run_for(30s);
  EXPECT_EQ(started(), 0U);
  EXPECT_THAT(told("failover.refused.110.1"), HasSubstr("understudy maintenance off"));
  EXPECT_TRUE(world_.stage.run_until([&] { return world_.writable(world_.south); }, 60s));
}

TEST_F(Automatic, failover_is_free_the_first_time_and_then_waits_to_be_acknowledged) {
  begin();
  world_.kill(world_.north);
  ASSERT_TRUE(south_writes_soon());
  ASSERT_EQ(room_.outcome(), "SUCCEEDED");
  EXPECT_EQ(world_.events.last("failover.started").fields.at("permission"), 170);
  EXPECT_EQ(room_.controls().permission_now(2).id, 150);
  ASSERT_TRUE(room_.controls().acknowledge("ada", 2));
  EXPECT_EQ(room_.controls().permission_now(2).id, 160);
}

TEST_F(Automatic, failover_that_has_not_taken_the_lock_yet_heeds_what_is_ordered_meanwhile) {
  begin();
  world_.kill(world_.north);
  ASSERT_TRUE(world_.stage.run_until([&] { return started() == 1; }, 10s));
  world_.registry.replaces.always = Fault::unreachable;
  run_for(3s);
  ASSERT_TRUE(room_.controls().set_automation(Automation::off, order()));
  world_.registry.replaces.always = Fault::none;
  run_for(30s);
  EXPECT_EQ(started(), 1U);
  room_.expect_nothing_changed();
  EXPECT_TRUE(room_.journalled("automatic failover is off"));
  EXPECT_NE(told("failover.refused.120.1"), "");
}

TEST_F(Automatic, failover_that_cannot_be_noted_does_not_begin) {
  begin();
  room_.journal.keeps.always = Fault::refused;
  world_.kill(world_.north);
  run_for(10s);
  EXPECT_EQ(started(), 0U);
  room_.journal.keeps.always = Fault::none;
  EXPECT_TRUE(south_writes_soon());
}

TEST_F(Automatic, failover_asks_while_the_one_before_is_not_acknowledged_or_a_short_while_ago) {
  world_.record.record.transition.execution = "failover-shop-0";  // it led to this epoch
  begin();
  ASSERT_TRUE(room_.controls().beginning("failover-shop-0", 0));
  world_.kill(world_.north);
  ASSERT_TRUE(asks_soon());
  EXPECT_THAT(told("failover-shop-1.start"), HasSubstr("nobody has acknowledged"));
  ASSERT_TRUE(room_.controls().acknowledge("ada", 1));
  run_for(10min);
  EXPECT_TRUE(asks()) << "the interval";
  room_.expect_nothing_changed();
  run_for(50min);
  EXPECT_TRUE(south_writes_soon()) << "both are over";
}

TEST_F(Asking, changes_nothing_until_a_person_approves) {
  begin();
  world_.kill(world_.north);
  ASSERT_TRUE(asks_soon());
  run_for(10min);
  ASSERT_EQ(room_.runner().questions().size(), 1U);
  EXPECT_EQ(room_.runner().questions()[0].state, "AskToStart");
  room_.expect_nothing_changed();
  EXPECT_EQ(world_.record.record.transition.number, 0U) << "not even the lock was taken";
  EXPECT_THAT(told("failover-shop-1.start"), HasSubstr("understudy approve"));
  ASSERT_TRUE(room_.runner().answer({"failover-shop-1", "AskToStart"}, true, "grace"));
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  room_.expect_failed_over_once();
  EXPECT_TRUE(room_.journalled("grace"));
  EXPECT_EQ(room_.controls().permission_now(2).id, 140)
      << "what a person approved was not automatic, and needs no acknowledgement";
}

TEST_F(Asking, does_not_ask_again_in_the_outage_in_which_it_was_declined) {
  begin();
  world_.kill(world_.north);
  ASSERT_TRUE(asks_soon());
  ASSERT_TRUE(room_.runner().answer({"failover-shop-1", "AskToStart"}, false, "grace"));
  room_.controls().note_answer({"failover-shop-1", "AskToStart"}, false);
  run_for(10min);
  EXPECT_EQ(started(), 1U);
  EXPECT_NE(told("failover.refused.130.1"), "");
  world_.revive(world_.north);
  run_for(30s);
  world_.kill(world_.north);
  EXPECT_TRUE(asks_soon()) << "a new outage is a new question";
}

TEST_F(Asking, takes_the_question_back_when_the_region_recovers) {
  begin();
  world_.north.path = false;
  ASSERT_TRUE(asks_soon());
  world_.north.path = true;
  run_for(10s);
  EXPECT_FALSE(asks());
  EXPECT_EQ(room_.journal.status_of("failover-shop-1"), "FAILED");
  EXPECT_NE(told("failover-shop-1.withdrawn"), "");
  EXPECT_EQ(world_.events.count("operator.declined"), 0U);
  room_.expect_nothing_changed();
}

TEST_F(Asking, fails_over_at_once_when_it_is_switched_on_meanwhile) {
  begin();
  world_.kill(world_.north);
  ASSERT_TRUE(asks_soon());
  ASSERT_TRUE(room_.controls().set_automation(Automation::on, order()));
  EXPECT_TRUE(south_writes_soon());
}

TEST_F(Asking, asks_no_more_when_it_is_switched_off_meanwhile) {
  begin();
  world_.kill(world_.north);
  ASSERT_TRUE(asks_soon());
  ASSERT_TRUE(room_.controls().set_automation(Automation::off, order()));
  run_for(10s);
  EXPECT_FALSE(asks());
  room_.expect_nothing_changed();
}

TEST_F(Asking, survives_a_restart_of_the_controller) {
  begin();
  world_.kill(world_.north);
  ASSERT_TRUE(asks_soon());
  ASSERT_TRUE(room_.new_controller().resume_all());
  sentry_ = &room_.start_sentry();
  run_for(5s);
  ASSERT_EQ(room_.runner().questions().size(), 1U);
  EXPECT_EQ(room_.runner().questions()[0].state, "AskToStart");
  ASSERT_TRUE(room_.runner().answer({"failover-shop-1", "AskToStart"}, true, "grace"));
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
}

TEST_F(Asking, and_an_approval_that_comes_too_late_leaves_no_healthy_region) {
  begin();
  world_.north.path = false;
  ASSERT_TRUE(asks_soon());
  world_.north.path = true;
  ASSERT_TRUE(room_.runner().answer({"failover-shop-1", "AskToStart"}, true, "grace"));
  EXPECT_EQ(room_.outcome(), "FAILED") << "the fresh look sees it well";
  EXPECT_EQ(world_.record.record.active, "north");
  EXPECT_EQ(world_.south.database.promotions, 0U);
}

}  // namespace understudy::fake
