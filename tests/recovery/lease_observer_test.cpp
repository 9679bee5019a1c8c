// The orchestrator's side of the lease: since when it can rule out a renewal (R11a).

#include "recovery/lease_observer.h"

#include <gtest/gtest.h>

#include "tests/recovery/world.h"

namespace understudy {

namespace {

using fake::first_record;
using std::chrono::seconds;

constexpr BootTime kStart{std::chrono::hours(1)};
const LeaseTiming kTiming;
const Duration kWait = kTiming.ttl + kTiming.margin;

Record with_serial(std::uint64_t serial) {
  Record record = first_record();
  record.lease.serial = serial;
  record.version = serial + 1;
  return record;
}

}  // namespace

TEST(LeaseObserver, counts_from_the_first_sight_of_the_serial_not_the_last) {
  LeaseObserver observer(kTiming);
  observer.note(with_serial(5), kStart);
  Record again = with_serial(5);
  again.version = 99;  // other things changed
  again.transition.phase = Phase::revoked;
  again.lease.revoked = true;
  observer.note(again, kStart + seconds(1));
  EXPECT_EQ(observer.over_at(again), kStart + kWait);
}

TEST(LeaseObserver, begins_anew_with_each_renewal) {
  LeaseObserver observer(kTiming);
  observer.note(with_serial(5), kStart);
  observer.note(with_serial(6), kStart + seconds(1));
  EXPECT_EQ(observer.over_at(with_serial(6)), kStart + seconds(1) + kWait);
  EXPECT_EQ(observer.over_at(with_serial(5)), kStart + seconds(1) + kWait)
      << "an older serial is not over before the newer one";
}

TEST(LeaseObserver, is_not_misled_by_an_answer_that_was_overtaken) {
  LeaseObserver observer(kTiming);
  observer.note(with_serial(6), kStart);
  observer.note(with_serial(5), kStart + seconds(1));
  EXPECT_EQ(observer.over_at(with_serial(6)), kStart + kWait);
}

TEST(LeaseObserver, takes_nothing_from_a_registry_that_went_back_in_time) {
  LeaseObserver observer(kTiming);
  Record newest = with_serial(6);
  newest.version = 60;
  EXPECT_TRUE(observer.note(newest, kStart));
  Record restored = with_serial(4);
  restored.version = 40;
  EXPECT_FALSE(observer.note(restored, kStart + seconds(1)));
  restored.lease.serial = 5;
  restored.version = 61;  // it has grown past what was seen, on what it forgot
  EXPECT_FALSE(observer.note(restored, kStart + seconds(2)));
}

TEST(LeaseObserver, never_says_that_an_endless_lease_is_over) {
  LeaseObserver observer(kTiming);
  Record endless = with_serial(5);
  endless.standby.reset();
  endless.lease.endless = true;
  observer.note(endless, kStart);
  EXPECT_EQ(observer.over_at(endless), std::nullopt);
}

TEST(LeaseObserver, born_again_knows_nothing_of_before) {
  {
    LeaseObserver before(kTiming);
    before.note(with_serial(5), kStart);
  }
  LeaseObserver after(kTiming);
  after.note(with_serial(5), kStart + seconds(10));
  EXPECT_EQ(after.over_at(with_serial(5)), kStart + seconds(10) + kWait);
}

TEST(LeaseObserverDeathTest, is_never_asked_about_a_serial_it_has_not_seen) {
  LeaseObserver observer(kTiming);
  EXPECT_DEATH((void)observer.over_at(with_serial(5)), "a lease is waited for only after");
  observer.note(with_serial(5), kStart);
  EXPECT_DEATH((void)observer.over_at(with_serial(6)), "a record is noted before");
}

}  // namespace understudy
