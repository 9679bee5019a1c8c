// The agent of one region, over fakes and in virtual time.

#include "tests/recovery/keeper.h"

namespace understudy::fake {

TEST_F(Keeper, opens_the_page_by_a_grant_and_keeps_it_open) {
  start_north();
  EXPECT_EQ(north_.page.read()->term, 1U);
  for (int i = 0; i < 100; ++i) {
    run_for(milliseconds(100));
    EXPECT_TRUE(world_.writable(north_));
  }
  // 10 s at one renewal every 600 ms.
  EXPECT_GE(grants(), 16U);
  EXPECT_LE(grants(), 19U);
  EXPECT_EQ(world_.events.count("region.writable"), 1U);
  EXPECT_EQ(status(north_).note, "");
}

TEST_F(Keeper, makes_the_term_durable_before_it_opens_the_page) {
  north_.store.raises.always = Fault::refused;
  start(north_);
  run_for(seconds(3));
  EXPECT_EQ(north_.page.opened, 0U);
  EXPECT_THAT(status(north_).note, testing::HasSubstr("cannot store the agent's state"));
  north_.store.raises.always = Fault::none;
  run_for(seconds(1));
  EXPECT_TRUE(world_.writable(north_));
  EXPECT_EQ(north_.store.stored->term, 1U);
}

TEST_F(Keeper, of_the_standby_opens_nothing) {
  start(south_);
  run_for(seconds(5));
  EXPECT_EQ(south_.page.opened, 0U);
  EXPECT_EQ(grants(), 0U);
  EXPECT_TRUE(status(south_).database.has_value());
}

TEST_F(Keeper, leases_nothing_before_it_has_seen_a_primary_of_its_own) {
  north_.database.alive = false;
  start(north_);
  run_for(seconds(3));
  EXPECT_EQ(grants(), 0U);
  north_.database.alive = true;
  run_for(seconds(1));
  EXPECT_TRUE(world_.writable(north_));
}

TEST_F(Keeper, lets_writes_end_at_the_deadline_when_the_registry_is_gone_and_goes_on_after) {
  start_north();
  north_.registry.cut(true);
  run_for(world_.topology.lease.ttl + milliseconds(200));
  EXPECT_FALSE(world_.writable(north_));
  EXPECT_FALSE(north_.database.admissions.back()) << "applications are shown out";
  EXPECT_THAT(status(north_).note, testing::HasSubstr("registry"));
  north_.registry.cut(false);
  run_for(seconds(1));
  EXPECT_TRUE(world_.writable(north_));
  EXPECT_TRUE(north_.database.admissions.back());
}

TEST_F(Keeper, of_a_region_with_an_endless_lease_does_not_need_the_registry) {
  Record alone = world_.record.record;
  alone.standby.reset();
  alone.lease.endless = true;
  world_.record.force(alone);
  start_north();
  run_for(seconds(2));
  north_.registry.cut(true);
  north_.compute.wants.clear();
  north_.database.admissions.clear();
  run_for(seconds(30));
  EXPECT_TRUE(world_.writable(north_));
  EXPECT_THAT(north_.compute.wants, testing::IsEmpty()) << "no service was touched";
  EXPECT_THAT(north_.database.admissions, testing::Not(testing::Contains(false)));
  EXPECT_GE(north_.database.beats, 40U);
}

TEST_F(Keeper, touches_no_service_when_an_answer_of_the_registry_is_late) {
  start_north();
  run_for(seconds(2));
  north_.compute.wants.clear();
  for (int i = 0; i < 10; ++i) {
    north_.registry.cut(true);
    run_for(milliseconds(1300));  // the lease outlives it
    EXPECT_TRUE(world_.writable(north_));
    north_.registry.cut(false);
    run_for(milliseconds(300));
  }
  EXPECT_THAT(north_.compute.wants, testing::IsEmpty());
}

TEST_F(Keeper, says_that_its_database_does_not_answer) {
  start_north();
  ASSERT_TRUE(status(north_).database.has_value());
  north_.database.alive = false;
  run_for(seconds(1));
  EXPECT_FALSE(status(north_).database.has_value()) << "what it was is not what it is";
  north_.database.alive = true;
  run_for(seconds(1));
  EXPECT_TRUE(status(north_).database.has_value());
}

TEST_F(Keeper, survives_one_lost_answer_in_every_two) {
  start_north();
  for (int i = 0; i < 20; ++i) {
    north_.registry.replaces.next = {i % 2 == 0 ? Fault::answer_lost : Fault::request_lost};
    run_for(milliseconds(1200));
    EXPECT_TRUE(world_.writable(north_));
  }
}

TEST_F(Keeper, reads_after_an_unknown_outcome_before_it_asks_again) {
  start_north();
  const unsigned granted = grants();
  const unsigned reads = north_.registry.reads.calls;
  north_.registry.replaces.next = {Fault::answer_lost};
  ASSERT_TRUE(world_.stage.run_until([&] { return grants() == granted + 2; }, seconds(2)));
  EXPECT_EQ(north_.registry.reads.calls, reads + 1);
  EXPECT_EQ(world_.record.record.version, granted + 3) << "no request was refused in between";
}

TEST_F(Keeper, does_not_hammer_a_registry_that_refuses_at_once) {
  start_north();
  for (const Fault fault : {Fault::refused, Fault::unreachable}) {
    north_.registry.replaces.always = fault;
    const unsigned calls = north_.registry.replaces.calls;
    run_for(seconds(1));
    EXPECT_LE(north_.registry.replaces.calls - calls, 40U);
    north_.registry.replaces.always = Fault::none;
    run_for(seconds(1));
    EXPECT_TRUE(world_.writable(north_));
  }
}

TEST_F(Keeper, looks_again_after_a_conflict_and_renews_on_what_it_finds) {
  start_north();
  const unsigned granted = grants();
  north_.registry.before_next_replace = [&] { open_transition(); };
  ASSERT_TRUE(world_.stage.run_until([&] { return grants() > granted; }, seconds(2)));
  EXPECT_EQ(world_.record.record.transition.phase, Phase::open);
  EXPECT_TRUE(world_.writable(north_));
}

TEST_F(Keeper, closes_the_page_at_once_when_a_conflict_tells_of_the_revocation) {
  start_north();
  north_.registry.waits.always = Fault::request_lost;  // it learns by its own renewal alone
  north_.registry.before_next_replace = [&] { open_transition(), revoke(); };
  ASSERT_TRUE(world_.stage.run_until(
      [&] { return world_.record.record.transition.phase == Phase::revoked; }, seconds(2)));
  run_for(milliseconds(5));
  EXPECT_FALSE(world_.writable(north_));
  run_for(milliseconds(20));
  ASSERT_FALSE(north_.database.admissions.empty());
  EXPECT_FALSE(north_.database.admissions.back()) << "whoever looks after sessions is told at once";
}

TEST_F(Keeper, closes_the_page_when_it_sees_the_revocation_and_opens_it_after_an_abort) {
  start_north();
  open_transition();
  revoke();
  run_for(milliseconds(20));
  EXPECT_FALSE(world_.writable(north_));
  run_for(seconds(3));
  EXPECT_FALSE(world_.writable(north_));
  abort();
  run_for(milliseconds(100));
  EXPECT_TRUE(world_.writable(north_));
  EXPECT_EQ(north_.page.read()->term, 2U);
  EXPECT_EQ(north_.store.stored->term, 2U);
}

TEST_F(Keeper, of_the_new_region_opens_the_page_and_writes_the_epoch_row_after_the_switch) {
  start(south_);
  run_for(milliseconds(500));
  until_promoting();
  ASSERT_TRUE(south_.keeper().promote({.transition = 1, .epoch = 2}, soon()));
  const auto early = south_.keeper().await_active(2, world_.stage.boot() + milliseconds(100));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().after, After::unchanged_retry);
  switch_over();
  ASSERT_TRUE(south_.keeper().await_active(2, soon()));
  EXPECT_TRUE(world_.writable(south_));
  EXPECT_TRUE(south_.page.read()->endless);
  EXPECT_THAT(south_.database.epochs, testing::ElementsAre(2U));
  EXPECT_THAT(south_.database.admissions, testing::Not(testing::Contains(false)))
      << "sessions of the new primary are let live while it takes over";
  const auto over = south_.keeper().await_active(1, soon());
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().after, After::unchanged_final);
}

TEST_F(Keeper, returns_fenced_after_a_higher_epoch_and_refuses_applications) {
  start_north();
  world_.kill(north_);
  run_for(seconds(3));
  start(south_);
  run_for(milliseconds(500));
  until_promoting();
  ASSERT_TRUE(south_.keeper().promote({.transition = 1, .epoch = 2}, soon()));
  switch_over();
  ASSERT_TRUE(south_.keeper().await_active(2, soon()));
  world_.revive(north_);
  const unsigned opened_before = north_.page.opened;
  run_for(seconds(10));
  EXPECT_EQ(north_.page.opened, opened_before);
  EXPECT_FALSE(world_.writable(north_));
  EXPECT_FALSE(north_.database.admissions.back());
  EXPECT_EQ(north_.store.stored->epoch, 2U);
  EXPECT_EQ(north_.store.stored->revoked_term, 1U);
  EXPECT_EQ(north_.compute.now["cron"], 0U);
}

TEST_F(Keeper, closes_a_page_left_open_when_it_returns_to_a_higher_epoch) {
  start_north();
  north_.stop_keeper();  // the agent alone; its page is open yet
  Record later = world_.record.record;
  later.version += 5;
  later.epoch = 2;
  later.term = 2;
  later.active = "south";
  later.standby.reset();
  later.lease.endless = true;
  world_.record.force(later);
  ASSERT_TRUE(world_.writable(north_));
  start(north_);
  run_for(milliseconds(20));
  EXPECT_FALSE(world_.writable(north_));
}

TEST_F(Keeper, without_durable_state_reads_the_record_before_all_else) {
  south_.registry.cut(true);
  start(south_);
  run_for(seconds(1));
  EXPECT_FALSE(south_.keeper().fence(1, soon()));
  EXPECT_FALSE(south_.keeper().promote({.transition = 1, .epoch = 2}, soon()));
  EXPECT_EQ(status(south_).term, 0U);
  EXPECT_EQ(south_.store.raised, 0U);
  south_.registry.cut(false);
  run_for(seconds(1));
  EXPECT_EQ(south_.store.stored->epoch, 1U);
  EXPECT_EQ(south_.store.stored->revoked_term, 0U) << "term 1 is not revoked";
}

TEST_F(Keeper, with_a_wiped_disk_learns_the_revocation_from_the_record) {
  until_promoting();
  start(south_);
  run_for(seconds(1));
  EXPECT_EQ(south_.store.stored->revoked_term, 1U);
}

TEST_F(Keeper, with_a_wiped_disk_counts_as_ordered_to_be_promoted_while_the_record_asks_for_it) {
  until_promoting();
  start(south_);
  run_for(seconds(1));
  EXPECT_EQ(south_.store.stored->ordered_epoch, 2U);
}

TEST_F(Keeper, of_another_regions_state_is_not_made) {
  north_.store.stored = AgentState{.identity = "south"};
  const auto made =
      RegionKeeper::create(world_.topology, "north",
                           {world_.stage, world_.random, world_.stage, north_.registry,
                            south_.agent, north_.database, north_.rebuild, north_.compute,
                            north_.gate, north_.page, north_.store, world_.events, world_.alerts});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().after, After::unchanged_final);
  EXPECT_THAT(made.error().what, testing::HasSubstr("south"));
}

TEST_F(Keeper, tells_a_person_when_the_registry_went_back_in_time) {
  start_north();
  run_for(seconds(5));
  Record old = world_.record.record;
  run_for(seconds(5));
  const unsigned calls = north_.registry.replaces.calls;
  world_.record.force(old);
  run_for(seconds(5));
  EXPECT_GT(world_.alerts.count("registry.rolled_back"), 0U);
  EXPECT_FALSE(world_.writable(north_)) << "its lease ran out";
  EXPECT_LE(north_.registry.replaces.calls - calls, 100U) << "and it does not hammer the registry";
  EXPECT_THAT(status(north_).note, testing::HasSubstr("restored from a backup"));
}

TEST_F(Keeper, runs_services_by_posture) {
  start_north();
  start(south_);
  run_for(seconds(2));
  using Running = std::map<std::string, unsigned>;
  const Running active{{"web", 2}, {"worker", 1}, {"cron", 1}};
  EXPECT_EQ(north_.compute.now, active);
  const Running standby{{"web", 1}, {"worker", 0}, {"cron", 0}};
  EXPECT_EQ(south_.compute.now, standby);
}

TEST_F(Keeper, stops_its_singletons_when_it_may_not_write_any_more) {
  start_north();
  run_for(seconds(2));
  ASSERT_EQ(north_.compute.now["cron"], 1U);
  north_.registry.cut(true);
  run_for(world_.topology.lease.ttl + seconds(1));
  EXPECT_EQ(north_.compute.now["cron"], 0U);
  EXPECT_EQ(north_.compute.now["web"], 1U);
}

TEST_F(Keeper, starts_a_service_again_that_died) {
  start_north();
  run_for(seconds(2));
  north_.compute.now["web"] = 1;
  run_for(seconds(1));
  EXPECT_EQ(north_.compute.now["web"], 2U);
}

TEST_F(Keeper, brings_up_no_singleton_that_was_not_ordered_while_the_transition_lasts) {
  start(south_);
  run_for(milliseconds(500));
  until_promoting();
  ASSERT_TRUE(south_.keeper().promote({.transition = 1, .epoch = 2}, soon()));
  switch_over();
  ASSERT_TRUE(south_.keeper().await_active(2, soon()));
  run_for(seconds(5));
  EXPECT_EQ(south_.compute.now["cron"], 0U) << "cron comes last, by order";
  EXPECT_EQ(south_.compute.now["web"], 2U) << "an agent that died may know of no order";
  ASSERT_TRUE(south_.keeper().scale({.epoch = 2, .service = "web", .count = 3}, soon()));
  EXPECT_EQ(south_.compute.now["web"], 3U);
  run_for(seconds(2));
  EXPECT_EQ(south_.compute.now["web"], 3U) << "the order stands";
  EXPECT_EQ(south_.compute.now["cron"], 0U);
  change([](const Record& seen) { return completed(seen, "done"); });
  run_for(seconds(1));
  EXPECT_EQ(south_.compute.now["cron"], 1U) << "afterwards the posture decides";
}

TEST_F(Keeper, refuses_to_scale_in_an_epoch_that_is_not_its_own) {
  start_north();
  const auto refuses = [&](FakeRegion& region, const ScaleOrder& order) {
    const auto done = region.keeper().scale(order, soon());
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().after, After::unchanged_final);
  };
  refuses(north_, {.epoch = 2, .service = "cron", .count = 1});
  refuses(north_, {.epoch = 0, .service = "cron", .count = 1});
  refuses(north_, {.epoch = 1, .service = "nothing", .count = 1});
  start(south_);
  run_for(milliseconds(500));
  refuses(south_, {.epoch = 1, .service = "cron", .count = 1});
}

TEST_F(Keeper, goes_on_writing_while_its_database_restarts_in_place) {
  start_north();
  north_.database.alive = false;
  run_for(seconds(5));
  EXPECT_TRUE(world_.writable(north_)) << "the lease is the region's, not the process's";
  EXPECT_THAT(status(north_).note, testing::HasSubstr("database"));
  north_.database.alive = true;
  run_for(seconds(2));
  EXPECT_EQ(status(north_).note, "");
}

TEST_F(Keeper, beats_so_that_an_idle_database_shows_its_lag) {
  start_north();
  run_for(seconds(6));
  EXPECT_GE(north_.database.beats, 8U);
  EXPECT_LE(north_.database.beats, 11U);
  EXPECT_LT(world_.stage.wall() - *south_.database.now.newest_commit, seconds(1));
}

TEST_F(Keeper, tells_for_how_long_its_database_has_taken_no_writes) {
  start_north();
  start(south_);
  run_for(seconds(5));
  north_.database.refuses_writes = true;
  run_for(seconds(8));
  EXPECT_GE(status(north_).writes_missed_ms, 7500);
  EXPECT_THAT(status(north_).note, testing::HasSubstr("no space left"));
  EXPECT_LT(status(south_).writes_missed_ms, 1000) << "it is not to write";
  north_.database.refuses_writes = false;
  run_for(seconds(2));
  EXPECT_LT(status(north_).writes_missed_ms, 1000);
  EXPECT_EQ(status(north_).note, "");
}

TEST_F(Keeper, pulses_every_task_within_each_renewal_interval) {
  std::map<std::string, BootTime> last;
  Duration longest{};
  auto made =
      RegionKeeper::create(world_.topology, "north",
                           {world_.stage, world_.random, world_.stage, north_.registry,
                            south_.agent, north_.database, north_.rebuild, north_.compute,
                            north_.gate, north_.page, north_.store, world_.events, world_.alerts});
  ASSERT_TRUE(made);
  (*made)->start([&](std::string_view task) {
    const BootTime now = world_.stage.boot();
    const auto before = last.emplace(std::string(task), now).first;
    longest = std::max(longest, now - before->second);
    before->second = now;
  });
  run_for(seconds(5));
  north_.registry.cut(true);
  run_for(seconds(3));
  north_.registry.cut(false);
  north_.database.alive = false;
  run_for(seconds(5));
  EXPECT_EQ(last.size(), 4U);
  EXPECT_LE(longest, world_.topology.lease.renew_interval + milliseconds(100));
  (*made)->stop();
  world_.stage.finish();
}

}  // namespace understudy::fake
