// From evidence to a failover, without a person: who starts one, when, and when not.

#include "control_room.h"
#include "recovery/record_changes.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;

class Watch : public testing::Test {
 protected:
  explicit Watch(Topology topology = two_regions()) : room_(std::move(topology)) {}
  void begin() {
    room_.settle();
    sentry_ = &room_.start_sentry();
    run_for(seconds(3));
  }
  void run_for(Duration length) { room_.world.stage.run_for(length); }
  [[nodiscard]] int row() const { return sentry_->view().row; }
  [[nodiscard]] unsigned started() const { return room_.world.events.count("failover.started"); }

  ControlRoom room_;
  World& world_ = room_.world;
  Sentry* sentry_ = nullptr;
};

/// With so large a lag budget that nobody is asked.
class PatientWatch : public Watch {
 protected:
  PatientWatch() : Watch(patient()) {}
  static Topology patient() {
    Topology topology = two_regions();
    topology.policy.lag_budget = std::chrono::minutes(10);
    return topology;
  }
};

class LostTransition : public PatientWatch, public testing::WithParamInterface<Phase> {};
INSTANTIATE_TEST_SUITE_P(At, LostTransition,
                         testing::Values(Phase::open, Phase::revoked, Phase::promoting,
                                         Phase::switched),
                         [](const auto& at) { return std::string(to_string(at.param)); });

class WatchByHand : public Watch {
 protected:
  WatchByHand() : Watch(by_hand()) {}
  static Topology by_hand() {
    Topology topology = two_regions();
    topology.policy.automatic_failover = Automation::off;
    return topology;
  }
};

}  // namespace

TEST_F(Watch, over_a_quiet_day_starts_nothing) {
  begin();
  run_for(seconds(120));
  EXPECT_EQ(row(), 20);
  EXPECT_EQ(started(), 0U);
  EXPECT_TRUE(world_.alerts.all.empty());
}

TEST_F(Watch, fails_over_a_region_that_died_within_three_seconds) {
  begin();
  const BootTime died = world_.stage.boot();
  world_.kill(world_.north);
  ASSERT_TRUE(world_.stage.run_until([&] { return world_.writable(world_.south); }));
  EXPECT_LE(world_.stage.boot() - died, milliseconds(3200));
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  room_.expect_failed_over_once();
  EXPECT_EQ(world_.events.last("failover.started").fields.at("row"), 30);
  run_for(seconds(30));
  EXPECT_EQ(started(), 1U);
  EXPECT_EQ(row(), 20) << "south is well";
}

TEST_F(Watch, that_begins_with_the_platform_gives_its_region_the_time_to_come_up) {
  room_.settle();
  world_.north.path = false;  // its load balancer is the last to start
  sentry_ = &room_.start_sentry();
  run_for(seconds(8));
  EXPECT_EQ(started(), 0U);
  world_.north.path = true;
  run_for(seconds(60));
  EXPECT_EQ(started(), 0U);
}

TEST_F(Watch, that_begins_amid_an_outage_fails_over_once_its_patience_is_over) {
  room_.settle();
  world_.kill(world_.north);
  sentry_ = &room_.start_sentry();
  run_for(seconds(8));
  EXPECT_EQ(started(), 0U);
  run_for(seconds(10));
  EXPECT_EQ(started(), 1U);
}

TEST_F(Watch, fails_over_when_only_the_way_to_the_region_is_cut) {
  begin();
  world_.north.path = false;
  EXPECT_TRUE(world_.stage.run_until([&] { return world_.writable(world_.south); }, seconds(5)));
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  room_.expect_failed_over_once();
  EXPECT_EQ(world_.events.last("failover.started").fields.at("row"), 40);
}

TEST_F(Watch, fails_over_when_only_the_agent_is_gone) {
  begin();
  world_.north.stop_keeper();
  EXPECT_TRUE(world_.stage.run_until([&] { return world_.writable(world_.south); }, seconds(10)));
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  EXPECT_EQ(world_.events.last("failover.started").fields.at("row"), 80);
  EXPECT_FALSE(world_.writable(world_.north));
}

TEST_F(Watch, over_a_region_that_is_well_lets_vantages_look_by_themselves) {
  begin();
  const unsigned looks = world_.edge.looks, watches = world_.edge.watches;
  run_for(seconds(60));
  EXPECT_NEAR(world_.edge.looks - looks, 300U, 20U) << "one each 200 ms, as ever";
  EXPECT_NEAR(world_.edge.watches - watches, 75U, 8U) << "four looks each";
}

TEST_F(Watch, sees_a_region_that_falls_silent_as_soon_as_if_it_had_looked_by_turns) {
  begin();
  for (FakeVantage* vantage : {&world_.witness, &world_.edge, &world_.beside})
    vantage->unanswered = true;
  const BootTime silent = world_.stage.boot();
  ASSERT_TRUE(world_.stage.run_until([&] { return started() == 1; }, seconds(5)));
  const ProbeTiming& probe = world_.topology.probe;
  const Duration by_turns = probe.interval + probe.timeout + (probe.failures - 1) * probe.interval;
  EXPECT_LE(world_.stage.boot() - silent, by_turns + probe.interval);
}

TEST_F(Watch, waits_for_no_vantage_that_watches_once_another_sees_the_region_down) {
  begin();
  world_.beside.silent = true;  // whatever it may just be watching is late
  world_.kill(world_.north);
  const BootTime died = world_.stage.boot();
  EXPECT_TRUE(world_.stage.run_until([&] { return started() == 1; }, seconds(3)));
  EXPECT_LE(world_.stage.boot() - died, milliseconds(1100));
  world_.beside.silent = false;
  EXPECT_TRUE(world_.stage.run_until([&] { return world_.writable(world_.south); }, seconds(5)));
}

TEST_F(Watch, holds_when_one_vantage_is_cut_off) {
  begin();
  world_.witness.sees = [](const std::string&) { return Sighting{}; };
  run_for(seconds(60));
  EXPECT_EQ(started(), 0U);
  EXPECT_EQ(row(), 20);
}

TEST_F(Watch, holds_when_two_vantages_are_silent) {
  begin();
  world_.witness.silent = world_.edge.silent = true;
  world_.beside.sees = [](const std::string&) { return Sighting{}; };
  run_for(seconds(60));
  EXPECT_EQ(started(), 0U);
  EXPECT_EQ(row(), 10);
  EXPECT_GT(world_.alerts.count("health.10.1"), 0U);
}

TEST_F(Watch, holds_over_a_bad_deploy_and_tells_a_person) {
  begin();
  world_.north.services = false;
  run_for(seconds(60));
  EXPECT_EQ(started(), 0U);
  EXPECT_EQ(row(), 50);
  EXPECT_GT(world_.alerts.count("health.50.1"), 0U);
  EXPECT_TRUE(world_.writable(world_.north));
}

TEST_F(Watch, waits_for_a_database_that_restarts_in_place) {
  begin();
  world_.north.database.alive = false;
  run_for(seconds(6));
  EXPECT_EQ(row(), 60);
  world_.north.database.alive = true;
  run_for(seconds(60));
  EXPECT_EQ(started(), 0U);
  EXPECT_EQ(row(), 20);
}

TEST_F(Watch, asks_before_it_leaves_a_database_that_was_away_for_longer_than_the_lag_budget) {
  begin();
  world_.north.database.alive = false;
  EXPECT_TRUE(
      world_.stage.run_until([&] { return !room_.runner().questions().empty(); }, seconds(20)));
  EXPECT_EQ(world_.south.database.promotions, 0U);
  ASSERT_TRUE(room_.runner().answer({"failover-shop-1", "AskOperator"}, true, "grace"));
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  room_.expect_failed_over_once();
  EXPECT_EQ(world_.events.last("failover.started").fields.at("row"), 65);
}

TEST_F(Watch, and_the_active_region_go_on_while_the_registry_is_gone_since_the_standby_extends) {
  begin();
  for (FakeRegistry* way : {&world_.registry, &world_.north.registry, &world_.south.registry})
    way->cut(true);
  for (int second = 0; second < 60; ++second) {
    run_for(seconds(1));
    EXPECT_TRUE(world_.writable(world_.north)) << "after " << second << " s";
  }
  for (FakeRegistry* way : {&world_.registry, &world_.north.registry, &world_.south.registry})
    way->cut(false);
  run_for(seconds(30));
  EXPECT_EQ(started(), 0U);
  EXPECT_TRUE(world_.writable(world_.north));
}

TEST_F(Watch, tells_a_person_of_a_registry_that_is_silent_for_ten_seconds) {
  begin();
  world_.registry.cut(true);
  run_for(seconds(8));
  EXPECT_EQ(world_.alerts.count("registry.problem"), 0U);
  run_for(seconds(4));
  EXPECT_GT(world_.alerts.count("registry.problem"), 0U);
}

TEST_F(Watch, does_not_take_a_lease_for_over_that_the_standby_extends) {
  begin();
  world_.north.registry.cut(true);
  run_for(seconds(10));
  ASSERT_TRUE(world_.writable(world_.north));
  world_.north.path = false;  // shorter than what the table calls an outage
  run_for(milliseconds(250));
  world_.north.path = true;
  run_for(seconds(10));
  EXPECT_EQ(started(), 0U);
  EXPECT_TRUE(world_.writable(world_.north));
}

TEST_F(Watch, counts_on_no_promise_of_a_grantor_that_nobody_knows) {
  world_.record.record.grantors.emplace_back("somebody");
  begin();
  world_.north.registry.cut(true);
  run_for(seconds(20));
  EXPECT_TRUE(world_.writable(world_.north)) << "the standby extends it";
  EXPECT_EQ(started(), 0U);
}

TEST_F(Watch, starts_nothing_while_the_registry_is_gone_and_lets_the_holder_renew_first_after) {
  begin();
  world_.south.agent.extends.always = Fault::unreachable;
  world_.registry.cut(true);
  world_.north.registry.cut(true);
  world_.south.registry.cut(true);
  run_for(seconds(30));
  EXPECT_FALSE(world_.writable(world_.north)) << "it fenced itself";
  EXPECT_EQ(started(), 0U);
  EXPECT_NE(sentry_->view().registry_problem, "");
  world_.registry.cut(false);  // the sentry hears first that the lease was not renewed for long
  run_for(milliseconds(1800));
  EXPECT_EQ(started(), 0U);
  world_.north.registry.cut(false);
  world_.south.registry.cut(false);
  run_for(seconds(30));
  EXPECT_EQ(started(), 0U);
  EXPECT_TRUE(world_.writable(world_.north));
  EXPECT_EQ(row(), 20);
}

TEST_F(Watch, pauses_after_an_attempt_that_was_aborted_and_tries_again) {
  begin();
  world_.south.agent.agent = nullptr;  // there is no standby to promote
  world_.kill(world_.north);
  run_for(seconds(30));
  EXPECT_GE(started(), 2U);
  EXPECT_LE(started(), 11U) << "three seconds apart";
  EXPECT_EQ(world_.record.record.epoch, 1U);
  EXPECT_EQ(world_.south.database.promotions, 0U);
  world_.south.agent.agent = &world_.south.keeper();
  EXPECT_TRUE(world_.stage.run_until([&] { return world_.writable(world_.south); }, seconds(30)));
}

TEST_F(Watch, tries_again_after_an_attempt_that_could_not_even_take_the_lock) {
  begin();
  world_.kill(world_.north);
  // Everything but the sentry's own view of the record fails, for longer than the step is patient.
  world_.registry.replaces.always = Fault::refused;
  run_for(std::chrono::minutes(8));
  ASSERT_EQ(room_.journal.status_of("failover-shop-1"), "FAILED");
  world_.registry.replaces.always = Fault::none;
  EXPECT_TRUE(world_.stage.run_until([&] { return world_.writable(world_.south); }, seconds(30)));
}

TEST_F(PatientWatch, tries_again_after_a_controller_that_died_before_it_wrote_anything) {
  begin();
  room_.journal.on_append = [&] {
    room_.runner().stop();
    sentry_->stop();
    room_.journal.appends.next = {Fault::refused};
  };
  world_.kill(world_.north);
  run_for(seconds(5));
  room_.journal.on_append = nullptr;
  ASSERT_TRUE(room_.new_controller().resume_all());
  ASSERT_EQ(room_.journal.status_of("failover-shop-1"), "ABORTED");
  sentry_ = &room_.start_sentry();
  EXPECT_TRUE(world_.stage.run_until([&] { return world_.writable(world_.south); }, seconds(30)));
}

TEST_F(Watch, starts_one_failover_at_a_time_with_two_controllers) {
  begin();
  // A second controller with a journal of its own, which it should not have.
  FakeJournal second(world_.stage);
  Orchestrator orchestrator(world_);
  ExecutionRunner runner(orchestrator.orchestration, second);
  OperatorControls controls(orchestrator.orchestration, second);
  Sentry sentry(orchestrator.orchestration, runner, controls, failover_document());
  sentry.start();
  run_for(seconds(3));
  world_.kill(world_.north);
  EXPECT_TRUE(world_.stage.run_until([&] { return world_.writable(world_.south); }, seconds(10)));
  run_for(seconds(30));
  room_.expect_failed_over_once();
  EXPECT_FALSE(runner.any_running());
  EXPECT_FALSE(room_.runner().any_running());
  sentry.stop();
  runner.stop();
  room_.stop();
}

TEST_P(LostTransition, is_gone_on_with_wherever_it_stands) {
  begin();
  world_.kill(world_.north);
  // Another controller came so far, and its journal burnt with it.
  Record& record = world_.record.record;
  const auto change = [&](const Change& next) {
    ASSERT_TRUE(next);
    ASSERT_TRUE(std::holds_alternative<Record>(world_.record.replace(*next)));
  };
  change(opened(record, {TransitionKind::failover, "shop", "south"}, "o"));
  if (GetParam() >= Phase::revoked) change(revoked(record, "r"));
  if (GetParam() >= Phase::promoting) {
    run_for(world_.topology.lease.ttl + world_.topology.lease.margin);
    change(promoting(record, "p"));
  }
  if (GetParam() >= Phase::switched) {
    ASSERT_TRUE(world_.south.keeper().promote({1, 2}, world_.stage.boot() + seconds(1)));
    change(switched(record, "s"));
  }
  EXPECT_TRUE(world_.stage.run_until(
      [&] { return room_.journal.status_of("failover-shop-1-again-1") == "SUCCEEDED"; },
      seconds(60)));
  room_.expect_failed_over_once();
}

TEST_F(WatchByHand, tells_a_person_and_starts_nothing) {
  begin();
  world_.kill(world_.north);
  run_for(seconds(30));
  EXPECT_EQ(started(), 0U);
  EXPECT_EQ(row(), 30);
  EXPECT_FALSE(world_.alerts.all.empty());
  room_.expect_nothing_changed();
}

}  // namespace understudy::fake
