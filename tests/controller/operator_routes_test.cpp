// What operators order by the control server's routes: who may, what is refused, what it does.

#include "controller/operator_routes.h"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>

#include "control_room.h"

namespace understudy::fake {

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Orders : public testing::Test {
 protected:
  Orders() {
    room_.settle();
    sentry_ = &room_.start_sentry();
    room_.world.stage.run_for(3s);
    alerts_.emplace("shop", 1h, std::vector<alerting::Target>{}, room_.world.events,
                    room_.world.stage, room_.world.stage);
    routes_ = operator_routes({room_.orchestration(), room_.runner(), *sentry_,
                               room_.start_standby_watch(), room_.start_rejoin_watch(),
                               room_.desk(), room_.controls(), *alerts_});
  }
  http::Response order(const std::string& path, boost::json::object body) {
    for (const ControlRoute& route : routes_) {
      if (route.path == path) return route.handle(ControlCall{http::Request{}, body});
    }
    ADD_FAILURE() << "no route " << path;
    return {};
  }
  /// What was wrong with it.
  std::string refused(const std::string& path, boost::json::object body) {
    const auto response = order(path, std::move(body));
    EXPECT_EQ(response.status, 422U) << path;
    return response.body;
  }
  [[nodiscard]] int row() { return room_.controls().permission_now(1).id; }

  static Topology asking() {
    Topology topology = two_regions();
    topology.policy.automatic_failover = Automation::ask;
    return topology;
  }
  ControlRoom room_{asking()};
  Sentry* sentry_ = nullptr;
  std::optional<alerting::Dispatcher> alerts_;
  std::vector<ControlRoute> routes_;
};

}  // namespace

TEST_F(Orders, are_for_the_command_line_alone_and_name_a_person) {
  for (const ControlRoute& route : routes_) {
    EXPECT_THAT(route.callers, testing::ElementsAre("cli")) << route.path;
    EXPECT_THAT(refused(route.path, {{"set", "off"}, {"on", true}, {"for_ms", 1000}}),
                HasSubstr("who"))
        << route.path;
  }
}

TEST_F(Orders, that_are_wrong_change_nothing) {
  const int before = row();
  EXPECT_THAT(refused("/v1/automation", {{"who", "ada"}, {"set", "perhaps"}}),
              HasSubstr("on, ask"));
  for (const std::int64_t length : {std::int64_t{0}, std::int64_t{-5}, INT64_MAX})
    EXPECT_THAT(refused("/v1/automation", {{"who", "ada"}, {"set", "off"}, {"for_ms", length}}),
                HasSubstr("for_ms"));
  EXPECT_THAT(refused("/v1/maintenance", {{"who", "ada"}, {"on", true}, {"reason", "disks"}}),
              HasSubstr("for_ms"));
  EXPECT_THAT(refused("/v1/maintenance", {{"who", "ada"}, {"on", true}, {"for_ms", 1000}}),
              HasSubstr("reason"));
  EXPECT_THAT(refused("/v1/acknowledge", {{"who", "ada"}}), HasSubstr("no automatic failover"));
  EXPECT_THAT(refused("/v1/test-alert", {{"who", "ada"}, {"to", "x"}}), HasSubstr("no target"));
  EXPECT_EQ(row(), before);
}

TEST_F(Orders, with_a_long_reason_are_cut_between_characters_and_can_be_read_back) {
  std::string reason = "x";  // so that a character of two bytes lies across the 200th
  for (int i = 0; i < 150; ++i) reason += "\u00e4";
  const auto off = order("/v1/automation", {{"who", "ada"}, {"set", "off"}, {"reason", reason}});
  EXPECT_EQ(off.status, 200U);
  const auto said = boost::json::parse(off.body).as_object().at("automation").as_object();
  EXPECT_EQ(said.at("automation").at("reason").as_string(), reason.substr(0, 199));
  const auto loaded = room_.controls().load();
  EXPECT_TRUE(loaded.ok()) << (loaded ? "" : loaded.error().what);
}

TEST_F(Orders, are_answered_with_what_is_so_now) {
  const auto off = order("/v1/automation", {{"who", "ada"}, {"set", "off"}, {"reason", "a\nb"}});
  EXPECT_EQ(off.status, 200U);
  const auto said = boost::json::parse(off.body).as_object().at("automation").as_object();
  EXPECT_EQ(said.at("permission").at("row"), 120);
  EXPECT_EQ(said.at("automation").at("reason"), "a b") << "one line";
  EXPECT_EQ(order("/v1/maintenance",
                  {{"who", "ada"}, {"on", true}, {"reason", "disks"}, {"for_ms", 60'000}})
                .status,
            200U);
  EXPECT_EQ(row(), 110);
}

TEST_F(Orders, to_decline_hold_for_the_whole_outage) {
  room_.world.kill(room_.world.north);
  ASSERT_TRUE(
      room_.world.stage.run_until([&] { return !room_.runner().questions().empty(); }, 10s));
  EXPECT_EQ(order("/v1/decline", {{"who", "ada"}}).status, 200U);
  EXPECT_EQ(row(), 130);
  room_.world.stage.run_for(1min);
  EXPECT_TRUE(room_.runner().questions().empty());
  room_.expect_nothing_changed();
}

TEST_F(Orders, to_fail_over_are_no_word_on_what_would_be_lost) {
  room_.world.south.database.now.streaming = false;
  room_.world.stage.run_for(10s);
  room_.world.kill(room_.world.north);
  const auto asks = [&](std::string_view state) {
    return room_.world.stage.run_until(
        [&] {
          const auto open = room_.runner().questions();
          return !open.empty() && open[0].state == state;
        },
        30s);
  };
  ASSERT_TRUE(asks(kAskToStart));
  EXPECT_EQ(order("/v1/approve", {{"who", "ada"}}).status, 200U);
  ASSERT_TRUE(asks(kAskOperator));
  EXPECT_THAT(refused("/v1/approve", {{"who", "bob"}}), HasSubstr("--accept-loss"));
  EXPECT_EQ(room_.world.south.database.promotions, 0U);
  EXPECT_EQ(order("/v1/approve", {{"who", "bob"}, {"accept_loss", true}}).status, 200U);
  EXPECT_EQ(room_.outcome(), "SUCCEEDED");
}

TEST_F(Orders, to_decline_a_loss_hold_for_the_whole_outage) {
  room_.world.south.database.now.streaming = false;
  room_.world.stage.run_for(10s);
  ASSERT_TRUE(room_.controls().set_automation(
      Automation::on, {.who = "ada", .reason = "", .at = room_.world.stage.wall()}));
  room_.world.kill(room_.world.north);
  ASSERT_TRUE(
      room_.world.stage.run_until([&] { return !room_.runner().questions().empty(); }, 30s));
  EXPECT_EQ(order("/v1/decline", {{"who", "ada"}}).status, 200U);
  room_.world.stage.run_for(1min);
  EXPECT_EQ(row(), 130);
  EXPECT_EQ(room_.world.events.count("failover.started"), 1U);
}

TEST_F(Orders, to_detach_name_a_person_and_leave_the_active_region_alone) {
  EXPECT_THAT(refused("/v1/detach", {}), HasSubstr("who"));
  EXPECT_EQ(order("/v1/detach", {{"who", "somebody"}}).status, 200U);
  EXPECT_FALSE(room_.world.record.record.standby.has_value());
}

}  // namespace understudy::fake
