// The standby's promises: they last ttl + margin, and no restart shortens them.

#include "recovery/lease_extender.h"

#include <gtest/gtest.h>

namespace understudy {

namespace {

const LeaseTiming kTiming;
const BootTime kStart{std::chrono::hours(1)};
const Duration kPromise = kTiming.ttl + kTiming.margin;

}  // namespace

TEST(Extender, that_was_just_started_counts_as_having_promised) {
  const LeaseExtender extender(kTiming, kStart);
  EXPECT_EQ(extender.rest(kStart), kPromise);
  EXPECT_EQ(extender.rest(kStart + kPromise + milliseconds(5)), -milliseconds(5));
}

TEST(Extender, promises_ttl_and_margin_from_its_own_clock) {
  LeaseExtender extender(kTiming, kStart);
  extender.promise(kStart + milliseconds(700));
  EXPECT_EQ(extender.rest(kStart + milliseconds(800)), kPromise - milliseconds(100));
}

TEST(Extender, never_takes_back_what_it_promised) {
  LeaseExtender extender(kTiming, kStart);
  extender.promise(kStart + milliseconds(700));
  extender.promise(kStart + milliseconds(300));
  EXPECT_EQ(extender.rest(kStart + milliseconds(700)), kPromise);
}

TEST(Extender, knows_when_its_holder_can_no_longer_count_on_it) {
  LeaseExtender extender(kTiming, kStart);
  EXPECT_EQ(extender.lease_until(), std::nullopt) << "nothing was promised, it only waits";
  extender.promise(kStart + milliseconds(700));
  EXPECT_EQ(extender.lease_until(), kStart + milliseconds(700) + kTiming.ttl);
}

}  // namespace understudy
