// The stage that other tests stand on.

#include "stage.h"

#include <gmock/gmock.h>

namespace understudy::fake {

namespace {
using std::chrono::seconds;
}

TEST(Stage, lets_time_pass_only_when_everybody_waits) {
  Stage stage;
  const BootTime start = stage.boot();
  std::vector<std::string> said;
  const auto say_at = [&](const std::string& what, Duration after) {
    stage.spawn("speaker", [&, what, after] {
      stage.sleep_until(start + after);
      said.push_back(what + " " + std::to_string(to_ms(stage.boot() - start)));
    });
  };
  say_at("late", milliseconds(20));
  say_at("early", milliseconds(10));
  say_at("now", milliseconds(0));
  EXPECT_EQ(stage.boot(), start);
  stage.run_for(seconds(3));
  EXPECT_THAT(said, testing::ElementsAre("now 0", "early 10", "late 20"));
  EXPECT_EQ(stage.boot(), start + seconds(3));
}

TEST(Stage, keeps_a_notification_that_comes_before_the_wait_and_makes_several_one) {
  Stage stage;
  const auto signal = stage.signal();
  signal->notify();
  signal->notify();
  const BootTime start = stage.boot();
  EXPECT_TRUE(signal->wait_until(start + seconds(1)));
  EXPECT_EQ(stage.boot(), start);
  EXPECT_FALSE(signal->wait_until(start + seconds(1)));
  EXPECT_EQ(stage.boot(), start + seconds(1));
}

TEST(Stage, wakes_a_waiting_task_at_the_instant_it_is_notified) {
  Stage stage;
  const BootTime start = stage.boot();
  const auto signal = stage.signal();
  BootTime woken{};
  stage.spawn("sleeper", [&] {
    EXPECT_TRUE(signal->wait_until(start + seconds(60)));
    woken = stage.boot();
  });
  stage.run_for(seconds(2));
  signal->notify();
  stage.run_for(milliseconds(1));
  EXPECT_EQ(woken, start + seconds(2));
}

TEST(Stage, runs_tasks_that_tasks_spawn_to_their_end) {
  int ended = 0;
  {
    Stage stage;
    stage.spawn("outer", [&] {
      stage.run_for(seconds(1));
      stage.spawn("inner", [&] {
        stage.run_for(seconds(1));
        ++ended;
      });
      ++ended;
    });
  }
  EXPECT_EQ(ended, 2);
}

TEST(Stage, moves_the_wall_clock_alone_when_told) {
  Stage stage;
  const BootTime boot = stage.boot();
  const WallTime wall = stage.wall();
  stage.shift_wall(seconds(-30));
  EXPECT_EQ(stage.boot(), boot);
  EXPECT_EQ(stage.wall(), wall - seconds(30));
}

}  // namespace understudy::fake
