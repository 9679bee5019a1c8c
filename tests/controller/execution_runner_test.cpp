// The failover runs through its document and through nothing else.

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "control_room.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;

class Runner : public testing::Test {
 protected:
  void kill_north() {
    room_.settle();
    room_.note_record();
    room_.world.kill(room_.world.north);
    room_.world.stage.run_for(seconds(1));
  }
  static boost::json::object& state(boost::json::object& document, const char* name) {
    return document.at("States").at(name).as_object();
  }
  [[nodiscard]] Result<Done> start(const boost::json::object& document) {
    return room_.start(boost::json::serialize(document));
  }
  ControlRoom room_;
};

}  // namespace

TEST_F(Runner, fails_over_a_region_that_died_state_by_state) {
  kill_north();
  const BootTime began = room_.world.stage.boot();
  ASSERT_TRUE(room_.start());
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  room_.expect_failed_over_once();
  EXPECT_THAT(room_.states(),
              testing::ElementsAre("AcquireTransition", "PreviewLag", "ConfirmPrimaryDown", "Fence",
                                   "Fence", "CheckReplicationLag", "PassPointOfNoReturn",
                                   "PromoteDatabase", "SwitchActiveRegion", "PlanServices",
                                   "ConfirmTraffic", "ScaleService", "ScaleService",
                                   "ScaleSingleton", "VerifyRecovery", "CompleteTransition"));
  // The lease's end, from its first sight, is nearly all it costs.
  EXPECT_LE(room_.world.stage.boot() - began, milliseconds(3000));
  EXPECT_FALSE(room_.runner().any_running());
}

TEST_F(Runner, fails_over_at_once_when_the_old_region_acknowledges_the_fence) {
  room_.settle();
  room_.world.north.path = false;  // its load balancer died; all else is well
  const BootTime began = room_.world.stage.boot();
  ASSERT_TRUE(room_.start());
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  room_.expect_failed_over_once();
  EXPECT_EQ(room_.entered("Fence"), 1U);
  EXPECT_TRUE(room_.journalled("acknowledgement"));
  EXPECT_TRUE(room_.journalled("\\\"drained\\\":true")) << "and so nothing is lost";
  EXPECT_LE(room_.world.stage.boot() - began, milliseconds(2000));
  EXPECT_EQ(room_.world.north.compute.now["cron"], 0U);
}

TEST_F(Runner, aborts_when_a_fresh_look_shows_that_the_region_is_well) {
  room_.settle();
  ASSERT_TRUE(room_.start());
  EXPECT_EQ(room_.outcome(), "FAILED");
  room_.expect_nothing_changed();
  EXPECT_TRUE(room_.world.writable(room_.world.north));
  EXPECT_EQ(room_.world.events.last("execution.ended").fields.at("error"), "Understudy.Recovered");
  EXPECT_EQ(room_.entered("Fence"), 0U);
  EXPECT_EQ(room_.world.alerts.count("failover-shop-1.aborted"), 1U);
}

TEST_F(Runner,
       aborts_and_gives_the_lease_back_when_the_standby_dies_before_the_point_of_no_return) {
  room_.settle();
  room_.world.north.path = false;
  room_.world.events.on_emit = [&](const auto& event) {
    if (event.name == "region.fenced_off") room_.world.kill(room_.world.south);
  };
  ASSERT_TRUE(room_.start());
  EXPECT_EQ(room_.outcome(), "FAILED");
  room_.expect_nothing_changed();
  EXPECT_EQ(room_.world.record.record.term, 2U) << "it was revoked";
  room_.world.stage.run_for(seconds(1));
  EXPECT_TRUE(room_.world.writable(room_.world.north)) << "the fence is undone by the new term";
}

TEST_F(Runner, only_goes_forward_when_the_standby_dies_after_the_point_of_no_return) {
  kill_north();
  bool died = false;
  room_.world.events.on_emit = [&](const auto& event) {
    if (event.name != "transition.point_of_no_return" || std::exchange(died, true)) return;
    room_.world.kill(room_.world.south);
  };
  ASSERT_TRUE(room_.start());
  room_.world.stage.run_for(seconds(60));
  EXPECT_TRUE(room_.runner().running("failover-shop-1"));
  EXPECT_EQ(room_.world.record.record.transition.phase, Phase::promoting);
  EXPECT_EQ(room_.world.south.database.promotions, 0U);
  room_.world.revive(room_.world.south);
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  room_.expect_failed_over_once();
}

TEST_F(Runner, does_not_check_the_lag_once_that_state_is_deleted_from_the_document) {
  kill_north();
  auto document = failover_object();
  state(document, "IsItFenced").at("Choices").at(0).as_object()["Next"] = "PassPointOfNoReturn";
  for (const char* gone :
       {"CheckReplicationLag", "IsTheLossAccepted", "WaitForReplication", "AskOperator"})
    document.at("States").as_object().erase(gone);
  ASSERT_TRUE(start(document));
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  EXPECT_EQ(room_.entered("CheckReplicationLag"), 0U);
  EXPECT_EQ(room_.world.events.count("lag.within_budget"), 0U);
  room_.expect_failed_over_once();
}

TEST_F(Runner, aborts_when_the_document_passes_the_point_of_no_return_before_the_fence) {
  kill_north();
  auto document = failover_object();
  state(document, "PreviewLag")["Next"] = "PassPointOfNoReturn";
  state(document, "PassPointOfNoReturn")["Next"] = "Fence";
  state(document, "IsTheLossAccepted").at("Choices").at(0).as_object()["Next"] = "PromoteDatabase";
  state(document, "AskOperator")["Next"] = "PromoteDatabase";
  ASSERT_TRUE(start(document));
  EXPECT_EQ(room_.outcome(), "FAILED");
  EXPECT_EQ(room_.entered("Fence"), 0U);
  EXPECT_EQ(room_.entered("PassPointOfNoReturn"), 1U);
  EXPECT_TRUE(room_.journalled("Understudy.BadInput"));
  room_.expect_nothing_changed();
}

TEST_F(Runner, promotes_nothing_when_the_document_leaves_out_the_point_of_no_return) {
  kill_north();
  auto document = failover_object();
  for (const char* before : {"IsTheLossAccepted", "AskOperator"}) {
    auto& leads = state(document, before);
    if (auto* next = leads.if_contains("Next")) *next = "PromoteDatabase";
    if (auto* choices = leads.if_contains("Choices"))
      choices->at(0).as_object()["Next"] = "PromoteDatabase";
  }
  document.at("States").as_object().erase("PassPointOfNoReturn");
  ASSERT_TRUE(start(document));
  EXPECT_EQ(room_.outcome(), "FAILED");
  EXPECT_EQ(room_.world.south.database.promotions, 0U);
  EXPECT_EQ(room_.world.record.record.transition.phase, Phase::revoked);
}

TEST_F(Runner, promotes_nothing_when_the_document_does_not_wait_for_the_lease_to_end) {
  kill_north();
  auto document = failover_object();
  state(document, "IsItFenced")["Default"] = "Pretend";
  document.at("States").as_object().erase("WaitForLeaseEnd");
  document.at("States").as_object()["Pretend"] = boost::json::parse(
      R"({"Type": "Pass", "ResultPath": "$.fence", "Next": "PassPointOfNoReturn",
          "Result": {"fenced": true, "by": "lease_end", "term": 1}})");
  // By the World's own guard, a promotion while north may write is a failure; so is one before.
  ASSERT_TRUE(start(document));
  EXPECT_EQ(room_.outcome(), "SUCCEEDED") << "the step's own clock lets it pass when it is time";
  EXPECT_TRUE(room_.journalled("a lease of the old region may still be alive"));
  room_.expect_failed_over_once();
}

TEST_F(Runner, fails_a_task_that_names_no_step) {
  room_.settle();
  ASSERT_TRUE(room_.start(R"({"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
      "Resource": "arn:aws:lambda:::function:Dance"}}})"));
  EXPECT_EQ(room_.outcome(), "FAILED");
  EXPECT_TRUE(room_.journalled("Understudy.NoSuchStep"));
}

TEST_F(Runner, refuses_an_invalid_document_naming_the_place) {
  auto document = failover_object();
  state(document, "Fence")["Next"] = "Nowhere";
  const auto started = start(document);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().after, After::unchanged_final);
  EXPECT_THAT(started.error().what, testing::HasSubstr("/States/Fence/Next"));
  EXPECT_TRUE(room_.journal.entries.empty());
}

TEST_F(Runner, refuses_a_name_that_was_used) {
  kill_north();
  ASSERT_TRUE(room_.start());
  const auto again = room_.start();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().after, After::unchanged_final);
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  EXPECT_FALSE(room_.start());
  room_.expect_failed_over_once();
}

TEST_F(Runner, writes_every_state_down_before_it_runs_it) {
  kill_north();
  room_.world.events.on_emit = [&](const auto& event) {
    if (event.name != "state.entered") return;
    const std::string name(event.fields.at("state").as_string());
    EXPECT_TRUE(room_.journalled("\"name\":\"" + name + "\"")) << name;
    EXPECT_THAT(room_.journal.logs["failover-shop-1"].back(),
                testing::AnyOf(testing::HasSubstr("Scheduled"), testing::HasSubstr("Started"),
                               testing::HasSubstr("Entered")))
        << name;
  };
  ASSERT_TRUE(room_.start());
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
}

TEST_F(Runner, waits_no_longer_when_the_wall_clock_is_put_back) {
  kill_north();
  ASSERT_TRUE(room_.start());
  ASSERT_TRUE(room_.world.stage.run_until([&] { return room_.entered("Fence") == 1; }, seconds(5)));
  room_.world.stage.run_for(milliseconds(200));
  room_.world.stage.shift_wall(-std::chrono::hours(1));
  EXPECT_TRUE(room_.world.stage.run_until([&] { return room_.entered("CheckReplicationLag") == 1; },
                                          seconds(5)));
}

TEST_F(Runner, is_held_up_by_a_journal_that_fails_and_says_so) {
  kill_north();
  room_.journal.appends.always = Fault::refused;
  ASSERT_TRUE(room_.start());
  room_.world.stage.run_for(seconds(20));
  EXPECT_TRUE(room_.states().empty());
  EXPECT_EQ(room_.world.record.record.transition.phase, Phase::none);
  EXPECT_GT(room_.world.alerts.count("failover-shop-1.journal"), 0U);
  EXPECT_TRUE(room_.runner().running("failover-shop-1"));
  room_.journal.appends.always = Fault::none;
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  room_.expect_failed_over_once();
}

}  // namespace understudy::fake
