// A region's database after a failover, on real servers: what it alone had is kept, and it follows
// the new primary.

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <filesystem>

#include "local/salvage_file.h"
#include "region_pair.h"
#include "system/file.h"

namespace understudy {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kA = RegionPair::kHome;
constexpr const char* kB = RegionPair::kOther;

class Unprivileged : public testing::Environment {
 public:
  void SetUp() override { become_unprivileged(); }
};
const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new Unprivileged);

class Rebuild : public testing::Test {
 protected:
  /// Sells seat 1 with a standby and seats 2 to 1+`lost` without one, then fails over.
  void lose_orders(int lost) {
    ASSERT_EQ(why(pair_.database(kA).keep_changes_since(0, pair_.soon())), "");
    pair_.buy(kA, "kept", 1);
    pair_.await_streamed(kA, kB);
    pair_.cut(kB);
    for (int i = 0; i < lost; ++i) pair_.buy(kA, "lost-" + std::to_string(i), 2 + i);
    pair_.fail_over(kA, kB);
  }

  void expect_streams_from_b() {
    pair_.buy(kB, "after", 100);
    pair_.await_streamed(kB, kA);
    EXPECT_EQ(orders(kA), orders(kB));
    EXPECT_EQ(pair_.value(kA, "SELECT count(*) FROM pg_replication_slots"), "0");
    EXPECT_EQ(
        pair_.value(kB,
                    "SELECT active FROM pg_replication_slots WHERE slot_name = 'region_north'"),
        "t");
  }
  std::string orders(const std::string& region) {
    return pair_.value(region, "SELECT string_agg(key, ' ' ORDER BY key) FROM orders");
  }

  RegionPair pair_;
};

TEST_F(Rebuild, keeps_what_was_lost_rewinds_and_streams_again) {
  lose_orders(3);
  pair_.buy(kB, "there", 50);
  const auto rebuild = pair_.rebuild(kA);
  const auto kept = rebuild->keep_lost_tail(2, pair_.soon());
  ASSERT_EQ(why(kept), "");
  EXPECT_EQ(kept->method, "logical-decoding");
  EXPECT_EQ(kept->transactions, 3U);
  EXPECT_EQ(kept->changes, 9U) << "order, seat and outbox row of each";
  EXPECT_EQ(mode_of(kept->file), 0600U);
  EXPECT_EQ(mode_of(fs::path(kept->file).parent_path()), 0700U);

  ASSERT_EQ(why(rebuild->rewind(pair_.soon())), "");
  ASSERT_EQ(why(rebuild->start_as_standby(pair_.soon())), "");
  expect_streams_from_b();
}

}  // namespace
}  // namespace understudy
