// A region that lets no new requests in and ends those under way.
#include "local/haproxy_gate.h"

#include <gmock/gmock.h>

#include <future>

#include "two_regions.h"

namespace understudy {
namespace {

struct RegionDraining : TwoRegions {
  RegionDraining() : TwoRegions(1'100, Duration::zero()) {}

  /// A request that the region has and does not answer yet.
  [[nodiscard]] std::future<std::string> request_under_way(const Endpoint& at) {
    here().holds("/under-way");
    auto answer = std::async(std::launch::async, [this, at] { return get(at, "/under-way"); });
    EXPECT_TRUE(eventually([&] { return here().held() == 1; }));
    return answer;
  }
};

TEST_F(RegionDraining, ends_what_is_under_way_and_is_sent_nothing_new) {
  auto under_way = request_under_way(layout_.edge_http());
  drain();
  EXPECT_THAT(get("/new"), testing::StartsWith("503"));
  EXPECT_TRUE(here().asked("/new").empty());
  here().lets_go();
  EXPECT_EQ(under_way.get(), "200 " + here_);
}

TEST_F(RegionDraining, hands_over_to_the_other_region_once_that_is_ready) {
  auto under_way = request_under_way(layout_.edge_http());
  drain();
  is_ready(there_);
  EXPECT_TRUE(eventually([&] { return get("/new") == "200 " + there_; }));
  here().lets_go();
  EXPECT_EQ(under_way.get(), "200 " + here_);
}

TEST_F(RegionDraining, that_is_fenced_is_cut_off_as_any_other) {
  auto under_way = request_under_way(layout_.edge_http());
  drain();
  is_not_ready(here_);
  const std::string answer = under_way.get();
  EXPECT_TRUE(answer == "0" || answer.starts_with("502")) << answer;
}

TEST_F(RegionDraining, that_dies_is_cut_off_as_any_other) {
  auto under_way = request_under_way(layout_.edge_http());
  drain();
  kill_load_balancer(here_);
  const std::string answer = under_way.get();
  EXPECT_TRUE(answer == "0" || answer.starts_with("502")) << answer;
}

TEST_F(RegionDraining, takes_requests_again_when_its_gate_is_opened) {
  drain();
  set_gate(here_, true);
  EXPECT_TRUE(eventually([&] { return get("/again") == "200 " + here_; }));
}

TEST_F(RegionDraining, takes_requests_again_when_its_load_balancer_was_restarted) {
  drain();
  kill_load_balancer(here_);
  start_load_balancer(here_);
  EXPECT_TRUE(eventually([&] { return get("/again") == "200 " + here_; }));
}

TEST_F(RegionDraining, is_told_so_as_often_as_one_likes) {
  set_gate(here_, true);
  drain();
  drain();
  set_gate(here_, true);
  set_gate(here_, true);
  EXPECT_TRUE(eventually([&] { return get("/again") == "200 " + here_; }));
}

TEST_F(RegionDraining, keeps_sessions_with_its_database_and_gets_no_new_ones) {
  StubOrigin database(layout_.postgres(here_));
  ASSERT_TRUE(eventually([&] { return get(layout_.edge_database(), "/").starts_with("200"); }));
  database.holds("/under-way");
  auto session =
      std::async(std::launch::async, [this] { return get(layout_.edge_database(), "/under-way"); });
  ASSERT_TRUE(eventually([&] { return database.held() == 1; }));
  drain();
  EXPECT_TRUE(eventually([&] { return get(layout_.edge_database(), "/new") == "0"; }));
  database.lets_go();
  EXPECT_THAT(session.get(), testing::StartsWith("200"));
}

TEST_F(RegionDraining, cannot_be_asked_for_without_a_load_balancer) {
  kill_load_balancer(here_);
  const auto asked = HaproxyGate(layout_, here_, *clock_)
                         .set_open(false, clock_->boot() + std::chrono::seconds(5));
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().after, After::unchanged_retry) << asked.error().what;
}

}  // namespace
}  // namespace understudy
