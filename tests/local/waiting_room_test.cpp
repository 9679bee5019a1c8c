// Requests that come while no region takes new ones.
#include "local/waiting_room.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "crowd.h"
#include "system/file.h"
#include "two_regions.h"

namespace understudy {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr auto kLong = milliseconds(10'000);

struct RequestsWaiting : TwoRegions {
  explicit RequestsWaiting(Duration wait_max = kLong, unsigned ports_of_suite = 1'300)
      : TwoRegions(ports_of_suite, wait_max) {}

  [[nodiscard]] std::future<std::vector<Told>> crowd(const CrowdPlan& plan) const {
    return std::async(std::launch::async,
                      [this, plan] { return order_in_a_crowd(layout_.edge_http(), plan); });
  }
  void expect_each_sent_once(std::size_t orders) const {
    const auto sent = orders_sent();
    EXPECT_EQ(sent.size(), orders);
    for (const auto& [order, times] : sent) EXPECT_EQ(times, 1U) << order;
  }
};

TEST_F(RequestsWaiting, none_fails_while_the_regions_change_over) {
  auto all = crowd({.count = 600, .a_second = 200});
  ASSERT_TRUE(eventually([&] { return orders_sent().size() > 100; }));
  set_gate(here_, false);
  std::this_thread::sleep_for(milliseconds(1'200));
  is_not_ready(here_);
  is_ready(there_);
  const auto told = all.get();
  fmt::print("{}\n", summary(told));
  EXPECT_EQ(count_told(told, 200), 600U);
  EXPECT_GE(longest(told), milliseconds(1'000)) << "nobody had to wait";
  expect_each_sent_once(600);
}

TEST_F(RequestsWaiting, two_thousand_are_all_served) {
  drain();
  auto all = crowd({.count = 2'000, .a_second = 2'000});
  ASSERT_TRUE(eventually([&] { return at_the_edge() == 2'000; }));
  EXPECT_EQ(serving(), "503") << "whoever asks for readiness is answered";
  EXPECT_TRUE(orders_sent().empty());
  is_ready(there_);
  const auto told = all.get();
  fmt::print("{}\n", summary(told));
  EXPECT_EQ(count_told(told, 200), 2'000U);
  expect_each_sent_once(2'000);
}

TEST_F(RequestsWaiting, are_bounded_in_number_and_more_are_refused_at_once) {
  drain();
  const unsigned before = came_to_the_edge();
  auto all = crowd({.count = kWaitBelowSessions + 300, .a_second = 2'000});
  ASSERT_TRUE(eventually([&] { return came_to_the_edge() - before >= kWaitBelowSessions + 300; },
                         kLong / 2));
  EXPECT_LE(at_the_edge(), kWaitBelowSessions + 1);
  is_ready(there_);
  const auto told = all.get();
  fmt::print("{}\n", summary(told));
  EXPECT_GE(count_told(told, 503), 290U);
  EXPECT_EQ(count_told(told, 200) + count_told(told, 503), told.size());
  expect_each_sent_once(count_told(told, 200));
}

TEST_F(RequestsWaiting, free_their_place_when_the_client_goes_away) {
  drain();
  auto all = crowd({.count = 50, .a_second = 1'000, .patience = milliseconds(500)});
  ASSERT_TRUE(eventually([&] { return at_the_edge() == 50; }));
  EXPECT_EQ(count_told(all.get(), 0), 50U);
  EXPECT_TRUE(eventually([&] { return at_the_edge() == 0; }, kLong / 2));
  is_ready(there_);
  EXPECT_TRUE(eventually([&] { return get("/after") == "200 " + there_; }));
  EXPECT_TRUE(orders_sent().empty()) << "nobody is there for its outcome";
}

TEST_F(RequestsWaiting, are_let_go_in_the_order_in_which_they_came) {
  drain();
  auto all = crowd({.count = 200, .a_second = 200});
  ASSERT_TRUE(eventually([&] { return at_the_edge() == 200; }));
  is_ready(there_);
  const auto told = all.get();
  EXPECT_EQ(count_told(told, 200), 200U);
  unsigned overtaken = 0;
  unsigned last = 0;
  for (const std::string& head : there().asked()) {
    if (!head.starts_with("POST /order/")) continue;
    const auto number = static_cast<unsigned>(std::stoul(head.substr(12)));
    if (number + 50 < last) ++overtaken;
    last = std::max(last, number);
  }
  EXPECT_LE(overtaken, 5U) << "no one is far behind those who came later";
}

TEST_F(RequestsWaiting, are_told_apart_from_the_time_for_which_an_acknowledgement_is_promised) {
  drain();
  auto answer = std::async(std::launch::async, [this] { return get("/order"); });
  ASSERT_TRUE(eventually([&] { return at_the_edge() == 1; }));
  std::this_thread::sleep_for(milliseconds(3'000));
  there().answers(200, "sold", "Understudy-Acknowledge-Within: 2500\r\n");
  EXPECT_EQ(answer.get(), "200 sold") << "the time counts from when it was sent to the region";
  there().answers(200, "sold", "Understudy-Acknowledge-Within: 0\r\n");
  EXPECT_THAT(get("/order"), StartsWith("503"));
}

TEST_F(RequestsWaiting, may_want_to_become_web_sockets) {
  drain();
  auto answer = std::async(std::launch::async, [this] {
    return get("/feed", {{"Connection", "Upgrade"},
                         {"Upgrade", "websocket"},
                         {"Sec-WebSocket-Version", "13"},
                         {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}});
  });
  ASSERT_TRUE(eventually([&] { return at_the_edge() == 1; }));
  is_ready(there_);
  EXPECT_EQ(answer.get(), "200 " + there_);
  ASSERT_EQ(there().asked("/feed").size(), 1U);
  EXPECT_THAT(there().asked("/feed").front(), HasSubstr("upgrade: websocket"));
}

struct RequestsWaitingInVain : RequestsWaiting {
  RequestsWaitingInVain() : RequestsWaiting(milliseconds(700), 1'400) {}
};

TEST_F(RequestsWaitingInVain, are_refused_after_the_bound_and_told_to_come_again) {
  drain();
  const auto told = order_in_a_crowd(layout_.edge_http(), {.count = 20, .a_second = 100});
  fmt::print("{}\n", summary(told));
  for (const Told& each : told) {
    EXPECT_EQ(each.status, 503U);
    EXPECT_THAT(each.head, HasSubstr("retry-after: 1"));
    EXPECT_GE(each.after, milliseconds(700));
    EXPECT_LT(each.after, milliseconds(5'000));
  }
  EXPECT_TRUE(orders_sent().empty());
}

struct NobodyWaiting : RequestsWaiting {
  NobodyWaiting() : RequestsWaiting(Duration::zero(), 1'420) {}
};

TEST_F(NobodyWaiting, is_refused_at_once_where_waiting_is_off) {
  drain();
  const auto told = order_in_a_crowd(layout_.edge_http(), {.count = 1, .a_second = 1});
  EXPECT_EQ(told[0].status, 503U);
  EXPECT_THAT(told[0].head, HasSubstr("retry-after: 1"));
  EXPECT_LT(told[0].after, kLong);
  EXPECT_FALSE(file::exists(layout_.file("edge/waiting.lua")));
}

}  // namespace
}  // namespace understudy
