// The controller dies at every point of a failover, just before and just after it has written
// something down. A new one goes on over the same journal: the failover ends, and nothing harmful
// happens twice. What the dead one had sent goes on in the world meanwhile.

#include "control_room.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;

/// How the region is lost, and how the journal's last write ended.
struct Crash {
  bool acknowledges;
  Fault last_write;
};

/// A new controller cannot know when the old lease ended, only that it has; what may be lost grows
/// with that. That a person is asked then is told elsewhere.
Topology patient() {
  Topology topology = two_regions();
  topology.policy.lag_budget = std::chrono::minutes(10);
  return topology;
}

class EveryCrash : public testing::TestWithParam<Crash> {
 protected:
  /// A failover whose controller dies over its `at`th write. False: it ended before.
  bool die_and_go_on(unsigned at, Duration away) {
    ControlRoom room(patient());
    room.settle();
    if (GetParam().acknowledges) {
      room.world.north.path = false;
    } else {
      room.world.kill(room.world.north);
      room.world.stage.run_for(seconds(1));
    }
    bool died = false;
    room.journal.on_append = [&] {
      if (room.journal.appends.calls != at) return;
      room.runner().stop();
      room.journal.appends.next = {GetParam().last_write};
      died = true;
    };
    EXPECT_TRUE(room.start());
    (void)room.world.stage.run_until(
        [&] { return died || room.journal.status_of("failover-shop-1") != "RUNNING"; },
        seconds(60));
    if (!died) return false;
    room.world.stage.run_for(away);
    room.journal.on_append = nullptr;
    EXPECT_TRUE(room.new_controller().resume_all());
    const bool nothing_written = at == 0 && GetParam().last_write == Fault::refused;
    EXPECT_EQ(room.outcome(), nothing_written ? "ABORTED" : "SUCCEEDED");
    if (nothing_written) {
      room.expect_nothing_changed();
    } else {
      room.expect_failed_over_once();
      EXPECT_GE(room.world.events.count("execution.ended"), 1U);
    }
    return true;
  }
  /// All of them. How many there were.
  unsigned at_every_write(Duration away) {
    unsigned at = 0;
    while (true) {
      SCOPED_TRACE("it dies over write " + std::to_string(at));
      if (HasFailure() || !die_and_go_on(at, away)) return at;
      ++at;
    }
  }
};

}  // namespace

INSTANTIATE_TEST_SUITE_P(
    All, EveryCrash,
    testing::Values(Crash{false, Fault::refused}, Crash{false, Fault::answer_lost},
                    Crash{true, Fault::refused}, Crash{true, Fault::answer_lost}),
    [](const auto& crash) {
      return std::string(crash.param.acknowledges ? "acknowledged" : "silent") +
             (crash.param.last_write == Fault::refused ? "_before_the_write" : "_after_the_write");
    });

TEST_P(EveryCrash, is_followed_by_the_end_of_the_failover_and_no_harmful_repetition) {
  EXPECT_GE(at_every_write(milliseconds(1)), 15U);
}

TEST_P(EveryCrash, of_a_controller_that_is_away_for_long_is_as_harmless) {
  EXPECT_GE(at_every_write(seconds(20)), 15U);
}

TEST(Crash, over_and_over_again_only_delays_the_failover) {
  ControlRoom room(patient());
  room.settle();
  room.world.kill(room.world.north);
  ASSERT_TRUE(room.start());
  for (int i = 0; i < 20; ++i) {
    room.world.stage.run_for(milliseconds(137));
    if (room.journal.status_of("failover-shop-1") != "RUNNING") break;
    ASSERT_TRUE(room.new_controller().resume_all());
  }
  EXPECT_EQ(room.outcome(), "SUCCEEDED");
  room.expect_failed_over_once();
}

TEST(Crash, does_not_revive_what_has_ended) {
  ControlRoom room(patient());
  room.settle();
  room.world.kill(room.world.north);
  ASSERT_TRUE(room.start());
  ASSERT_EQ(room.outcome(), "SUCCEEDED");
  const auto states = room.states();
  ASSERT_TRUE(room.new_controller().resume_all());
  room.world.stage.run_for(seconds(10));
  EXPECT_EQ(room.states(), states);
  EXPECT_FALSE(room.runner().any_running());
}

TEST(Crash, with_a_journal_that_makes_no_sense_is_told_and_nothing_is_done) {
  ControlRoom room(patient());
  room.settle();
  room.world.kill(room.world.north);
  ASSERT_TRUE(room.start());
  room.world.stage.run_for(milliseconds(500));
  room.journal.logs["failover-shop-1"][2] = "{\"id\": 3}";
  const auto states = room.states();
  const auto resumed = room.new_controller().resume_all();
  ASSERT_FALSE(resumed);
  EXPECT_THAT(resumed.error().what, testing::HasSubstr("failover-shop-1"));
  EXPECT_EQ(room.states(), states);
}

}  // namespace understudy::fake
