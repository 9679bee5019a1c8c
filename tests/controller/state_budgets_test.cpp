// What past executions teach about those to come.

#include "controller/state_budgets.h"

#include <gmock/gmock.h>

namespace understudy {

namespace {

using std::chrono::seconds;

/// The history of an execution that goes through states one after the other.
class Past {
 public:
  Past& state(const std::string& name, Duration takes) {
    enter(name);
    now_ += takes;
    return leave(name);
  }
  Past& enter(const std::string& name) {
    add(states::EventType::task_state_entered,
        {{"stateEnteredEventDetails", boost::json::object{{"name", name}}}});
    return *this;
  }
  Past& leave(const std::string& name) {
    add(states::EventType::task_state_exited,
        {{"stateExitedEventDetails", boost::json::object{{"name", name}}}});
    return *this;
  }
  Past& event(states::EventType type) {
    add(type, {});
    return *this;
  }
  Past& wait(Duration length) {
    now_ += length;
    return *this;
  }
  [[nodiscard]] WallTime now() const { return now_; }
  [[nodiscard]] const std::vector<states::HistoryEvent>& events() const { return events_; }

 private:
  void add(states::EventType type, boost::json::object details) {
    events_.push_back(
        {.id = events_.size() + 1, .type = type, .timestamp = now_, .details = std::move(details)});
  }
  WallTime now_{seconds(1'000)};
  std::vector<states::HistoryEvent> events_;
};

StateBudgets learnt() {
  StateBudgets budgets;
  for (const int fence : {2, 4, 3})
    budgets.learn(Past().state("Fence", seconds(fence)).state("Promote", seconds(1)).events());
  return budgets;
}

}  // namespace

TEST(Budgets, are_what_a_state_usually_took_and_may_take) {
  const StateBudgets budgets = learnt();
  EXPECT_EQ(budgets.runs(), 3U);
  ASSERT_TRUE(budgets.of("Fence"));
  EXPECT_EQ(budgets.of("Fence")->median, seconds(3));
  EXPECT_EQ(budgets.of("Fence")->p90, seconds(4));
  EXPECT_FALSE(budgets.of("Elsewhere"));
}

TEST(Budgets, count_every_visit_of_a_state_that_was_tried_again) {
  StateBudgets budgets;
  budgets.learn(Past()
                    .state("Fence", seconds(2))
                    .state("Wait", seconds(1))
                    .state("Fence", seconds(2))
                    .events());
  EXPECT_EQ(budgets.of("Fence")->median, seconds(4));
}

TEST(Budgets, predict_when_one_that_runs_will_have_ended) {
  Past running;
  running.enter("Fence").wait(seconds(1));
  const auto prediction = learnt().predict(running.events(), running.now());
  ASSERT_TRUE(prediction);
  EXPECT_EQ(prediction->ends, running.now() + seconds(2) + seconds(1));
  EXPECT_THAT(prediction->critical_path, testing::ElementsAre("Fence", "Promote"));
}

TEST(Budgets, of_a_state_that_is_over_its_time_predict_no_end_in_the_past) {
  Past running;
  running.enter("Fence").wait(seconds(60));
  const auto prediction = learnt().predict(running.events(), running.now());
  ASSERT_TRUE(prediction);
  EXPECT_EQ(prediction->ends, running.now() + seconds(1));
}

TEST(Budgets, predict_nothing_when_nothing_was_learnt) {
  Past running;
  running.enter("Fence");
  EXPECT_FALSE(StateBudgets().predict(running.events(), running.now()));
}

TEST(Budgets, of_a_parallel_state_are_its_own_and_not_the_sum_of_its_branches) {
  StateBudgets budgets;
  budgets.learn(Past()
                    .enter("BringUp")
                    .event(states::EventType::parallel_state_started)
                    .state("ScaleServices", seconds(2))
                    .state("ConfirmTraffic", seconds(1))
                    .event(states::EventType::parallel_state_succeeded)
                    .leave("BringUp")
                    .events());
  Past running;
  running.enter("BringUp");
  const auto prediction = budgets.predict(running.events(), running.now());
  ASSERT_TRUE(prediction);
  EXPECT_EQ(prediction->ends, running.now() + seconds(3));
  EXPECT_EQ(budgets.of("ConfirmTraffic")->median, seconds(1));
}

}  // namespace understudy
