// An active region that runs less than it should is told of, once, and so is its recovery.

#include "controller/capacity_watch.h"

#include "control_room.h"
#include "fake_inspector.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class Capacity : public testing::Test {
 protected:
  Capacity()
      : north_(world_, world_.north),
        south_(world_, world_.south),
        watch_(room_.orchestration(), {{"north", &north_}, {"south", &south_}}) {
    room_.settle();
    watch_.start();
    run_for(seconds(3));
  }
  ~Capacity() override {
    watch_.stop();
    run_for(seconds(3));
  }
  void run_for(Duration length) { world_.stage.run_for(length); }
  [[nodiscard]] const std::vector<Alert>& alerts() const { return world_.alerts.all; }

  ControlRoom room_;
  World& world_ = room_.world;
  FakeInspector north_;
  FakeInspector south_;
  CapacityWatch watch_;
};

}  // namespace

TEST_F(Capacity, that_is_there_is_no_news) {
  run_for(seconds(60));
  EXPECT_TRUE(alerts().empty());
}

TEST_F(Capacity, that_is_missing_for_a_moment_is_no_news) {
  north_.ill.insert("worker");
  run_for(seconds(8));
  north_.ill.clear();
  run_for(seconds(60));
  EXPECT_TRUE(alerts().empty());
}

TEST_F(Capacity, that_never_arrives_is_told_once_and_so_is_that_it_came) {
  north_.ill.insert("worker");
  run_for(seconds(120));
  ASSERT_EQ(alerts().size(), 1U);
  EXPECT_THAT(alerts()[0].subject, HasSubstr("north: only 0 of 1 instances of worker"));
  EXPECT_EQ(world_.events.last("capacity.missing").fields.at("trouble"), "it is ill");
  north_.ill.clear();
  run_for(seconds(10));
  ASSERT_EQ(alerts().size(), 2U);
  EXPECT_THAT(alerts()[1].subject, HasSubstr("all instances of worker are well again"));
  north_.ill.insert("worker");
  run_for(seconds(20));
  ASSERT_EQ(alerts().size(), 3U);
  EXPECT_NE(alerts()[2].key, alerts()[0].key) << "or it would pass for a repeat";
}

TEST_F(Capacity, of_the_standby_is_not_this_watchs_business) {
  south_.ill.insert("web");
  run_for(seconds(60));
  EXPECT_TRUE(alerts().empty());
}

TEST_F(Capacity, that_never_arrives_after_a_failover_is_told) {
  south_.ill.insert("worker");
  world_.kill(world_.north);
  ASSERT_TRUE(room_.start());
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  run_for(seconds(20));
  const auto told = std::count_if(alerts().begin(), alerts().end(), [](const Alert& alert) {
    return alert.subject.find("south: only 0 of 1 instances of worker") != std::string::npos;
  });
  EXPECT_EQ(told, 1);
}

TEST_F(Capacity, of_a_region_that_does_not_answer_is_the_sentrys_business) {
  north_.ill.insert("worker");
  north_.silent = true;
  run_for(seconds(60));
  EXPECT_TRUE(alerts().empty());
}

}  // namespace understudy::fake
