// There and back: a region that was left becomes the standby, planned moves lose nothing, and
// nothing goes home without a yes.

#include <algorithm>

#include "control_room.h"
#include "recovery/record_changes.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;

class RoundTrip : public testing::Test {
 protected:
  RoundTrip() {
    room_.settle();
    (void)room_.start_sentry();
    (void)room_.start_rejoin_watch();
    run_for(seconds(3));
  }
  ~RoundTrip() override { room_.stop(); }

  void run_for(Duration length) { world_.stage.run_for(length); }
  [[nodiscard]] const Record& record() const { return world_.record.record; }
  [[nodiscard]] bool until(const std::function<bool()>& so, Duration limit = seconds(60)) {
    return world_.stage.run_until(so, limit);
  }
  /// North dies, south takes over, north returns as it was.
  void fail_over() {
    world_.kill(world_.north);
    ASSERT_TRUE(until(
        [&] { return record().active == "south" && record().transition.phase == Phase::none; }));
    world_.revive(world_.north);
  }
  void fail_over_and_rejoin() {
    fail_over();
    ASSERT_TRUE(until([&] { return record().standby == "north"; }));
    run_for(seconds(3));
  }
  [[nodiscard]] std::string switch_over(bool ungraceful = false) {
    const auto begun =
        room_.desk().switchover({.who = "ada", .reason = "a test", .ungraceful = ungraceful});
    EXPECT_TRUE(begun) << begun.error().what;
    return begun ? *begun : "";
  }
  [[nodiscard]] bool asks(const std::string& execution) {
    const auto questions = room_.runner().questions();
    return std::any_of(questions.begin(), questions.end(),
                       [&](const auto& question) { return question.execution == execution; });
  }

  ControlRoom room_;
  World& world_ = room_.world;
};

}  // namespace

TEST_F(RoundTrip, region_that_was_left_is_rebuilt_as_the_standby_and_attached) {
  fail_over_and_rejoin();
  EXPECT_THAT(world_.north.rebuild.steps,
              testing::ElementsAre("keep lost tail", "rewind", "start"));
  EXPECT_EQ(world_.north.database.now.role, DatabaseRole::standby);
  EXPECT_FALSE(record().lease.endless);
  EXPECT_THAT(record().grantors, testing::Contains("north"));
  EXPECT_TRUE(world_.writable(world_.south));
}

TEST_F(RoundTrip, region_that_cannot_be_rewound_is_copied) {
  world_.north.rebuild.rewinds.always = Fault::refused;
  fail_over_and_rejoin();
  EXPECT_THAT(world_.north.rebuild.steps, testing::ElementsAre("keep lost tail", "copy", "start"));
}

TEST_F(RoundTrip, what_attaches_a_region_falls_to_a_conflict_once_it_is_overwritten) {
  world_.north.rebuild.tails.always = Fault::unreachable;
  fail_over();
  run_for(seconds(5));
  // Of changes that are no renewals.
  const auto others = [&] { return record().version - record().lease.serial; };
  const auto before = others();
  world_.north.rebuild.rewinds.always = Fault::unreachable;
  world_.north.rebuild.tails.always = Fault::none;
  ASSERT_TRUE(until([&] { return !world_.north.rebuild.steps.empty(); }, std::chrono::minutes(5)));
  run_for(seconds(2));
  EXPECT_EQ(world_.north.rebuild.steps, std::vector<std::string>{"keep lost tail"});
  EXPECT_EQ(others(), before + 1);
}

TEST_F(RoundTrip, database_is_started_again_if_it_may_not_be_overwritten_after_all) {
  fail_over();
  // Attached just before the record is moved on.
  world_.north.registry.before_next_replace = [&] {
    world_.record.record = attached(record(), "north", "late").value();
  };
  ASSERT_TRUE(until([&] { return !world_.north.rebuild.steps.empty(); }, std::chrono::minutes(5)));
  run_for(seconds(2));
  EXPECT_THAT(world_.north.rebuild.steps, testing::ElementsAre("keep lost tail", "start"));
}

TEST_F(RoundTrip, nothing_is_overwritten_before_what_was_lost_is_kept) {
  world_.north.rebuild.tails.always = Fault::unreachable;
  fail_over();
  run_for(seconds(120));
  EXPECT_TRUE(world_.north.rebuild.steps.empty());
  EXPECT_GE(world_.alerts.count("rejoin.failed.north"), 1U);
  world_.north.rebuild.tails.always = Fault::none;
  EXPECT_TRUE(until([&] { return record().standby == "north"; }, std::chrono::minutes(5)));
}

TEST_F(RoundTrip, region_that_was_left_is_not_rebuilt_by_itself_if_people_want_it_so) {
  Topology topology = two_regions();
  topology.policy.automatic_rejoin = false;
  ControlRoom other(topology);
  other.settle();
  (void)other.start_sentry();
  RejoinWatch& watch = other.start_rejoin_watch();
  other.world.stage.run_for(seconds(3));
  other.world.kill(other.world.north);
  other.world.stage.run_for(seconds(20));
  other.world.revive(other.world.north);
  other.world.stage.run_for(seconds(60));
  EXPECT_TRUE(other.world.north.rebuild.steps.empty());
  const auto begun = watch.begin({.who = "ada", .reason = "new disks", .copy = true});
  ASSERT_TRUE(begun) << begun.error().what;
  EXPECT_EQ(other.world.events.last("rejoin.started").fields.at("reason"), "new disks");
  other.world.stage.run_for(seconds(30));
  EXPECT_EQ(other.world.record.record.standby, "north");
  EXPECT_THAT(other.world.north.rebuild.steps, testing::Contains("copy"));
}

TEST_F(RoundTrip, active_region_is_never_rebuilt) {
  const auto refused =
      world_.north.keeper().rebuild({.epoch = 1}, world_.stage.boot() + seconds(1));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, testing::HasSubstr("active"));
}

TEST_F(RoundTrip, attached_standby_is_never_rebuilt) {
  const auto refused =
      world_.south.keeper().rebuild({.epoch = 1}, world_.stage.boot() + seconds(1));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, testing::HasSubstr("attached"));
}

TEST_F(RoundTrip, switchover_moves_the_active_region_and_loses_nothing) {
  const std::string execution = switch_over();
  EXPECT_EQ(room_.outcome(execution), "SUCCEEDED");
  EXPECT_EQ(record().active, "south");
  EXPECT_EQ(record().epoch, 2U);
  EXPECT_TRUE(world_.writable(world_.south));
  EXPECT_FALSE(world_.writable(world_.north));
  EXPECT_TRUE(room_.journalled("acknowledgement", execution));
  ASSERT_TRUE(until([&] { return record().standby == "north"; })) << "and it comes back by itself";
}

TEST_F(RoundTrip, switchover_lets_no_new_requests_in_before_it_fences) {
  const std::string execution = switch_over();
  bool drained_first = false;
  world_.events.on_emit = [&](const FakeEvents::Event& event) {
    if (event.name == "lease.revoked") drained_first = !world_.north.gate.is_open;
  };
  EXPECT_EQ(room_.outcome(execution), "SUCCEEDED");
  EXPECT_TRUE(drained_first);
}

/// Its load balancer takes a moment to see that the services are not ready any more, and the edge
/// would send it what waits for the other region.
TEST_F(RoundTrip, region_left_by_a_switchover_lets_nothing_in_until_it_is_active_again) {
  EXPECT_EQ(room_.outcome(switch_over()), "SUCCEEDED");
  unsigned open = 0;
  EXPECT_TRUE(until([&] {
    open += world_.north.gate.is_open ? 1 : 0;
    return record().standby == "north";
  }));
  run_for(seconds(3));
  EXPECT_EQ(open, 0U);
  EXPECT_FALSE(world_.north.gate.is_open);
  EXPECT_TRUE(world_.south.gate.is_open);
  EXPECT_EQ(room_.outcome(switch_over()), "SUCCEEDED");
  EXPECT_EQ(record().active, "north");
  EXPECT_TRUE(world_.north.gate.is_open);
  EXPECT_FALSE(world_.south.gate.is_open);
}

TEST_F(RoundTrip, switchover_without_the_last_write_on_the_target_is_aborted) {
  world_.events.on_emit = [&](const FakeEvents::Event& event) {
    if (event.name == "region.drained") {
      world_.north.database.standby_receives = false;
      world_.north.database.now.written += 100;
    }
  };
  const std::string execution = switch_over();
  EXPECT_EQ(room_.outcome(execution), "FAILED");
  EXPECT_EQ(record().active, "north");
  EXPECT_EQ(world_.south.database.promotions, 0U);
  run_for(seconds(3));
  EXPECT_TRUE(world_.writable(world_.north)) << "it goes on as before";
  EXPECT_TRUE(world_.north.gate.is_open);
}

TEST_F(RoundTrip, switchover_without_the_acknowledgement_is_aborted) {
  world_.north.agent.fences.always = Fault::answer_lost;
  const std::string execution = switch_over();
  EXPECT_EQ(room_.outcome(execution), "FAILED");
  EXPECT_EQ(record().active, "north");
  EXPECT_EQ(record().term, 2U);
  run_for(seconds(3));
  EXPECT_TRUE(world_.writable(world_.north));
}

TEST_F(RoundTrip,
       ungraceful_switchover_goes_on_without_the_acknowledgement_once_the_lease_is_over) {
  world_.north.agent.fences.always = Fault::answer_lost;
  const std::string execution = switch_over(true);
  EXPECT_EQ(room_.outcome(execution), "SUCCEEDED");
  EXPECT_EQ(record().active, "south");
}

TEST_F(RoundTrip, switchover_needs_a_standby_that_streams) {
  world_.south.database.now.streaming = false;
  const std::string execution = switch_over();
  EXPECT_EQ(room_.outcome(execution), "FAILED");
  EXPECT_EQ(record().active, "north");
  EXPECT_FALSE(record().lease.revoked);
}

TEST_F(RoundTrip, failback_changes_nothing_before_a_person_says_yes) {
  fail_over_and_rejoin();
  const auto planned = room_.desk().plan_failback({.who = "ada", .reason = "home again"});
  ASSERT_TRUE(planned) << planned.error().what;
  run_for(std::chrono::minutes(30));
  EXPECT_EQ(record().active, "south");
  EXPECT_EQ(record().transition.phase, Phase::none);
  ASSERT_TRUE(asks(*planned));
  ASSERT_TRUE(room_.runner().answer({*planned, "AskToStart"}, true, "grace"));
  EXPECT_EQ(room_.outcome(*planned), "SUCCEEDED");
  EXPECT_EQ(record().active, "north");
  EXPECT_EQ(record().epoch, 3U);
  EXPECT_TRUE(room_.journalled("grace", *planned)) << "who approved is recorded";
}

TEST_F(RoundTrip, failback_that_nobody_answers_lapses) {
  fail_over_and_rejoin();
  const auto planned = room_.desk().plan_failback({.who = "ada", .reason = ""});
  ASSERT_TRUE(planned);
  run_for(std::chrono::minutes(61));
  EXPECT_EQ(room_.journal.status_of(*planned), "FAILED");
  EXPECT_FALSE(room_.runner().answer({*planned, "AskToStart"}, true, "grace"))
      << "the yes came too late";
  EXPECT_EQ(record().active, "south");
}

TEST_F(RoundTrip, failback_that_waits_for_an_answer_does_not_hold_up_a_failover) {
  fail_over_and_rejoin();
  const auto planned = room_.desk().plan_failback({.who = "ada", .reason = ""});
  ASSERT_TRUE(planned);
  ASSERT_TRUE(room_.controls().acknowledge("ada", record().epoch));
  run_for(std::chrono::hours(2));  // policy.failover_interval_min
  const auto again = room_.desk().plan_failback({.who = "ada", .reason = ""});
  ASSERT_TRUE(again) << again.error().what;
  run_for(seconds(5));
  world_.kill(world_.south);
  ASSERT_TRUE(until([&] { return record().active == "north"; }));
  ASSERT_TRUE(room_.runner().answer({*again, "AskToStart"}, true, "grace"));
  EXPECT_EQ(room_.outcome(*again), "FAILED") << "north is active already";
}

TEST_F(RoundTrip, failback_from_the_home_region_is_refused) {
  const auto refused = room_.desk().plan_failback({.who = "ada", .reason = ""});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, testing::HasSubstr("home"));
}

TEST_F(RoundTrip, forced_failover_leaves_a_region_that_is_well_but_never_without_the_fence) {
  const auto begun = room_.desk().force_failover({.who = "ada", .reason = "the cable is on fire"});
  ASSERT_TRUE(begun) << begun.error().what;
  EXPECT_EQ(room_.outcome(*begun), "SUCCEEDED");
  EXPECT_EQ(record().active, "south");
  EXPECT_EQ(world_.events.count("region.fenced_off"), 1U);
  EXPECT_EQ(world_.events.count("primary.left_by_force"), 1U);
}

TEST_F(RoundTrip, forced_failover_needs_a_reason) {
  EXPECT_FALSE(room_.desk().force_failover({.who = "ada", .reason = ""}));
}

TEST_F(RoundTrip, goes_on_as_often_as_one_likes) {
  for (std::uint64_t trip = 1; trip <= 5; ++trip) {
    for (const std::string target : {"south", "north"}) {
      ASSERT_TRUE(until([&] { return record().standby == target; })) << trip;
      run_for(seconds(2));
      EXPECT_EQ(room_.outcome(switch_over()), "SUCCEEDED") << trip;
      EXPECT_EQ(record().active, target);
    }
  }
  EXPECT_EQ(record().epoch, 11U);
}

}  // namespace understudy::fake
