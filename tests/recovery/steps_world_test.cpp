// The steps that look at regions and bring them up.

#include <boost/json/serialize.hpp>

#include "base/time.h"
#include "tests/recovery/step_story.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;

class Lag : public StepStory {
 protected:
  Lag() {
    until(Phase::revoked);
    ended_ = world_.stage.wall();
    fenced_without_log_end();
  }
  void fenced_without_log_end() {
    input_["fence"] = {{"fenced", true}, {"by", "lease_end"}, {"ended_at", format_wall(ended_)}};
  }
  void fenced_with_log_end(WalPosition end) {
    fenced_without_log_end();
    input_["fence"].as_object()["log_end"] = end;
  }
  DatabaseState& standby() { return *south_.now.database; }
  void policy(OverBudget over) {
    const_cast<Topology&>(world_.topology).policy.over_budget = over;  // NOLINT: a test's own world
  }
  [[nodiscard]] Duration budget() const { return world_.topology.policy.lag_budget; }

  WallTime ended_;
};

using Confirm = StepStory;
using Services = StepStory;
using Traffic = StepStory;
using Verify = StepStory;
using Ask = StepStory;

}  // namespace

TEST_F(Lag, within_the_budget_goes_on) {
  standby().newest_commit =
      WallTime(std::chrono::floor<milliseconds>(ended_.time_since_epoch())) - budget();
  const auto output = must(check_replication_lag);
  EXPECT_EQ(output.at("within_budget"), true);
  EXPECT_EQ(output.at("action"), "go_on");
  EXPECT_EQ(output.at("lag_ms"), to_ms(budget()));
}

TEST_F(Lag, over_the_budget_does_what_the_policy_says) {
  standby().newest_commit = ended_ - budget() - milliseconds(1);
  for (const auto& [over, action] :
       {std::pair{OverBudget::ask, "ask"}, std::pair{OverBudget::wait, "wait"},
        std::pair{OverBudget::go_on, "go_on"}}) {
    policy(over);
    const auto output = must(check_replication_lag);
    EXPECT_EQ(output.at("within_budget"), false);
    EXPECT_EQ(output.at("action"), action);
  }
}

TEST_F(Lag, that_nobody_knows_is_over_the_budget) {
  standby().newest_commit.reset();
  const auto output = must(check_replication_lag);
  EXPECT_EQ(output.at("within_budget"), false);
  EXPECT_EQ(output.at("action"), "ask");
  EXPECT_EQ(output.if_contains("lag_ms"), nullptr);
}

TEST_F(Lag, of_a_standby_that_has_the_whole_log_is_nothing_however_old_its_newest_commit) {
  fenced_with_log_end(1000);
  standby().newest_commit = ended_ - std::chrono::hours(2);
  const auto output = must(check_replication_lag);
  EXPECT_EQ(output.at("drained"), true);
  EXPECT_EQ(output.at("lag_ms"), 0);
  EXPECT_EQ(output.at("action"), "go_on");
}

TEST_F(Lag, of_a_database_that_somebody_promoted_by_hand_is_not_known) {
  fenced_with_log_end(1000);
  standby().role = DatabaseRole::primary;
  standby().newest_commit = ended_;
  const auto output = must(check_replication_lag);
  EXPECT_EQ(output.at("drained"), false);
  EXPECT_EQ(output.if_contains("lag_ms"), nullptr);
  EXPECT_EQ(output.at("action"), "ask");
}

TEST_F(Lag, by_clocks_that_disagree_is_not_believed) {
  standby().newest_commit = ended_ + seconds(1);
  const auto output = must(check_replication_lag);
  EXPECT_EQ(output.if_contains("lag_ms"), nullptr);
  EXPECT_EQ(output.at("action"), "ask");
}

TEST_F(Lag, of_a_standby_that_lacks_the_end_of_the_log_is_judged_by_time) {
  fenced_with_log_end(1001);
  standby().streaming = false;
  standby().newest_commit = ended_ - budget() - seconds(1);
  const BootTime began = now();
  const auto output = must(check_replication_lag);
  EXPECT_EQ(output.at("drained"), false);
  EXPECT_EQ(output.at("action"), "ask");
  EXPECT_LT(now() - began, milliseconds(100)) << "nothing more will come";
}

TEST_F(Lag, is_judged_once_the_standby_has_replayed_what_it_received) {
  standby().written = 2000;
  standby().newest_commit = ended_ - budget() - seconds(1);
  world_.stage.spawn("replay", [this] {
    world_.stage.run_for(milliseconds(500));
    standby().replayed = 2000;
    standby().newest_commit = ended_ - milliseconds(10);
  });
  const auto output = must(check_replication_lag);
  EXPECT_EQ(output.at("within_budget"), true);
}

TEST_F(Lag, within_the_budget_does_not_wait_for_the_half_record_that_a_killed_primary_left) {
  standby().written = standby().replayed + 20;
  standby().newest_commit = ended_ - budget() / 2;
  const BootTime began = now();
  EXPECT_EQ(must(check_replication_lag).at("action"), "go_on");
  EXPECT_LE(now() - began, milliseconds(200));
}

TEST_F(Lag, within_the_budget_waits_while_the_log_moves) {
  standby().written = 2000;
  standby().newest_commit = ended_ - budget() / 2;
  world_.stage.spawn("replay", [this] {
    for (WalPosition replayed = 1100; replayed < 2000; replayed += 100) {
      world_.stage.run_for(milliseconds(60));
      standby().replayed = replayed;
    }
    standby().newest_commit = ended_ - milliseconds(10);
    standby().replayed = 2000;
  });
  EXPECT_EQ(must(check_replication_lag).at("lag_ms"), 10);
}

TEST_F(Lag, is_judged_after_two_seconds_when_replay_does_not_end) {
  standby().written = 2000;
  standby().newest_commit = ended_ - budget() - seconds(1);
  const BootTime began = now();
  EXPECT_EQ(must(check_replication_lag).at("action"), "ask");
  EXPECT_LE(now() - began, milliseconds(2100));
}

TEST_F(Lag, is_not_judged_before_the_fence) {
  input_["fence"] = {{"fenced", false}, {"asked", true}};
  EXPECT_EQ(error_of(check_replication_lag), kBadInput);
  input_["fence"] = {{"fenced", true}};
  EXPECT_EQ(error_of(check_replication_lag), kBadInput);
}

TEST_F(Lag, of_a_standby_that_does_not_answer_is_not_judged) {
  south_.now.database.reset();
  EXPECT_EQ(error_of(check_replication_lag), kTargetUnavailable);
  EXPECT_EQ(error_of(preview_lag), kTargetUnavailable);
  world_.south.agent.agent = nullptr;
  EXPECT_EQ(error_of(check_replication_lag), kTargetUnavailable);
  EXPECT_EQ(error_of(preview_lag), kTargetUnavailable);
}

TEST_F(Lag, is_previewed_without_a_verdict) {
  standby().newest_commit = world_.stage.wall() - seconds(7);
  auto output = must(preview_lag);
  EXPECT_EQ(output.at("known"), true);
  EXPECT_GE(output.at("lag_ms").as_int64(), 7000);
  standby().newest_commit.reset();
  output = must(preview_lag);
  EXPECT_EQ(output.at("known"), false);
}

TEST_F(Confirm, agrees_that_a_region_is_down_by_a_majority_of_fresh_looks) {
  until(Phase::open);
  const auto down = [](const std::string&) { return Sighting{}; };
  world_.witness.sees = world_.edge.sees = down;
  const auto output = must(confirm_primary_down);
  EXPECT_EQ(output.at("confirmed"), true);
  EXPECT_EQ(output.at("row"), 30);
}

TEST_F(Confirm, disagrees_when_only_one_vantage_sees_it_down) {
  until(Phase::open);
  const auto well = [](const std::string&) { return Sighting{true, true, true, true, ""}; };
  world_.edge.sees = world_.beside.sees = well;
  world_.witness.sees = [](const std::string&) { return Sighting{}; };
  const auto output = must(confirm_primary_down);
  EXPECT_EQ(output.at("confirmed"), false);
  EXPECT_EQ(output.at("row"), 20);
}

TEST_F(Confirm, takes_a_silent_vantage_for_no_vote_and_does_not_wait_for_it_long) {
  until(Phase::open);
  const auto down = [](const std::string&) { return Sighting{}; };
  world_.witness.sees = world_.edge.sees = world_.beside.sees = down;
  world_.edge.silent = world_.beside.silent = true;
  const BootTime began = now();
  auto output = must(confirm_primary_down);
  EXPECT_EQ(output.at("confirmed"), false);
  EXPECT_EQ(output.at("row"), 10);
  EXPECT_LE(now() - began, seconds(2)) << "asked again, but not for ever";
  world_.edge.silent = false;
  output = must(confirm_primary_down);
  EXPECT_EQ(output.at("confirmed"), true) << "two of three";
}

TEST_F(Confirm, looks_only_for_its_own_transition) {
  until(Phase::open);
  input_["number"] = 2;
  EXPECT_EQ(error_of(confirm_primary_down), kTransitionLost);
}

TEST_F(Services, are_planned_with_singletons_last) {
  const auto output = must(plan_services);
  EXPECT_EQ(boost::json::serialize(output),
            R"({"first":[{"service":"web","count":2},{"service":"worker","count":1}],)"
            R"("singletons":[{"service":"cron","count":1}]})");
}

TEST_F(Services, are_scaled_by_order_to_the_target_and_again_without_harm) {
  input_ = {{"target", "south"}, {"epoch", 2}, {"service", "web"}, {"count", 2}};
  must(scale_service);
  must(scale_service);
  EXPECT_THAT(world_.south.agent.orders, testing::ElementsAre("scale web 2", "scale web 2"));
  EXPECT_EQ(south_.now.running["web"], 2U);
  world_.south.agent.scales.next = {Fault::answer_lost};
  EXPECT_EQ(error_of(scale_service), kNotYet);
  input_["epoch"] = 0;
  EXPECT_EQ(error_of(scale_service), kBadInput);
  input_["epoch"] = 2;
  input_["target"] = "west";
  EXPECT_EQ(error_of(scale_service), kBadInput);
}

TEST_F(Traffic, is_confirmed_once_the_target_serves_it) {
  until(Phase::switched);
  std::optional<std::string> serving;
  world_.ingress.serving = [&] { return serving; };
  world_.stage.spawn("move", [&] {
    world_.stage.run_for(seconds(1));
    serving = "south";
  });
  const BootTime began = now();
  must(confirm_traffic);
  EXPECT_LE(now() - began, milliseconds(1050));
  serving = "north";
  EXPECT_EQ(error_of(confirm_traffic), kNotYet);
}

TEST_F(Traffic, is_not_waited_for_once_the_transition_is_lost) {
  until(Phase::switched);
  world_.ingress.serving = [] { return "north"; };
  Record another = world_.record.record;
  another.transition.number = 7;
  world_.record.force(another);
  const BootTime began = now();
  EXPECT_EQ(error_of(confirm_traffic), kTransitionLost);
  EXPECT_LE(now() - began, milliseconds(100));
}

TEST_F(Verify, writes_and_reads_as_a_user_does_and_counts_the_singletons) {
  until(Phase::switched);
  world_.ingress.serving = [] { return "south"; };
  north_.now.writable = false;
  south_.now.running = {{"web", 2}, {"cron", 0}};
  EXPECT_EQ(error_of(verify_recovery), kNotYet) << "no cron";
  south_.now.running["cron"] = 2;
  EXPECT_EQ(error_of(verify_recovery), kNotYet) << "two crons";
  south_.now.running["cron"] = 1;
  EXPECT_EQ(must(verify_recovery).at("old_region"), "fenced");
  EXPECT_EQ(world_.ingress.marks.back(), 1U);
  world_.north.agent.agent = nullptr;
  EXPECT_EQ(must(verify_recovery).at("old_region"), "unreachable");
}

TEST_F(Verify, is_not_content_while_the_old_region_may_write) {
  until(Phase::switched);
  world_.ingress.serving = [] { return "south"; };
  south_.now.running["cron"] = 1;
  north_.now.writable = true;
  EXPECT_EQ(error_of(verify_recovery), kNotYet);
}

TEST_F(Verify, is_not_content_while_nobody_can_write) {
  until(Phase::switched);
  world_.ingress.serving = [] { return std::nullopt; };
  EXPECT_EQ(error_of(verify_recovery), kNotYet);
}

TEST_F(Ask, tells_a_person_what_may_be_lost) {
  input_["lag"] = {{"lag_ms", 4200}};
  must(ask_operator);
  ASSERT_EQ(world_.alerts.count("failover-shop-1.approval"), 1U);
  EXPECT_THAT(world_.alerts.all.back().done, testing::HasSubstr("4.2 s"));
  input_["lag"] = boost::json::object();
  EXPECT_THAT(std::string(must(ask_operator).at("question").as_string()),
              testing::HasSubstr("an unknown amount of time"));
}

}  // namespace understudy::fake
