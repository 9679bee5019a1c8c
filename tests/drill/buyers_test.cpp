// Buyers against a server that answers, stalls, cuts and is not there.

#include "drill/buyers.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <set>

#include "drill/evidence.h"
#include "drill/latency.h"
#include "web_stub.h"

namespace understudy::drill {
namespace {

class BuyersTest : public testing::Test {
 protected:
  BuyersTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "buyers-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    writer_ = LedgerWriter::create(folder_ / "ledger").value();
  }
  ~BuyersTest() override { std::filesystem::remove_all(folder_); }

  static BuyersOptions options(const std::string& url) {
    BuyersOptions options;
    options.run = "test";
    options.order_urls = {url};
    options.orders_per_second = 200;
    options.retry_after = milliseconds(10);
    return options;
  }
  Ledger ledger() const { return read_ledger(folder_ / "ledger").value(); }

  std::filesystem::path folder_;
  std::unique_ptr<LedgerWriter> writer_;
};

TEST_F(BuyersTest, buy_over_kept_connections_and_every_step_is_in_the_ledger) {
  WebStub web([](const auto& request) {
    if (request.method == "GET") return StubReply{request.path == "/" ? 200U : 500U, "a page"};
    return StubReply{201, sale(request, 7, "north")};
  });
  auto chosen = options(web.url());
  chosen.page_urls = {web.url()};
  chosen.pages_per_second = 50;
  Buyers buyers(chosen, *writer_);
  ASSERT_TRUE(buyers.start());
  ASSERT_TRUE(eventually([&] { return buyers.counters().acknowledged >= 100; }));
  buyers.stop(std::chrono::seconds(5));

  const auto counters = buyers.counters();
  const auto read = ledger();
  EXPECT_EQ(read.attempts.size(), counters.attempts);
  EXPECT_EQ(read.acknowledgements.size(), counters.attempts);
  EXPECT_EQ(counters.in_flight, 0U);
  EXPECT_EQ(counters.arrivals, counters.attempts);
  ASSERT_TRUE(counters.last_acknowledgement);
  EXPECT_EQ(counters.last_acknowledgement->region, "north");
  EXPECT_EQ(read.acknowledgements.front().epoch, 7);
  for (std::size_t i = 1; i < read.attempts.size(); ++i) {
    const auto gap = read.attempts[i].scheduled.boot - read.attempts[i - 1].scheduled.boot;
    ASSERT_EQ(gap, milliseconds(5)) << "the schedule follows the rate, not our own pace";
  }
  EXPECT_EQ(read.pages.size(), counters.pages_ok + counters.page_errors);
  for (const auto& page : read.pages) EXPECT_EQ(page.ok, page.path == "/") << page.reason;
  EXPECT_GT(counters.pages_ok, 0U);
  EXPECT_GT(counters.page_errors, 0U);
  EXPECT_LT(web.connections_accepted(), counters.attempts / 2);
  EXPECT_FALSE(read.torn);
}

TEST_F(BuyersTest, who_come_while_the_server_stalls_are_sent_on_schedule_and_count_their_wait) {
  std::atomic<bool> stall = false;
  std::atomic<bool> stalled = false;
  std::atomic<bool> go_on = false;
  WebStub web([&](const auto& request) {
    if (stall && !go_on) {
      stalled = true;
      static_cast<void>(eventually([&] { return go_on.load(); }));
    }
    return StubReply{201, sale(request, 7, "north")};
  });
  auto chosen = options(web.url());
  chosen.timeout = std::chrono::seconds(60);
  Buyers buyers(chosen, *writer_);
  ASSERT_TRUE(buyers.start());
  ASSERT_TRUE(eventually([&] { return buyers.counters().acknowledged >= 50; }));
  stall = true;
  ASSERT_TRUE(eventually([&] { return stalled.load(); }));
  // A second of the schedule goes by. Closed-loop buyers would wait here for their answers, and so
  // many would never be in flight.
  const auto sent_before = buyers.counters().attempts;
  ASSERT_TRUE(eventually([&] { return buyers.counters().attempts >= sent_before + 200; }));
  ASSERT_TRUE(eventually([&] { return buyers.counters().in_flight >= 200; }));
  go_on = true;
  buyers.stop(std::chrono::seconds(30));

  Latencies latencies;
  for (const auto& story : tell_stories(ledger())) {
    ASSERT_EQ(story.fate, Fate::acknowledged) << story.last_reason;
    latencies.add(story.acknowledgements.front().received.boot - story.scheduled.boot);
  }
  // Of 200 orders spread over the stalled second, 100 had to wait half of it and 180 a tenth.
  EXPECT_GE(latencies.count_from(milliseconds(500)), 95U);
  EXPECT_GE(latencies.count_from(milliseconds(100)), 175U);
}

TEST_F(BuyersTest, retry_unknown_outcomes_under_the_same_key_and_nothing_is_sent_unrecorded) {
  std::mutex mutex;
  std::map<std::string, unsigned> requests;
  std::atomic<unsigned> total = 0;
  WebStub web([&](const auto& request) -> std::optional<StubReply> {
    const std::lock_guard lock(mutex);
    ++total;
    // Every third request is cut, always on a kept connection that has served before.
    if (++requests[request.key] == 1 && total % 3 == 0) return std::nullopt;
    return StubReply{201, sale(request, 7, "north")};
  });
  Buyers buyers(options(web.url()), *writer_);
  ASSERT_TRUE(buyers.start());
  ASSERT_TRUE(eventually([&] { return buyers.counters().acknowledged >= 100; }));
  buyers.stop(std::chrono::seconds(10));

  const auto read = ledger();
  EXPECT_EQ(total, read.attempts.size()) << "libcurl repeated a request by itself";
  EXPECT_GE(read.unknowns.size(), 10U);
  for (const auto& story : tell_stories(read)) {
    EXPECT_EQ(story.fate, Fate::acknowledged);
    EXPECT_EQ(story.tries, requests[story.key]);
  }
}

TEST_F(BuyersTest, who_time_out_do_not_know_and_give_up_after_their_last_try) {
  std::atomic<bool> end = false;
  WebStub web([&](const auto&) -> std::optional<StubReply> {
    static_cast<void>(eventually([&] { return end.load(); }));
    return std::nullopt;
  });
  auto chosen = options(web.url());
  chosen.timeout = milliseconds(100);
  chosen.tries_max = 2;
  Buyers buyers(chosen, *writer_);
  ASSERT_TRUE(buyers.start());
  ASSERT_TRUE(eventually([&] { return buyers.counters().unknown >= 100; }));
  buyers.stop(std::chrono::seconds(10));
  end = true;

  for (const auto& story : tell_stories(ledger())) {
    EXPECT_EQ(story.fate, Fate::unknown);
    EXPECT_EQ(story.tries, 2U);
    EXPECT_THAT(story.last_reason, testing::StartsWith("timed out"));
  }
}

TEST_F(BuyersTest, whose_ingress_is_dead_are_refused_since_nothing_was_sent) {
  std::string dead;
  {
    dead = WebStub([](const auto&) { return std::nullopt; }).url();
  }
  Buyers buyers(options(dead), *writer_);
  ASSERT_TRUE(buyers.start());
  ASSERT_TRUE(eventually([&] { return buyers.counters().refused >= 20; }));
  buyers.stop(std::chrono::seconds(5));
  const auto read = ledger();
  EXPECT_EQ(read.refusals.size(), read.attempts.size());
  EXPECT_THAT(read.refusals.front().reason, testing::StartsWith("never sent"));
}

TEST_F(BuyersTest, keep_to_the_address_that_their_number_says) {
  std::mutex mutex;
  std::map<std::string, std::set<std::string>> seen;
  const auto note = [&](std::string where) {
    return [&, where](const StubRequest& request) {
      const std::lock_guard lock(mutex);
      seen[where].insert(request.key);
      return StubReply{201, sale(request, 7, where)};
    };
  };
  WebStub north(note("north"));
  WebStub south(note("south"));
  Buyers buyers(options(north.url()), *writer_);
  ASSERT_TRUE(buyers.start());
  ASSERT_TRUE(eventually([&] { return buyers.counters().acknowledged >= 50; }));
  buyers.send_to({north.url(), south.url()});
  const auto before = buyers.counters().attempts;
  ASSERT_TRUE(eventually([&] { return buyers.counters().attempts >= before + 50; }));
  buyers.stop(std::chrono::seconds(5));

  EXPECT_GE(seen["south"].size(), 20U);
  for (const auto& key : seen["south"]) {
    EXPECT_EQ(std::stoul(key.substr(5)) % 2, 1U);
    EXPECT_FALSE(seen["north"].contains(key));
  }
}

TEST_F(BuyersTest, still_waiting_when_the_drill_ends_do_not_know) {
  std::atomic<bool> end = false;
  std::atomic<bool> asked = false;
  WebStub web([&](const auto&) -> std::optional<StubReply> {
    asked = true;
    static_cast<void>(eventually([&] { return end.load(); }));
    return std::nullopt;
  });
  Buyers buyers(options(web.url()), *writer_);
  ASSERT_TRUE(buyers.start());
  ASSERT_TRUE(eventually([&] { return asked.load(); }));
  buyers.stop(milliseconds(0));
  end = true;
  const auto read = ledger();
  EXPECT_EQ(read.unknowns.size() + read.refusals.size(), read.attempts.size());
  EXPECT_GE(read.unknowns.size(), 1U);
}

TEST_F(BuyersTest, beyond_the_limit_in_flight_are_turned_away_and_recorded) {
  std::atomic<bool> end = false;
  WebStub web([&](const auto& request) {
    static_cast<void>(eventually([&] { return end.load(); }));
    return StubReply{201, sale(request, 7, "north")};
  });
  auto chosen = options(web.url());
  chosen.in_flight_max = 10;
  chosen.timeout = std::chrono::seconds(60);
  Buyers buyers(chosen, *writer_);
  ASSERT_TRUE(buyers.start());
  ASSERT_TRUE(eventually([&] { return buyers.counters().refused >= 20; }));
  EXPECT_LE(buyers.counters().in_flight, 10U);
  end = true;
  buyers.stop(std::chrono::seconds(10));
  EXPECT_EQ(ledger().attempts.size(), buyers.counters().acknowledged + buyers.counters().refused);
}

TEST_F(BuyersTest, with_senseless_options_do_not_start) {
  auto without_url = options("http://127.0.0.1:1");
  without_url.order_urls.clear();
  auto without_run = options("http://127.0.0.1:1");
  without_run.run.clear();
  auto without_rate = options("http://127.0.0.1:1");
  without_rate.orders_per_second = 0;
  for (const auto& chosen : {without_url, without_run, without_rate}) {
    Buyers buyers(chosen, *writer_);
    EXPECT_FALSE(buyers.start());
  }
  Buyers twice(options("http://127.0.0.1:1"), *writer_);
  EXPECT_TRUE(twice.start());
  EXPECT_FALSE(twice.start());
}

}  // namespace
}  // namespace understudy::drill
