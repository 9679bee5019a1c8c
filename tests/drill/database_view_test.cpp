// The judge's reader against the boxoffice's real schema.

#include "drill/database_view.h"

#include <gmock/gmock.h>

#include "drill/instant.h"
#include "scratch.h"

namespace understudy::drill {
namespace {

constexpr std::chrono::milliseconds kTimeout{10'000};

std::string order(const std::string& key, int seat) {
  return "INSERT INTO orders (key, event, seat, buyer, epoch, region) VALUES ('" + key + "', 5, " +
         std::to_string(seat) + ", 'somebody', 7, 'north')";
}

TEST(DatabaseViewOfBoxoffice, has_orders_with_their_commit_time_and_ticks) {
  const ScratchFolder folder;
  const ScratchPostgres server(folder.path(), "north");
  make_database(server, "shop", UNDERSTUDY_SOURCE_DIR "/examples/boxoffice/schema.sql");

  // The first order is written first and commits last, as one does that was frozen in its commit.
  auto slow = postgres::Connection::open(server.conninfo("shop"), kTimeout).value();
  ASSERT_TRUE(slow.run_script("BEGIN", kTimeout));
  ASSERT_TRUE(slow.run_script(order("slow", 1), kTimeout));
  server.ask(order("fast", 2), "shop");
  const auto between = read_clocks().wall;
  ASSERT_TRUE(slow.run_script("COMMIT", kTimeout));
  // A refund writes the row again, and so loses when it was committed.
  server.ask("UPDATE seats SET state = 'sold' WHERE event = 5 AND seat = 2", "shop");
  server.ask("SELECT refund(2, NULL, 'north')", "shop");
  server.ask("SELECT claim_tick(1800000000, 'cron-1', NULL, 'north')", "shop");

  const auto view = read_database("north", server.conninfo("shop"), kTimeout);
  ASSERT_TRUE(view) << view.error().what;
  EXPECT_EQ(view->region, "north");
  ASSERT_EQ(view->orders.size(), 2U);
  EXPECT_EQ(view->orders[0].key, "slow");
  EXPECT_GT(view->orders[0].committed_at, between);
  EXPECT_EQ(view->orders[1].key, "fast");
  EXPECT_LT(view->orders[1].committed_at, between);
  EXPECT_GT(view->orders[1].committed_at, between - std::chrono::minutes(1));
  EXPECT_FALSE(view->orders[0].refunded);
  EXPECT_TRUE(view->orders[1].refunded);
  EXPECT_EQ(view->orders[1].event, 5);
  EXPECT_EQ(view->orders[1].seat, 2);
  EXPECT_EQ(view->orders[1].epoch, 7);
  EXPECT_EQ(view->orders[1].region, "north");
  EXPECT_EQ(view->orders[1].order, "2");
  ASSERT_EQ(view->ticks.size(), 1U);
  EXPECT_EQ(view->ticks[0].second, 1'800'000'000);
  EXPECT_EQ(view->ticks[0].region, "north");
  EXPECT_EQ(view->ticks[0].epoch, 0);

  const auto elsewhere = read_database("south", server.conninfo("postgres"), kTimeout);
  ASSERT_FALSE(elsewhere);
  EXPECT_THAT(elsewhere.error().what, testing::HasSubstr("the database of south, table orders"));
}

TEST(DatabaseViewOfBoxoffice, of_a_server_that_is_not_there_says_whose) {
  const auto view = read_database(
      "south", "host=127.0.0.1 password=secret port=" + std::to_string(free_port()), kTimeout);
  ASSERT_FALSE(view);
  EXPECT_THAT(view.error().what, testing::HasSubstr("south"));
  EXPECT_THAT(view.error().what, testing::Not(testing::HasSubstr("secret")));
}

}  // namespace
}  // namespace understudy::drill
