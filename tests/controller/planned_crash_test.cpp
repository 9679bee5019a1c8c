// Controller and agents die at every point of a switchover, a failback and a rejoin. It ends well,
// or waits visibly for a person; nothing is promoted twice, and nobody writes beside another.

#include "control_room.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;

constexpr const char* kSwitchover = "switchover-shop-1";

class PlannedCrash : public testing::TestWithParam<Fault> {
 protected:
  /// A switchover whose controller dies over its `at`th write. False: it ended before.
  static bool die_and_go_on(unsigned at) {
    ControlRoom room;
    room.settle();
    room.note_record();
    bool died = false;
    room.journal.on_append = [&] {
      if (room.journal.appends.calls != at) return;
      room.runner().stop();
      room.journal.appends.next = {GetParam()};
      died = true;
    };
    EXPECT_TRUE(room.desk().switchover({.who = "ada", .reason = "a test"}));
    (void)room.world.stage.run_until(
        [&] { return died || room.journal.status_of(kSwitchover) != "RUNNING"; }, seconds(60));
    if (!died) return false;
    room.world.stage.run_for(milliseconds(500));
    room.journal.on_append = nullptr;
    EXPECT_TRUE(room.new_controller().resume_all());
    (void)room.outcome(kSwitchover);
    expect_whole(room);
    return true;
  }

  /// One active region that may write, no transition open, at most one promotion.
  static void expect_whole(ControlRoom& room) {
    room.world.stage.run_for(seconds(5));
    const Record& record = room.world.record.record;
    EXPECT_EQ(record.transition.phase, Phase::none);
    FakeRegion& active = record.active == "north" ? room.world.north : room.world.south;
    EXPECT_TRUE(room.world.writable(active)) << record.active;
    EXPECT_TRUE(active.gate.is_open) << record.active;
    EXPECT_LE(room.world.south.database.promotions, 1U);
    EXPECT_EQ(room.world.south.database.promotions, record.active == "south" ? 1U : 0U);
  }
};

/// An agent that dies as a state is entered, and is started again a moment later.
class AgentCrash : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

}  // namespace

INSTANTIATE_TEST_SUITE_P(All, PlannedCrash, testing::Values(Fault::refused, Fault::answer_lost),
                         [](const auto& write) {
                           return write.param == Fault::refused ? "before_the_write"
                                                                : "after_the_write";
                         });

TEST_P(PlannedCrash, of_the_controller_at_every_write_of_a_switchover_leaves_one_writer) {
  unsigned at = 0;
  while (true) {
    SCOPED_TRACE("it dies over write " + std::to_string(at));
    if (HasFailure() || !die_and_go_on(at)) break;
    ++at;
  }
  EXPECT_GE(at, 15U);
}

INSTANTIATE_TEST_SUITE_P(
    All, AgentCrash,
    testing::Combine(testing::Values("north", "south"),
                     testing::Values("CheckSwitchover", "DrainRegion", "Fence",
                                     "CheckReplicationLag", "PassPointOfNoReturn",
                                     "PromoteDatabase", "SwitchActiveRegion", "PlanServices",
                                     "ConfirmTraffic", "VerifyRecovery", "CompleteTransition")),
    [](const auto& crash) { return std::get<0>(crash.param) + "_in_" + std::get<1>(crash.param); });

TEST_P(AgentCrash, amid_a_switchover_leaves_one_writer) {
  const auto& [name, state] = GetParam();
  ControlRoom room;
  room.settle();
  room.note_record();
  ASSERT_TRUE(room.desk().switchover({.who = "ada", .reason = "a test"}));
  ASSERT_TRUE(
      room.world.stage.run_until([&, &at = state] { return room.entered(at) > 0; }, seconds(30)));
  FakeRegion& dying = name == "north" ? room.world.north : room.world.south;
  dying.stop_keeper();
  room.world.stage.run_for(milliseconds(700));
  dying.start_keeper(room.world.topology, room.world.stage, room.world.random, room.world.events,
                     room.world.alerts);
  (void)room.outcome(kSwitchover);
  room.world.stage.run_for(seconds(10));
  const Record& record = room.world.record.record;
  EXPECT_EQ(record.transition.phase, Phase::none);
  EXPECT_TRUE(room.world.writable(record.active == "north" ? room.world.north : room.world.south))
      << record.active;
  EXPECT_LE(room.world.south.database.promotions, 1U);
}

TEST(RejoinCrash, of_the_agent_at_every_step_ends_with_an_attached_standby) {
  for (const std::string step : {"keep lost tail", "rewind", "start"}) {
    SCOPED_TRACE(step);
    ControlRoom room;
    room.settle();
    (void)room.start_sentry();
    (void)room.start_rejoin_watch();
    room.world.stage.run_for(seconds(3));
    FakeRegion& north = room.world.north;
    room.world.kill(north);
    ASSERT_TRUE(room.world.stage.run_until(
        [&] {
          const Record& record = room.world.record.record;
          return record.active == "south" && record.transition.phase == Phase::none;
        },
        seconds(60)));
    room.world.revive(north);
    ASSERT_TRUE(room.world.stage.run_until(
        [&] { return !north.rebuild.steps.empty() && north.rebuild.steps.back() == step; },
        seconds(60)));
    north.stop_keeper();
    room.world.stage.run_for(milliseconds(700));
    north.start_keeper(room.world.topology, room.world.stage, room.world.random, room.world.events,
                       room.world.alerts);
    EXPECT_TRUE(room.world.stage.run_until(
        [&] { return room.world.record.record.standby == "north"; }, std::chrono::minutes(5)));
    room.stop();
  }
}

TEST(RejoinCrash, of_the_controller_is_followed_by_the_end_of_the_rejoin) {
  ControlRoom room;
  room.settle();
  (void)room.start_sentry();
  (void)room.start_rejoin_watch();
  room.world.stage.run_for(seconds(3));
  room.world.kill(room.world.north);
  ASSERT_TRUE(room.world.stage.run_until(
      [&] {
        const Record& record = room.world.record.record;
        return record.active == "south" && record.transition.phase == Phase::none;
      },
      seconds(60)));
  room.world.revive(room.world.north);
  ASSERT_TRUE(
      room.world.stage.run_until([&] { return room.entered("RebuildStandby") > 0; }, seconds(60)));
  ASSERT_TRUE(room.new_controller().resume_all());
  EXPECT_TRUE(room.world.stage.run_until(
      [&] { return room.world.record.record.standby == "north"; }, std::chrono::minutes(2)));
}

}  // namespace understudy::fake
