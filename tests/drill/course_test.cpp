// A drill's course: what a chart shows is what the ledger says, in the step in which it happened.

#include "drill/course.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <numeric>

#include "tale.h"

namespace understudy::drill {
namespace {

namespace json = boost::json;
using testing::ElementsAre;

std::vector<std::int64_t> numbers(const json::value& list) {
  return json::value_to<std::vector<std::int64_t>>(list);
}

std::int64_t total(const json::value& list) {
  const auto all = numbers(list);
  return std::accumulate(all.begin(), all.end(), std::int64_t{0});
}

json::object course_of_tale(const Tale& tale) {
  return course_of(tale.ledger, tale.drilled.fault_at, {{-250, 12}},
                   {{"north", -900, 2100, false}});
}

TEST(ACourse, counts_each_try_once_in_its_step) {
  Tale tale;
  tale.sells(0, 10'000, kNorth).refuses(10'000, 12'000).sells(12'000, 14'000, kSouth);
  const auto course = course_of_tale(tale);
  EXPECT_EQ(course.at("begins_ms"), -10'000);
  EXPECT_EQ(course.at("step_ms"), 100);
  const auto& edge = course.at("ingress").at(0);
  EXPECT_EQ(edge.at("name"), "http://edge");
  EXPECT_EQ(total(edge.at("acknowledged")), 1000 + 200);
  EXPECT_EQ(total(edge.at("refused")), 200);
  EXPECT_EQ(total(edge.at("unknown")), 0);
  // The answer to the first order after the fault came 10 ms later, so in the same step.
  EXPECT_EQ(numbers(edge.at("refused"))[99], 0);
  EXPECT_EQ(numbers(edge.at("refused"))[100], 9);
  const auto& by = course.at("acknowledged_by").as_array();
  ASSERT_EQ(by.size(), 2U);
  EXPECT_EQ(by[0].at("region"), "north");
  EXPECT_EQ(total(by[0].at("counts")), 1000);
  EXPECT_EQ(total(by[1].at("counts")), 200);
}

TEST(ACourse, tells_a_seat_that_was_taken_from_a_service_that_is_away) {
  Tale tale;
  tale.sells(0, 10'000, kNorth);
  tale.refused(tale.order(10'100), 10'110, 409).refused(tale.order(10'200), 10'210, 503);
  const auto course = course_of_tale(tale);
  EXPECT_EQ(total(course.at("ingress").at(0).at("declined")), 1);
  EXPECT_EQ(total(course.at("ingress").at(0).at("refused")), 1);
  ASSERT_EQ(course.at("errors").as_array().size(), 1U);
  EXPECT_EQ(course.at("errors").at(0).at("reason"), "refused: no");
}

TEST(ACourse, has_no_latency_for_a_second_in_which_nobody_was_served) {
  Tale tale;
  tale.sells(0, 10'000, kNorth).refuses(10'000, 11'000).sells(11'000, 12'000, kSouth);
  const auto course = course_of_tale(tale);
  const auto& p99 = course.at("latency").at("p99_ms").as_array();
  EXPECT_EQ(p99.at(9), Tale::kAnswerMs);
  EXPECT_TRUE(p99.at(10).is_null());
  EXPECT_EQ(p99.at(11), Tale::kAnswerMs);
}

TEST(ACourse, of_a_long_drill_has_longer_steps) {
  Tale tale;
  tale.sells(0, 1'000, kNorth);
  tale.acknowledged(tale.order(900'000), 900'010, kNorth);
  const auto course = course_of_tale(tale);
  EXPECT_EQ(course.at("step_ms"), 200);
  EXPECT_EQ(course.at("begins_ms"), -10'000);
  EXPECT_LE(course.at("page_errors").as_array().size(), 6000U);
}

TEST(ACourse, carries_lag_and_leases_along) {
  Tale tale;
  tale.sells(0, 10'000, kNorth);
  const auto course = course_of_tale(tale);
  EXPECT_THAT(numbers(course.at("lag").at("at_ms")), ElementsAre(-250));
  EXPECT_THAT(numbers(course.at("lag").at("lag_ms")), ElementsAre(12));
  EXPECT_EQ(course.at("leases").at(0),
            json::value(
                {{"region", "north"}, {"from_ms", -900}, {"until_ms", 2100}, {"endless", false}}));
}

}  // namespace
}  // namespace understudy::drill
