// A standby that is gone for long is detached; one that is back is attached.

#include "control_room.h"
#include "recovery/record_changes.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;

class Standby : public testing::Test {
 protected:
  Standby() {
    room_.settle();
    watch_ = &room_.start_standby_watch();
    run_for(seconds(3));
  }
  void run_for(Duration length) { world_.stage.run_for(length); }
  [[nodiscard]] Record record() const { return world_.record.record; }
  [[nodiscard]] bool attached() const { return record().standby.has_value(); }
  [[nodiscard]] Duration detach_after() const { return world_.topology.policy.detach_after; }

  ControlRoom room_;
  World& world_ = room_.world;
  StandbyWatch* watch_ = nullptr;
};

}  // namespace

TEST_F(Standby, that_answers_stays_attached) {
  run_for(3 * detach_after());
  EXPECT_TRUE(attached());
  EXPECT_TRUE(world_.alerts.all.empty());
}

TEST_F(Standby, that_is_gone_for_a_while_stays_attached) {
  world_.kill(world_.south);
  run_for(detach_after() - seconds(3));
  EXPECT_TRUE(attached());
  world_.revive(world_.south);
  run_for(2 * detach_after());
  EXPECT_TRUE(attached());
}

TEST_F(Standby, that_is_gone_for_long_is_detached_and_a_person_told) {
  world_.kill(world_.south);
  run_for(detach_after() + seconds(10));
  EXPECT_FALSE(attached());
  EXPECT_TRUE(record().lease.endless);
  EXPECT_TRUE(world_.north.page.read()->endless);
  ASSERT_EQ(world_.alerts.all.size(), 1U);
  EXPECT_THAT(world_.alerts.all[0].subject, testing::HasSubstr("south"));
  EXPECT_EQ(world_.events.count("standby.detached"), 1U);
}

TEST_F(Standby, whose_detaching_got_no_answer_is_told_of_all_the_same) {
  world_.kill(world_.south);
  run_for(detach_after() - seconds(3));
  world_.registry.replaces.always = Fault::answer_lost;
  ASSERT_TRUE(world_.stage.run_until([&] { return !attached(); }, seconds(20)));
  run_for(seconds(5));
  EXPECT_EQ(world_.alerts.all.size(), 1U);
  EXPECT_EQ(world_.events.count("standby.detached"), 1U);
}

TEST_F(Standby, whose_database_is_gone_for_long_is_detached_though_its_agent_answers) {
  world_.south.database.alive = false;
  run_for(detach_after() - seconds(3));
  EXPECT_TRUE(attached()) << "it may be restarting";
  run_for(seconds(10));
  EXPECT_FALSE(attached());
  EXPECT_TRUE(world_.writable(world_.north));
}

TEST_F(Standby, that_streams_again_is_attached_again_and_can_be_promoted) {
  world_.kill(world_.south);
  run_for(detach_after() + seconds(10));
  ASSERT_FALSE(attached());
  world_.revive(world_.south);
  ASSERT_TRUE(world_.stage.run_until([&] { return attached(); }));
  EXPECT_FALSE(record().lease.endless);
  EXPECT_FALSE(world_.north.page.read()->endless);
  run_for(seconds(5));
  EXPECT_TRUE(world_.writable(world_.north));
  world_.kill(world_.north);
  ASSERT_TRUE(room_.start());
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
  room_.expect_failed_over_once();
}

TEST_F(Standby, that_streams_and_lacks_something_is_not_attached_until_it_has_all) {
  world_.kill(world_.south);
  run_for(detach_after() + seconds(10));
  world_.north.database.standby_receives = false;
  world_.revive(world_.south);
  run_for(seconds(10));
  EXPECT_FALSE(attached());
  EXPECT_TRUE(world_.writable(world_.north));
  world_.north.database.standby_receives = true;
  EXPECT_TRUE(world_.stage.run_until([&] { return attached(); }));
}

TEST_F(Standby, that_the_witness_alone_does_not_hear_stays_attached) {
  world_.south.agent.statuses.always = Fault::unreachable;
  run_for(2 * detach_after());
  EXPECT_TRUE(attached()) << "north is extended by it all the while";
}

TEST_F(Standby, stays_attached_while_the_holder_cannot_be_asked) {
  world_.kill(world_.south);
  world_.north.agent.statuses.always = Fault::unreachable;
  run_for(2 * detach_after());
  EXPECT_TRUE(attached());
}

TEST_F(Standby, is_detached_at_once_at_an_operators_word_but_not_during_a_transition) {
  const auto detached = watch_->detach("somebody");
  ASSERT_TRUE(detached) << detached.error().what;
  EXPECT_FALSE(attached());
  EXPECT_FALSE(watch_->detach("somebody")) << "nobody is attached";
}

}  // namespace understudy::fake
