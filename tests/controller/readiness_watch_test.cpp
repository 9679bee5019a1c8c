// Every minute the controller asks whether a failover could succeed; what blocks is told once it
// has lasted, and so is that it is over.

#include "controller/readiness_watch.h"

#include "control_room.h"
#include "controller/readiness_view.h"
#include "fake_inspector.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class Watched : public testing::Test {
 protected:
  Watched()
      : north_(world_, world_.north),
        south_(world_, world_.south),
        watch_(room_.orchestration(), {{{"north", &north_}, {"south", &south_}},
                                       drills_,
                                       [this](std::uint64_t) { return own_; }}) {
    own_.build = own_.deployed = own_.agent_deployed = "b1";
    own_.platform_digest = "p1";
    drills_.all = {{.at = world_.stage.wall(),
                    .fault = "region-kill",
                    .passed = true,
                    .rto_ms = 2000,
                    .rto_full_ms = 2500,
                    .platform_digest = "p1"}};
    room_.settle();
    watch_.start();
  }
  ~Watched() override {
    watch_.stop();
    run_for(seconds(20));
  }
  void run_for(Duration length) { world_.stage.run_for(length); }
  [[nodiscard]] const std::vector<Alert>& alerts() const { return world_.alerts.all; }
  [[nodiscard]] std::vector<int> blocking() const {
    const auto last = watch_.last();
    return last ? last->ids(Severity::blocks) : std::vector<int>{};
  }

  ControlRoom room_;
  World& world_ = room_.world;
  FakeInspector north_;
  FakeInspector south_;
  FakeDrills drills_;
  OwnFacts own_;
  ReadinessWatch watch_;
};

}  // namespace

TEST_F(Watched, a_platform_of_which_nothing_is_wrong_is_ready_and_no_news) {
  EXPECT_FALSE(watch_.last());
  run_for(seconds(15));
  ASSERT_TRUE(watch_.last());
  EXPECT_EQ(watch_.last()->score(), 100);
  run_for(seconds(120));
  EXPECT_EQ(world_.events.count("readiness.checked"), 3U) << "every minute, and not more";
  EXPECT_EQ(world_.events.last("readiness.checked").fields.at("score"), 100);
  EXPECT_TRUE(alerts().empty());
}

TEST_F(Watched, a_standby_that_could_not_take_over_is_told_once_and_so_is_that_it_could_again) {
  run_for(seconds(15));
  world_.north.database.standby = nullptr;
  world_.south.database.now.streaming = false;
  south_.missing["worker"] = {"TOKEN"};
  run_for(seconds(58));
  EXPECT_THAT(blocking(), testing::Contains(120));
  EXPECT_TRUE(alerts().empty()) << "it may pass";
  run_for(seconds(200));
  ASSERT_FALSE(alerts().empty());
  for (const Alert& alert : alerts()) EXPECT_EQ(alert.key, alerts()[0].key) << "one matter";
  for (const Alert& alert : alerts()) EXPECT_EQ(alert.subject, alerts()[0].subject) << "no news";
  EXPECT_THAT(alerts()[0].subject, HasSubstr("south could not take over from north now"));
  EXPECT_THAT(alerts()[0].subject, HasSubstr("database.streaming (120)"));
  EXPECT_THAT(alerts()[0].subject, HasSubstr("secrets.there (320)"));
  const auto event = world_.events.last("readiness.checked").fields;
  EXPECT_EQ(event.at("score"), 0);
  EXPECT_FALSE(event.at("ready").as_bool());

  world_.north.database.standby = &world_.south.database;
  world_.south.database.now.streaming = true;
  south_.missing.clear();
  run_for(seconds(65));
  EXPECT_THAT(alerts().back().subject, HasSubstr("south could take over from north again"));
  const auto told = alerts().size();
  run_for(seconds(200));
  EXPECT_EQ(alerts().size(), told);
}

TEST_F(Watched, trouble_of_a_few_seconds_is_not_told) {
  run_for(seconds(15));
  south_.missing["worker"] = {"TOKEN"};
  run_for(seconds(57));
  ASSERT_THAT(blocking(), ElementsAre(320));
  south_.missing.clear();
  run_for(seconds(120));
  EXPECT_TRUE(alerts().empty());
  EXPECT_TRUE(watch_.last()->ready());
}

TEST_F(Watched, what_degrades_is_counted_and_told_to_nobody) {
  own_.agent_deployed = "b2";
  run_for(seconds(200));
  EXPECT_EQ(watch_.last()->score(), 90);
  EXPECT_THAT(watch_.last()->ids(Severity::degrades), ElementsAre(520));
  EXPECT_TRUE(alerts().empty());
}

TEST_F(Watched, a_silent_standby_leaves_much_unknown_and_is_not_ready) {
  run_for(seconds(15));
  world_.kill(world_.south);
  run_for(seconds(62));
  ASSERT_TRUE(watch_.last());
  EXPECT_FALSE(watch_.last()->ready());
  EXPECT_THAT(blocking(), testing::IsSupersetOf({40, 110, 120, 130, 160, 330}));
  run_for(seconds(15));
  ASSERT_FALSE(alerts().empty());
  EXPECT_THAT(alerts()[0].subject, HasSubstr("standby.agent (40)"));
  EXPECT_THAT(alerts()[0].subject, testing::Not(HasSubstr("configuration.localised")))
      << "what cannot be known is no finding of its own to be told";
}

TEST_F(Watched, a_silent_registry_leaves_nobody_a_part) {
  run_for(seconds(15));
  world_.registry.cut(true);
  run_for(seconds(80));
  EXPECT_EQ(watch_.last()->active, "");
  ASSERT_FALSE(alerts().empty());
  EXPECT_THAT(alerts()[0].subject, HasSubstr("nobody could take over now"));
}

TEST_F(Watched, a_clock_that_is_off_is_found_however_long_the_way_is) {
  south_.takes = milliseconds(200);
  run_for(seconds(15));
  EXPECT_TRUE(watch_.last()->ids(Severity::degrades).empty());
  south_.clock_ahead = milliseconds(400);
  run_for(seconds(62));
  EXPECT_THAT(watch_.last()->ids(Severity::degrades), ElementsAre(500));
}

TEST_F(Watched, after_a_failover_nobody_could_take_over_from_the_new_region) {
  run_for(seconds(15));
  world_.kill(world_.north);
  ASSERT_TRUE(room_.start());
  ASSERT_EQ(room_.outcome(), "SUCCEEDED");
  run_for(seconds(90));
  EXPECT_EQ(watch_.last()->active, "south");
  EXPECT_THAT(blocking(), testing::IsSupersetOf({30, 40, 60}));
  EXPECT_THAT(alerts().back().subject, HasSubstr("north could not take over from south now"));
}

TEST(ReadinessView, shows_every_question_and_who_plays_which_part) {
  const Topology topology = two_regions();
  ReadinessFacts facts;
  facts.record_problem = "refused";
  facts.drills = std::vector<PastDrill>{};
  const Readiness readiness = judge_readiness(topology, facts);
  const auto view = readiness_view(readiness, readiness.at + milliseconds(1500));
  EXPECT_EQ(view.at("age_ms"), 1500);
  EXPECT_EQ(view.at("score"), 0);
  EXPECT_TRUE(view.at("prediction").is_null());
  const auto& checks = view.at("checks").as_array();
  EXPECT_EQ(checks.size(), readiness_questions().size());
  const auto& first = checks.front().as_object();
  EXPECT_EQ(first.at("id"), 10);
  EXPECT_EQ(first.at("state"), "finding");
  EXPECT_EQ(first.at("severity"), "blocks");
  EXPECT_EQ(first.at("cause"), "refused");
  const auto summary = readiness_summary(readiness, readiness.at);
  EXPECT_FALSE(summary.at("ready").as_bool());
  EXPECT_FALSE(summary.at("blocks").as_array().empty());
}

}  // namespace understudy::fake
