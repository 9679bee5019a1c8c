// Selling: never a seat twice, never a purchase twice.

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "stack.h"

namespace understudy::test {
namespace {

void at_once(int threads, const std::function<void(int)>& work) {
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back([&work, i] { work(i); });
  for (auto& thread : running) thread.join();
}

class Selling : public Stack {
 protected:
  std::unique_ptr<Boxoffice> web_ = start_web();
};

TEST_F(Selling, a_purchase_answers_what_was_bought) {
  const auto bought = web_->buy("first-" + std::to_string(event()), event());
  EXPECT_EQ(bought.status, 201U);
  EXPECT_EQ(bought.number("event"), event());
  EXPECT_EQ(bought.number("seat"), 1);
  EXPECT_EQ(bought.number("epoch"), 7);
  EXPECT_EQ(bought.text("region"), "north");
  EXPECT_NE(bought.response.body.find(R"("acknowledged_by":{"region":"north","epoch":7})"),
            std::string::npos);
  EXPECT_GT(bought.number("order"), 0);
  EXPECT_NE(bought.response.header("X-Request-Id"), "");

  const auto found = web_->get("/api/orders/first-" + std::to_string(event()));
  EXPECT_EQ(found.status, 200U);
  EXPECT_EQ(found.response.body, bought.response.body);
  EXPECT_EQ(web_->get("/api/orders/nobodys").status, 404U);
}

TEST_F(Selling, thirty_two_buyers_of_the_best_seat_never_oversell_fifty_seats) {
  std::mutex mutex;
  std::set<std::int64_t> seats;
  std::atomic<int> sold = 0;
  std::atomic<int> sold_out = 0;
  at_once(32, [&](int thread) {
    for (int i = 0;; ++i) {
      const auto answer = web_->buy("rush-" + std::to_string(event()) + "-" +
                                        std::to_string(thread) + "-" + std::to_string(i),
                                    event());
      if (answer.status != 201) {
        EXPECT_EQ(answer.status, 409U) << answer.response.body;
        ++sold_out;
        return;
      }
      ++sold;
      const std::lock_guard lock(mutex);
      seats.insert(answer.number("seat"));
    }
  });
  EXPECT_EQ(sold, kSeats);
  EXPECT_EQ(sold_out, 32);
  EXPECT_EQ(seats.size(), static_cast<std::size_t>(kSeats));
  EXPECT_EQ(orders(), kSeats);
  EXPECT_EQ(database().count("SELECT count(*) FROM outbox JOIN orders o ON o.id = order_id"
                             " WHERE o.event = " +
                             std::to_string(event())),
            kSeats);
}

TEST_F(Selling, thirty_two_buyers_of_the_same_fifty_seats_have_one_winner_each) {
  std::atomic<int> sold = 0;
  std::atomic<int> taken = 0;
  at_once(32, [&](int thread) {
    for (int seat = 1; seat <= kSeats; ++seat) {
      const auto answer = web_->buy("seat-" + std::to_string(event()) + "-" +
                                        std::to_string(thread) + "-" + std::to_string(seat),
                                    event(), seat);
      EXPECT_TRUE(answer.status == 201 || answer.status == 409) << answer.response.body;
      ++(answer.status == 201 ? sold : taken);
    }
  });
  EXPECT_EQ(sold, kSeats);
  EXPECT_EQ(taken, 31 * kSeats);
  EXPECT_EQ(orders(), kSeats);
}

// All have chosen a seat before the first of them may write its order: the moment at which a sale
// that does not lock what it chose would sell the same seat to everybody.
TEST_F(Selling, ten_buyers_who_choose_at_the_same_moment_get_ten_seats) {
  auto gate = postgres::Connection::open(database().as_superuser(), 5s);
  ASSERT_TRUE(gate.ok());
  for (const int seat : {0, 33}) {
    ASSERT_TRUE(gate->run_script("BEGIN; LOCK TABLE orders IN SHARE MODE", 5s).ok());
    std::atomic<int> sold = 0;
    std::atomic<int> refused = 0;
    std::vector<std::thread> buyers;
    for (int i = 0; i < 10; ++i)
      buyers.emplace_back([&, i] {
        const auto answer = web_->buy("moment-" + std::to_string(event()) + "-" +
                                          std::to_string(seat) + "-" + std::to_string(i),
                                      event(), seat);
        EXPECT_TRUE(answer.status == 201 || answer.status == 409) << answer.response.body;
        ++(answer.status == 201 ? sold : refused);
      });
    EXPECT_TRUE(eventually([] {
      return database().count(
                 "SELECT count(*) FROM pg_stat_activity WHERE usename = 'boxoffice'"
                 " AND wait_event_type = 'Lock'") == 10;
    }));
    EXPECT_TRUE(gate->run_script("COMMIT", 5s).ok());
    for (auto& buyer : buyers) buyer.join();
    EXPECT_EQ(sold, seat == 0 ? 10 : 1);
    EXPECT_EQ(refused, seat == 0 ? 0 : 9);
  }
  EXPECT_EQ(orders(), 11);
}

TEST_F(Selling, one_purchase_sent_many_times_at_once_is_one_order) {
  for (const int seat : {0, 17}) {
    const std::string key = "once-" + std::to_string(event()) + "-" + std::to_string(seat);
    std::atomic<int> created = 0;
    std::atomic<int> repeated = 0;
    std::mutex mutex;
    std::set<std::string> bodies;
    at_once(24, [&](int) {
      const auto answer = web_->buy(key, event(), seat);
      if (answer.status == 201) ++created;
      if (answer.status == 200) ++repeated;
      const std::lock_guard lock(mutex);
      bodies.insert(answer.response.body);
    });
    EXPECT_EQ(created, 1);
    EXPECT_EQ(repeated, 23);
    EXPECT_EQ(bodies.size(), 1U);
  }
  EXPECT_EQ(orders(), 2);
  EXPECT_EQ(database().count("SELECT count(*) FROM seats WHERE state <> 'free' AND event = " +
                             std::to_string(event())),
            2);
}

TEST_F(Selling, a_purchase_is_repeated_even_when_everything_is_sold) {
  const std::string key = "last-" + std::to_string(event());
  EXPECT_EQ(web_->buy(key, event()).status, 201U);
  database().run("UPDATE seats SET state = 'sold' WHERE event = " + std::to_string(event()));
  EXPECT_EQ(web_->buy(key, event()).status, 200U);
  EXPECT_EQ(web_->buy(key + "-other", event()).status, 409U);
}

TEST_F(Selling, a_key_is_for_one_request_only) {
  const std::string key = "key-" + std::to_string(event());
  EXPECT_EQ(web_->buy(key, event()).status, 201U);
  EXPECT_EQ(web_->buy(key, event(), 5).status, 422U);
  EXPECT_EQ(web_->buy(key, 1).status, 422U);
  EXPECT_EQ(orders(), 1);
}

TEST_F(Selling, what_cannot_be_sold_is_refused) {
  EXPECT_EQ(web_->post("/api/orders", R"({"event":1,"buyer":"a"})").status, 400U);  // no key
  EXPECT_EQ(web_->post("/api/orders", "nonsense", "k").status, 400U);
  EXPECT_EQ(web_->post("/api/orders", R"({"buyer":"a"})", "k").status, 400U);
  EXPECT_EQ(web_->buy("k", 999'999).status, 404U);
  EXPECT_EQ(web_->buy("k", event(), 51).status, 404U);
  EXPECT_EQ(web_->get("/nowhere").status, 404U);
  EXPECT_EQ(web_->remove("/api/orders").status, 405U);
  EXPECT_EQ(web_->get("/feed").status, 426U);
  EXPECT_EQ(orders(), 0);
}

TEST_F(Selling, a_held_seat_is_sold_to_its_holder_only) {
  const std::string id = std::to_string(event());
  const auto held = web_->post("/api/holds", R"({"buyer":"a","seat":3,"event":)" + id + "}");
  ASSERT_EQ(held.status, 201U) << held.response.body;
  EXPECT_EQ(held.number("seat"), 3);
  EXPECT_EQ(web_->buy("other-" + id, event(), 3).status, 409U);
  EXPECT_EQ(web_->post("/api/holds", R"({"buyer":"b","seat":3,"event":)" + id + "}").status, 409U);

  const std::string with_hold =
      R"({"buyer":"a","seat":3,"hold":")" + held.text("hold") + R"(","event":)" + id + "}";
  EXPECT_EQ(web_->post("/api/orders", with_hold, "holder-" + id).status, 201U);
  EXPECT_EQ(web_->post("/api/orders", with_hold, "holder-" + id).status, 200U);
  EXPECT_EQ(web_->remove("/api/holds/" + held.text("hold")).status, 404U);
  EXPECT_EQ(orders(), 1);
}

TEST_F(Selling, a_hold_given_back_frees_its_seat) {
  const std::string id = std::to_string(event());
  const auto held = web_->post("/api/holds", R"({"buyer":"a","event":)" + id + "}");
  ASSERT_EQ(held.status, 201U);
  EXPECT_EQ(web_->remove("/api/holds/" + held.text("hold")).status, 204U);
  EXPECT_EQ(web_->remove("/api/holds/" + held.text("hold")).status, 404U);
  EXPECT_EQ(web_->buy("after-" + id, event(), static_cast<int>(held.number("seat"))).status, 201U);
}

TEST_F(Selling, readers_see_events_seats_and_a_page) {
  const auto seats = web_->get("/api/events/" + std::to_string(event()));
  EXPECT_EQ(seats.status, 200U);
  EXPECT_EQ(seats.body.at("seats").as_array().size(), static_cast<std::size_t>(kSeats));
  EXPECT_EQ(web_->get("/api/events/999999").status, 404U);
  EXPECT_EQ(web_->get("/api/events/x").status, 404U);
  EXPECT_GE(web_->get("/api/events").body.at("events").as_array().size(), 400U);
  const auto page = web_->get("/");
  EXPECT_EQ(page.status, 200U);
  EXPECT_TRUE(page.response.content_type.starts_with("text/html"));
  EXPECT_NE(page.response.body.find("City Jazz, no. 1<"), std::string::npos);
}

}  // namespace
}  // namespace understudy::test
