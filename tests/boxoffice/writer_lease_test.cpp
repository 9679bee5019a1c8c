// A region acknowledges writes only while it holds the writer lease, here with a database that has
// no fence of its own: what the service alone keeps.

#include <future>

#include "raw_client.h"
#include "stack.h"

namespace understudy::test {
namespace {

constexpr const char* kWithin = "Understudy-Acknowledge-Within";

class WriterLease : public Stack {
 protected:
  std::string key(const std::string& name) const { return name + "-" + std::to_string(event()); }
  std::unique_ptr<Boxoffice> web_ = start_web();
};

TEST_F(WriterLease, a_closed_page_refuses_everything_that_writes) {
  page_.close();
  const auto ready = web_->get("/ready");
  EXPECT_EQ(ready.status, 503U);
  EXPECT_NE(ready.text("why").find("no writer lease"), std::string::npos);
  EXPECT_EQ(web_->get("/live").status, 200U);

  const auto refused = web_->buy(key("closed"), event());
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(refused.text("outcome"), "refused");
  const std::string body = R"({"buyer":"a","event":)" + std::to_string(event()) + "}";
  EXPECT_EQ(web_->post("/api/holds", body).status, 503U);
  EXPECT_EQ(web_->remove("/api/holds/x").status, 503U);
  EXPECT_EQ(web_->get("/api/events/" + std::to_string(event())).status, 200U);  // reading goes on
  EXPECT_EQ(orders(), 0);

  page_.open_endless(7);
  EXPECT_TRUE(web_->ready());
  EXPECT_EQ(web_->buy(key("closed"), event()).status, 201U);
}

TEST_F(WriterLease, an_expired_lease_is_a_closed_page) {
  page_.open_for(0ms, 7);
  EXPECT_EQ(web_->get("/ready").status, 503U);
  EXPECT_EQ(web_->buy(key("late"), event()).status, 503U);
  EXPECT_EQ(orders(), 0);
}

TEST_F(WriterLease, a_page_that_is_deleted_or_replaced_counts_as_what_is_there_now) {
  const std::string path = folder_.path() + "/page";
  unlink(path.c_str());
  EXPECT_EQ(web_->get("/ready").status, 503U);
  EXPECT_EQ(web_->buy(key("gone"), event()).status, 503U);
  Page again(path);
  EXPECT_EQ(web_->get("/ready").status, 503U);
  again.open_endless(7);
  EXPECT_TRUE(web_->ready());
}

// The purchase waits in the database while the lease ends; it then commits, and nobody is told.
TEST_F(WriterLease, a_commit_after_the_lease_is_not_acknowledged) {
  const auto lock = lock_seat(5);
  auto buying = std::async([this] { return web_->buy(key("frozen"), event(), 5); });
  await_blocked();
  page_.close();
  ASSERT_TRUE(lock->run_script("ROLLBACK", 5s).ok());
  const auto cut = buying.get();
  EXPECT_EQ(cut.status, 0U);
  ASSERT_TRUE(cut.error.has_value());
  EXPECT_EQ(cut.error->after, After::unknown);
  EXPECT_EQ(orders(), 1);

  // Nor is it told in any other way, as long as the lease is not held.
  EXPECT_EQ(web_->get("/api/orders/" + key("frozen")).status, 503U);
  EXPECT_EQ(web_->buy(key("frozen"), event(), 5).status, 503U);

  page_.open_endless(7);
  EXPECT_EQ(web_->buy(key("frozen"), event(), 5).status, 200U);
  EXPECT_EQ(web_->get("/api/orders/" + key("frozen")).status, 200U);
  EXPECT_TRUE(eventually([this] {
    return web_->output().find("\"event\":\"acknowledgement.withheld\"") != std::string::npos;
  }));
}

TEST_F(WriterLease, a_commit_under_an_earlier_lease_is_not_acknowledged_under_a_later_one) {
  const auto lock = lock_seat(6);
  auto buying = std::async([this] { return web_->buy(key("between"), event(), 6); });
  await_blocked();
  page_.open_endless(7, 2);  // taken away and given again in between
  ASSERT_TRUE(lock->run_script("ROLLBACK", 5s).ok());
  EXPECT_EQ(buying.get().status, 0U);
}

TEST_F(WriterLease, a_lease_that_is_renewed_meanwhile_is_the_same) {
  page_.open_for(1min, 7);
  const auto lock = lock_seat(7);
  auto buying = std::async([this] { return web_->buy(key("renewed"), event(), 7); });
  await_blocked();
  page_.open_for(2min, 7);
  ASSERT_TRUE(lock->run_script("ROLLBACK", 5s).ok());
  EXPECT_EQ(buying.get().status, 201U);
}

TEST_F(WriterLease, a_database_of_another_epoch_or_region_is_not_written) {
  const std::pair<int, const char*> others[] = {{8, "north"}, {6, "north"}, {7, "south"}};
  for (const auto& [epoch, region] : others) {
    set_epoch_row(epoch, region);
    const auto ready = web_->get("/ready");
    EXPECT_EQ(ready.status, 503U);
    EXPECT_NE(ready.text("why").find(std::to_string(epoch) + " of " + region), std::string::npos);
    const auto refused = web_->buy(key("epoch"), event());
    EXPECT_EQ(refused.status, 503U);
    EXPECT_EQ(refused.text("outcome"), "refused");
  }
  EXPECT_EQ(orders(), 0);
  set_epoch_row(7, "north");
  EXPECT_EQ(web_->buy(key("epoch"), event()).status, 201U);
}

TEST_F(WriterLease, acknowledgements_say_how_long_they_are_worth_anything) {
  page_.open_for(1min, 7);
  const auto timed = web_->buy(key("timed"), event());
  const auto within = std::stoll("0" + std::string(timed.response.header(kWithin)));
  EXPECT_GT(within, 0);
  EXPECT_LE(within, 60'000);
  page_.open_endless(7);
  const auto endless = web_->buy(key("endless"), event());
  EXPECT_EQ(endless.status, 201U);
  EXPECT_EQ(endless.response.header(kWithin), "");
}

TEST_F(WriterLease, an_unprotected_process_obeys_nothing_and_says_so) {
  auto settings = environment("api-web");
  settings.erase("UNDERSTUDY_PAGE");
  settings["UNDERSTUDY_UNPROTECTED"] = "1";
  page_.close();
  set_epoch_row(9, "south");
  const auto reckless = start(settings);
  EXPECT_TRUE(eventually([&] { return reckless->ready(); }));
  const auto bought = reckless->buy(key("reckless"), event());
  EXPECT_EQ(bought.status, 201U);
  EXPECT_EQ(bought.number("epoch"), 0);
  EXPECT_NE(reckless->output().find("obeys no fence"), std::string::npos);
}

}  // namespace
}  // namespace understudy::test
