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

/// So long that nobody waits in vain, however little of the machine the test gets.
constexpr auto kLong = milliseconds(60'000);

struct RequestsWaiting : TwoRegions {
  explicit RequestsWaiting(Duration wait_max = kLong, unsigned ports_of_suite = 1'300)
      : TwoRegions(ports_of_suite, wait_max) {}

  [[nodiscard]] std::future<std::vector<Told>> crowd(const CrowdPlan& plan) const {
    return std::async(std::launch::async,
                      [this, plan] { return order_in_a_crowd(layout_.edge_http(), plan); });
  }
  /// Whoever was served was sent to a region once, and whoever was told to come again not at all.
  /// (A bare 503 of HAProxy's proves nothing: it cuts off what it had just sent.)
  void expect_none_sent_twice(const std::vector<Told>& told) const {
    const auto sent = orders_sent();
    for (const auto& [order, times] : sent) EXPECT_EQ(times, 1U) << order;
    for (std::size_t i = 0; i < told.size(); ++i) {
      const bool was_sent = sent.contains("/order/" + std::to_string(i));
      EXPECT_TRUE(told[i].status != 200 || was_sent) << i;
      EXPECT_TRUE(told[i].head.find("retry-after") == std::string::npos || !was_sent) << i;
    }
  }
  /// A machine that gives the edge a twentieth of a core keeps it from its checks: it leaves a
  /// region that is well, and cuts some off. That is no matter of waiting. The home region it may
  /// leave once: when it is no longer ready.
  [[nodiscard]] bool edge_could_work() const {
    const unsigned there = left(there_) - left_at_first_;
    const unsigned here = left(here_) - left_here_at_first_;
    if (there == 0 && here <= 1) return true;
    fmt::print("the edge's checks came too late {} times\n", there + here);
    return false;
  }

 private:
  const unsigned left_at_first_ = left(there_);
  const unsigned left_here_at_first_ = left(here_);
};

TEST_F(RequestsWaiting, none_fails_while_the_regions_change_over) {
  auto all = crowd({.count = 600, .a_second = 200});
  ASSERT_TRUE(eventually([&] { return orders_sent().size() > 100; }));
  drain();
  std::this_thread::sleep_for(milliseconds(1'200));
  ASSERT_TRUE(eventually([&] { return edge_counts(here_, 4) == 0; })) << "still under way there";
  is_not_ready(here_);
  is_ready(there_);
  const auto told = all.get();
  fmt::print("{}\n", summary(told));
  EXPECT_TRUE(count_told(told, 200) == 600 || !edge_could_work());
  EXPECT_GE(longest(told), milliseconds(1'000)) << "nobody had to wait";
  expect_none_sent_twice(told);
}

TEST_F(RequestsWaiting, two_thousand_are_all_served) {
  drain();
  auto all = crowd({.count = 2'000, .a_second = 2'000});
  ASSERT_TRUE(eventually([&] { return at_the_edge() == 2'000; }, kLong));
  EXPECT_EQ(serving(), "503") << "whoever asks for readiness is answered";
  EXPECT_TRUE(orders_sent().empty());
  is_ready(there_);
  const auto told = all.get();
  fmt::print("{}\n", summary(told));
  expect_none_sent_twice(told);
  EXPECT_TRUE(count_told(told, 200) == 2'000 || !edge_could_work());
  EXPECT_TRUE(eventually([&] { return get("/after") == "200 " + there_; }));
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
  expect_none_sent_twice(told);
  EXPECT_GE(count_told(told, 503), 290U);
  EXPECT_TRUE(count_told(told, 200) == kWaitBelowSessions || !edge_could_work());
}

TEST_F(RequestsWaiting, free_their_place_when_the_client_goes_away) {
  drain();
  auto all = crowd({.count = 50, .a_second = 1'000, .patience = milliseconds(500)});
  ASSERT_TRUE(eventually([&] { return at_the_edge() == 50; }));
  EXPECT_EQ(count_told(all.get(), 0), 50U);
  EXPECT_TRUE(eventually([&] { return at_the_edge() == 0; }, kLong / 10));
  is_ready(there_);
  EXPECT_TRUE(eventually([&] { return get("/after") == "200 " + there_; }));
  EXPECT_TRUE(orders_sent().empty()) << "nobody is there for its outcome";
}

TEST_F(RequestsWaiting, are_let_go_in_the_order_in_which_they_came) {
  drain();
  auto all = crowd({.count = 600, .a_second = 1'000});
  ASSERT_TRUE(eventually([&] { return at_the_edge() == 600; }, kLong));
  is_ready(there_);
  EXPECT_TRUE(count_told(all.get(), 200) == 600 || !edge_could_work());
  unsigned sent = 0;
  unsigned early_comers = 0;
  for (const std::string& head : there().asked()) {
    if (!head.starts_with("POST /order/") || ++sent > 100) continue;
    if (std::stoul(head.substr(12)) < 300) ++early_comers;
  }
  EXPECT_GE(early_comers, 90U) << "of the first hundred; the others were not late by 200 ms";
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
  EXPECT_LT(told[0].after, milliseconds(5'000));
  EXPECT_FALSE(file::exists(layout_.file("edge/waiting.lua")));
}

}  // namespace
}  // namespace understudy
