// A region that may write and cannot is told of, and left where it is.

#include "controller/writer_watch.h"

#include "control_room.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;

class Writer : public testing::Test {
 protected:
  Writer() : watch_(room_.orchestration()) {
    room_.settle();
    watch_.start();
    run_for(seconds(3));
  }
  ~Writer() override {
    watch_.stop();
    run_for(seconds(2));
  }
  void run_for(Duration length) { world_.stage.run_for(length); }

  ControlRoom room_;
  World& world_ = room_.world;
  WriterWatch watch_;
};

}  // namespace

TEST_F(Writer, that_writes_is_no_news) {
  run_for(seconds(60));
  EXPECT_TRUE(world_.alerts.all.empty());
}

TEST_F(Writer, that_cannot_write_for_a_moment_is_no_news) {
  world_.north.database.refuses_writes = true;
  run_for(seconds(8));
  world_.north.database.refuses_writes = false;
  run_for(seconds(20));
  EXPECT_TRUE(world_.alerts.all.empty());
}

TEST_F(Writer, that_cannot_write_is_told_of_with_what_its_database_says) {
  world_.north.database.refuses_writes = true;
  run_for(seconds(13));
  ASSERT_FALSE(world_.alerts.all.empty());
  EXPECT_THAT(world_.alerts.all[0].subject, testing::HasSubstr("north"));
  EXPECT_THAT(world_.alerts.all[0].done, testing::HasSubstr("no space left on device"));
  EXPECT_EQ(world_.record.record.active, "north");
}

TEST_F(Writer, whose_disk_is_full_is_told_of_though_its_heartbeat_needs_no_room) {
  world_.north.database.now.disk_free_bytes = 33ULL << 20;
  run_for(seconds(3));
  EXPECT_TRUE(world_.alerts.all.empty());
  world_.north.database.now.disk_free_bytes = 1 << 20;
  run_for(seconds(3));
  ASSERT_FALSE(world_.alerts.all.empty());
  EXPECT_THAT(world_.alerts.all[0].subject, testing::HasSubstr("the disk of its database is full"));
}

TEST_F(Writer, whose_standby_lacks_more_than_the_budget_is_told_of_once_commits_wait_no_longer) {
  Topology topology = two_regions();
  topology.policy.rpo = RpoPolicy::budget_first;
  topology.policy.rpo_hold_max = seconds(5);
  ControlRoom guarded(topology);
  guarded.settle();
  WriterWatch watch(guarded.orchestration());
  watch.start();
  guarded.world.north.database.standby_receives = false;
  guarded.world.stage.run_for(topology.policy.lag_budget);
  EXPECT_TRUE(guarded.world.alerts.all.empty()) << "they wait";
  guarded.world.stage.run_for(seconds(10));
  ASSERT_FALSE(guarded.world.alerts.all.empty());
  EXPECT_THAT(guarded.world.alerts.all[0].subject, testing::HasSubstr("wait for it no longer"));
  EXPECT_THAT(guarded.world.alerts.all[0].done, testing::HasSubstr("would lose"));
  watch.stop();
  guarded.world.stage.run_for(seconds(2));
}

}  // namespace understudy::fake
