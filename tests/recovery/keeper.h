#pragma once
// One region keeper on the fake world, and the words its tests use.

#include <gmock/gmock.h>

#include "recovery/record_changes.h"
#include "recovery/region_keeper.h"
#include "tests/recovery/world.h"

namespace understudy::fake {

using std::chrono::seconds;

/// North and its agent; the test plays everybody else.
class Keeper : public testing::Test {
 protected:
  void start(FakeRegion& region) {
    region.start_keeper(world_.topology, world_.stage, world_.random, world_.events, world_.alerts);
  }
  void start_north() {
    start(north_);
    ASSERT_TRUE(world_.stage.run_until([&] { return world_.writable(north_); }, seconds(1)));
  }
  void run_for(Duration length) { world_.stage.run_for(length); }
  [[nodiscard]] BootTime soon() const { return world_.stage.boot() + seconds(1); }

  /// Another's change of the record, as it is now.
  void change(const std::function<Change(const Record&)>& how) {
    const Change next = how(world_.record.record);
    ASSERT_TRUE(next) << next.error().what;
    ASSERT_TRUE(std::holds_alternative<Record>(world_.record.replace(*next)));
  }
  void open_transition() {
    change([](const Record& seen) {
      return opened(seen, {TransitionKind::failover, "shop", "south"}, "open");
    });
  }
  void revoke() {
    change([](const Record& seen) { return revoked(seen, "revoke"); });
  }
  void abort() {
    change([](const Record& seen) { return aborted(seen, "abort"); });
  }
  void promote() {
    change([](const Record& seen) { return promoting(seen, "promote"); });
  }
  void switch_over() {
    change([](const Record& seen) { return switched(seen, "switch"); });
  }
  /// South in phase promoting, and what it promised is over: the orchestrator may now order its
  /// promotion.
  void until_promoting() {
    open_transition();
    revoke();
    promote();
    run_for(world_.topology.lease.ttl + world_.topology.lease.margin);
  }
  [[nodiscard]] AgentStatus status(FakeRegion& region) { return *region.keeper().status(soon()); }
  [[nodiscard]] unsigned grants() const {
    return static_cast<unsigned>(world_.record.record.lease.serial);
  }

  World world_;
  FakeRegion& north_ = world_.north;
  FakeRegion& south_ = world_.south;
};

}  // namespace understudy::fake
