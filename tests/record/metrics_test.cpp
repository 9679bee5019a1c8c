// What the system says that it measured.

#include "record/metrics.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "record/history_view.h"
#include "tale.h"

namespace understudy::record {

TEST(Metrics, tell_how_long_each_state_took_and_how_often_it_was_tried) {
  const Tale tale = tale_of_a_failover();
  const auto metrics = metrics_of(tale.material.history);
  const auto& states = metrics.at("states").as_array();
  ASSERT_EQ(states.size(), 4U);
  EXPECT_EQ(states[0].at("state"), "Fence");
  EXPECT_EQ(states[0].at("attempts"), 2);
  EXPECT_EQ(states[0].at("failures"), 1);
  EXPECT_EQ(states[0].at("took_ms"), 1014);
  EXPECT_EQ(states[1].at("took_ms"), 2000);
  EXPECT_EQ(states[2].at("took_ms"), 20'000);
  EXPECT_EQ(metrics.at("total_ms"), 23'021);
}

TEST(Metrics, tell_the_lag_at_the_fence_and_counts) {
  const auto metrics = metrics_of(tale_of_a_failover().material.history);
  EXPECT_EQ(metrics.at("lag_at_fence").at("lag_ms"), 1890);
  EXPECT_EQ(metrics.at("counts").at("approvals"), 1);
  EXPECT_EQ(metrics.at("counts").at("failed_attempts"), 1);
  EXPECT_FALSE(metrics.contains("decision_to_traffic_ms")) << "this workflow moves no traffic";
}

TEST(Metrics, of_nothing_are_only_counts) {
  const auto metrics = metrics_of({});
  EXPECT_EQ(metrics.at("counts").at("history_events"), 0);
  EXPECT_FALSE(metrics.contains("total_ms"));
}

TEST(Answers, say_who_approved_and_when) {
  const auto answers = answers_of(tale_of_a_failover().material.history);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(answers[0].approved);
  EXPECT_EQ(answers[0].by, "ada");
  EXPECT_EQ(answers[0].state, "AskOperator");
}

}  // namespace understudy::record
