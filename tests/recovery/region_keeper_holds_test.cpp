// The agent and what its database commits beyond its standby.

#include "tests/recovery/keeper.h"

namespace understudy::fake {

namespace {

/// Two regions with synchronous replication, both agents running; the database of the first can be
/// kept from being told that commits are to wait.
class SynchronousKeeper : public testing::Test {
 protected:
  static Topology synchronous() {
    Topology topology = two_regions();
    topology.database.replication = Replication::synchronous;
    return topology;
  }
  void start() {
    for (FakeRegion* region : {&world_.south, &world_.north})
      region->start_keeper(world_.topology, world_.stage, world_.random, world_.events,
                           world_.alerts);
  }
  [[nodiscard]] bool writes() const { return world_.writable(world_.north); }
  [[nodiscard]] bool attached() const { return world_.record.record.standby.has_value(); }

  World world_{synchronous()};
  Trouble& hold_orders_ = world_.north.database.hold_orders;
};

}  // namespace

TEST_F(SynchronousKeeper, opens_no_page_beside_an_attached_standby_before_commits_wait_for_it) {
  hold_orders_.always = Fault::unreachable;
  start();
  world_.stage.run_for(seconds(5));
  EXPECT_EQ(world_.north.page.opened, 0U) << "neither by the registry nor by the standby's promise";
  hold_orders_.always = Fault::none;
  EXPECT_TRUE(world_.stage.run_until([&] { return writes(); }, seconds(3)));
  EXPECT_TRUE(world_.north.database.holds.back());
}

TEST_F(SynchronousKeeper, attaches_no_standby_before_commits_wait_for_it) {
  start();
  ASSERT_TRUE(world_.stage.run_until([&] { return writes(); }, seconds(3)));
  hold_orders_.always = Fault::unreachable;
  const Change next = detached(world_.record.record, "somebody");
  ASSERT_TRUE(next);
  ASSERT_TRUE(std::holds_alternative<Record>(world_.record.replace(*next)));
  world_.north.start_keeper(world_.topology, world_.stage, world_.random, world_.events,
                            world_.alerts);
  world_.stage.run_for(seconds(10));
  EXPECT_FALSE(attached());
  EXPECT_TRUE(writes()) << "alone, it needs nobody";
  hold_orders_.always = Fault::none;
  EXPECT_TRUE(world_.stage.run_until([&] { return attached(); }, seconds(10)));
  EXPECT_TRUE(world_.north.database.holds.back());
  world_.stage.run_for(seconds(5));
  EXPECT_TRUE(world_.north.database.holds.back());
  EXPECT_TRUE(writes());
}

}  // namespace understudy::fake
