// Commits wait for the standby while it is behind, and for no longer than they must.

#include "recovery/rpo_guard.h"

#include <gtest/gtest.h>

#include "world.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;

/// A primary that writes without pause, looked at ten times a second.
class Guarded : public testing::Test {
 protected:
  Guarded() { look_for(milliseconds(100), true); }
  static Topology budget_first() {
    Topology topology = two_regions();
    topology.policy.rpo = RpoPolicy::budget_first;
    topology.policy.lag_budget = seconds(4);
    topology.lease.ttl = seconds(1);  // half the budget is what matters
    topology.lease.margin = milliseconds(50);
    topology.policy.rpo_hold_max = seconds(30);
    return topology;
  }

  void look_for(Duration length, bool standby_receives) {
    for (const BootTime end = now_ + length; now_ < end; now_ += milliseconds(100)) {
      primary_.written += 10;
      primary_.streaming = standby_receives;
      if (standby_receives) primary_.standby_written = primary_.written;
      guard_->see(now_, primary_, attached_);
      if (guard_->holds()) held_ += milliseconds(100);
    }
  }
  void guard_by(const Topology& topology) { guard_.emplace(topology); }

  std::optional<RpoGuard> guard_{budget_first()};
  DatabaseState primary_{.role = DatabaseRole::primary, .written = 1000};
  bool attached_ = true;
  BootTime now_{seconds(100)};
  Duration held_{};
};

}  // namespace

TEST_F(Guarded, commits_do_not_wait_for_a_standby_that_keeps_up) {
  look_for(seconds(60), true);
  EXPECT_EQ(held_, Duration::zero());
}

TEST_F(Guarded, commits_wait_from_half_a_budget_on) {
  look_for(seconds(10), true);
  look_for(milliseconds(1900), false);
  EXPECT_FALSE(guard_->holds());
  look_for(milliseconds(300), false);
  EXPECT_TRUE(guard_->holds());
  EXPECT_LE(guard_->lag(), milliseconds(2200));
}

// Ours froze, the lease runs on for ttl + margin, and nobody is there to hold anything.
TEST_F(Guarded, commits_wait_early_enough_for_a_lease_that_runs_out_unwatched) {
  Topology topology = budget_first();
  topology.lease.ttl = seconds(2);
  topology.lease.margin = milliseconds(100);
  topology.policy.lag_budget = seconds(3);
  guard_by(topology);
  look_for(seconds(10), true);
  look_for(milliseconds(600), false);
  EXPECT_FALSE(guard_->holds());
  look_for(milliseconds(200), false);
  EXPECT_TRUE(guard_->holds());
  EXPECT_LE(guard_->lag() + topology.lease.ttl + topology.lease.margin, seconds(3));
}

TEST_F(Guarded, commits_wait_at_once_for_a_standby_that_may_have_been_behind_for_long) {
  look_for(milliseconds(1900), false);
  ASSERT_FALSE(guard_->holds());
  guard_by(budget_first());  // its agent was started anew
  look_for(milliseconds(100), false);
  EXPECT_TRUE(guard_->holds()) << "who knows for how long?";
  look_for(seconds(3), true);
  EXPECT_FALSE(guard_->holds());
}

TEST_F(Guarded, commits_go_on_only_once_the_standby_has_kept_up_for_a_while) {
  look_for(seconds(3), false);
  ASSERT_TRUE(guard_->holds());
  look_for(seconds(1), true);
  EXPECT_TRUE(guard_->holds()) << "it may stall again at once";
  look_for(seconds(2), true);
  EXPECT_FALSE(guard_->holds());
}

TEST_F(Guarded, commits_are_not_held_for_ever) {
  look_for(seconds(1), true);
  look_for(seconds(31), false);
  EXPECT_TRUE(guard_->holds());
  look_for(seconds(3), false);
  EXPECT_FALSE(guard_->holds());
  EXPECT_TRUE(guard_->gave_up());
  look_for(seconds(60), false);
  EXPECT_FALSE(guard_->holds()) << "not again before the standby has caught up";
  look_for(seconds(5), true);
  EXPECT_FALSE(guard_->gave_up());
  look_for(seconds(3), false);
  EXPECT_TRUE(guard_->holds());
}

TEST_F(Guarded, commits_wait_for_nobody_once_the_standby_is_detached) {
  look_for(seconds(3), false);
  ASSERT_TRUE(guard_->holds());
  attached_ = false;
  look_for(milliseconds(100), false);
  EXPECT_FALSE(guard_->holds());
}

TEST_F(Guarded, commits_never_wait_where_availability_comes_first) {
  Topology topology = budget_first();
  topology.policy.rpo = RpoPolicy::availability_first;
  guard_by(topology);
  look_for(seconds(60), false);
  EXPECT_EQ(held_, Duration::zero());
}

TEST_F(Guarded, commits_of_synchronous_replication_wait_as_long_as_a_standby_is_attached) {
  Topology topology = budget_first();
  topology.database.replication = Replication::synchronous;
  guard_by(topology);
  look_for(seconds(60), true);
  EXPECT_EQ(held_, seconds(60));
  attached_ = false;
  look_for(milliseconds(100), true);
  EXPECT_FALSE(guard_->holds());
}

}  // namespace understudy::fake
