#include "drill/lease_log.h"

#include <gtest/gtest.h>

namespace understudy::drill {
namespace {

BootTime at(int ms) { return BootTime(milliseconds(ms)); }

TEST(LeaseLog, joins_what_either_grantor_granted_without_a_gap) {
  const auto rows = joined({{at(500), at(2500)}, {at(0), at(2000)}, {at(100), at(300)}});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].from, at(0));
  EXPECT_EQ(rows[0].until, at(2500));
}

TEST(LeaseLog, keeps_a_gap_between_two_leases_however_short) {
  const auto rows = joined({{at(2001), at(4001)}, {at(0), at(2000)}});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].until, at(2000));
  EXPECT_EQ(rows[1].from, at(2001));
}

}  // namespace
}  // namespace understudy::drill
