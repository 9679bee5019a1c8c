// The steps that change the record: each by compare-and-swap, each to be repeated without harm,
// whatever becomes of the answers.

#include "tests/recovery/step_story.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;

using AcquireTransition = StepStory;
using EveryChange = StepStory;
using PointOfNoReturn = StepStory;
using PromoteDatabase = StepStory;
using SwitchActiveRegion = StepStory;
using EndOfTransition = StepStory;

/// A step that changes the record, from which phase it starts and where it leads.
struct Swap {
  StepFunction step;
  Phase from;
  Phase to;
};
const std::vector<Swap> kSwaps = {
    {acquire_transition, Phase::none, Phase::open},
    {fence, Phase::open, Phase::revoked},
    {pass_point_of_no_return, Phase::revoked, Phase::promoting},
    {switch_active_region, Phase::promoting, Phase::switched},
    {complete_transition, Phase::switched, Phase::none},
    {abort_transition, Phase::open, Phase::none},
    {abort_transition, Phase::revoked, Phase::none},
};

}  // namespace

// One story each: the phase before, a fault at the swap, the phase after, and one change in all.
class Swaps : public StepStory, public testing::WithParamInterface<std::size_t> {
 protected:
  const Swap& swap_ = kSwaps[GetParam()];
  /// Runs the step and expects what it comes to without any fault.
  void expect_swapped_once() {
    const std::size_t before = changes();
    must(swap_.step);
    EXPECT_EQ(phase(), swap_.to);
    EXPECT_EQ(changes(), before + 1);
  }
};
INSTANTIATE_TEST_SUITE_P(All, Swaps, testing::Range<std::size_t>(0, kSwaps.size()));

TEST_P(Swaps, happen_once_when_the_step_is_run_twice) {
  until(swap_.from);
  const std::size_t before = changes();
  const auto first = must(swap_.step);
  input_["fence"] =
      input_.if_contains("fence") != nullptr ? input_["fence"] : boost::json::value(first);
  must(swap_.step);
  EXPECT_EQ(phase(), swap_.to);
  EXPECT_EQ(changes(), before + 1);
  EXPECT_LE(south_.promotions, 1U);
}

TEST_P(Swaps, end_well_when_the_answer_is_lost) {
  until(swap_.from);
  world_.registry.replaces.next = {Fault::answer_lost};
  expect_swapped_once();
}

TEST_P(Swaps, end_well_when_the_request_is_lost) {
  until(swap_.from);
  world_.registry.replaces.next = {Fault::request_lost, Fault::request_lost};
  expect_swapped_once();
}

TEST_P(Swaps, end_well_when_the_registry_refuses_connections_for_a_while) {
  until(swap_.from);
  world_.registry.replaces.next = {Fault::unreachable};
  world_.registry.reads.next = {Fault::unreachable, Fault::answer_lost};
  expect_swapped_once();
}

TEST_P(Swaps, end_well_when_a_renewal_slips_in) {
  until(swap_.from);
  if (world_.record.record.lease.revoked) {
    EXPECT_FALSE(renewed(world_.record.record, "north", "x")) << "so nothing can slip in";
    return;
  }
  world_.registry.before_next_replace = [this] { renew(); };
  const std::size_t before = changes();
  must(swap_.step);
  EXPECT_EQ(phase(), swap_.to);
  EXPECT_EQ(changes(), before + 2);
}

TEST_P(Swaps, say_that_the_registry_is_gone_after_five_seconds) {
  until(swap_.from);
  world_.registry.cut(true);
  const BootTime began = now();
  EXPECT_EQ(error_of(swap_.step), kRegistryUnavailable);
  EXPECT_GE(now() - began, seconds(5));
  EXPECT_LE(now() - began, seconds(6));
  EXPECT_EQ(phase(), swap_.from);
}

TEST_P(Swaps, are_made_by_another_orchestrator_as_well) {
  until(swap_.from);
  another_orchestrator();
  expect_swapped_once();
}

TEST_P(Swaps, are_not_made_in_another_transition) {
  until(swap_.from);
  const std::size_t before = changes();
  input_["number"] = 2;
  const bool begins = swap_.step == acquire_transition;
  if (begins)
    change(*opened(world_.record.record, {TransitionKind::failover, "shop", "south"}, "o"));
  const Record was = world_.record.record;
  (void)run(swap_.step);
  EXPECT_EQ(world_.record.record, was);
  EXPECT_EQ(changes(), before + (begins ? 1 : 0));
  EXPECT_EQ(south_.promotions, swap_.from >= Phase::switched ? 1U : 0U);
}

TEST_F(EveryChange, of_a_step_without_its_input_is_refused) {
  input_.clear();
  for (const Step& step : all_steps()) {
    if (step.run == plan_services) continue;  // it needs none
    EXPECT_EQ(error_of(step.run), kBadInput) << step.name;
  }
  EXPECT_EQ(changes(), 0U);
  EXPECT_TRUE(world_.north.agent.orders.empty());
  EXPECT_TRUE(world_.south.agent.orders.empty());
}

TEST_F(AcquireTransition, refuses_while_another_is_under_way) {
  until(Phase::open);
  input_["number"] = 2;
  EXPECT_EQ(error_of(acquire_transition), kTransitionInProgress);
  EXPECT_EQ(world_.record.record.transition.number, 1U);
}

TEST_F(AcquireTransition, refuses_a_number_that_was_used) {
  until(Phase::open);
  must(abort_transition);
  EXPECT_EQ(error_of(acquire_transition), kTransitionInProgress) << "an aborted one is over";
  EXPECT_EQ(phase(), Phase::none);
}

TEST_F(AcquireTransition, refuses_a_transition_of_another_kind_that_has_its_number) {
  change(*opened(world_.record.record, {TransitionKind::switchover, "shop", "south"}, "o"));
  EXPECT_EQ(error_of(acquire_transition), kTransitionInProgress);
}

TEST_F(AcquireTransition, refuses_when_the_region_to_leave_is_not_active) {
  input_["from"] = "south";
  input_["target"] = "north";
  EXPECT_EQ(error_of(acquire_transition), kTransitionInProgress);
  EXPECT_EQ(changes(), 0U);
}

TEST_F(AcquireTransition, refuses_when_no_standby_is_attached) {
  Record alone = world_.record.record;
  alone.standby.reset();
  alone.lease.endless = true;
  world_.record.force(alone);
  EXPECT_EQ(error_of(acquire_transition), kTransitionInProgress);
  EXPECT_EQ(changes(), 0U);
}

TEST_F(PointOfNoReturn, refuses_what_was_not_fenced) {
  until(Phase::open);
  EXPECT_EQ(error_of(pass_point_of_no_return), kBadInput);
  input_["fence"] = {{"fenced", false}, {"asked", true}};
  EXPECT_EQ(error_of(pass_point_of_no_return), kBadInput);
  EXPECT_EQ(phase(), Phase::open);
  EXPECT_EQ(south_.promotions, 0U);
}

TEST_F(PointOfNoReturn, refuses_before_the_lease_ended_whatever_the_document_says) {
  until(Phase::open);
  world_.north.agent.agent = nullptr;
  must(fence);  // it answers: wait
  input_["fence"] = {{"fenced", true}, {"by", "lease_end"}, {"term", 1}};
  EXPECT_EQ(error_of(pass_point_of_no_return), kNotYet);
  input_["fence"] = {{"fenced", true}, {"by", "acknowledgement"}, {"term", 7}};
  EXPECT_EQ(error_of(pass_point_of_no_return), kNotYet) << "of another term";
  EXPECT_EQ(phase(), Phase::revoked);
  world_.stage.run_for(world_.topology.lease.ttl + world_.topology.lease.margin);
  must(pass_point_of_no_return);
  EXPECT_EQ(phase(), Phase::promoting);
}

TEST_F(PointOfNoReturn, of_another_orchestrator_waits_anew_for_the_lease_to_end) {
  until(Phase::open);
  world_.north.agent.agent = nullptr;
  must(fence);
  world_.stage.run_for(seconds(10));
  another_orchestrator();
  input_["fence"] = {{"fenced", true}, {"by", "lease_end"}, {"term", 1}};
  EXPECT_EQ(error_of(pass_point_of_no_return), kNotYet);
  world_.stage.run_for(world_.topology.lease.ttl + world_.topology.lease.margin);
  must(pass_point_of_no_return);
}

TEST_F(PointOfNoReturn, is_lost_to_a_transition_that_took_over) {
  until(Phase::revoked);
  change(*aborted(world_.record.record, "a"));
  change(*opened(world_.record.record, {TransitionKind::failover, "shop", "south"}, "o"));
  EXPECT_EQ(error_of(pass_point_of_no_return), kTransitionLost);
  EXPECT_EQ(phase(), Phase::open);
}

TEST_F(PromoteDatabase, orders_nothing_before_the_point_of_no_return_is_recorded) {
  until(Phase::revoked);
  const auto orders = world_.south.agent.orders;
  EXPECT_EQ(error_of(promote_database), kBadInput);
  EXPECT_EQ(world_.south.agent.orders, orders);
}

TEST_F(PromoteDatabase, is_tried_again_when_the_target_is_out_of_reach) {
  until(Phase::promoting);
  world_.south.agent.promotes.next = {Fault::unreachable};
  EXPECT_EQ(error_of(promote_database), kTargetUnavailable);
  EXPECT_EQ(south_.promotions, 0U);
  must(promote_database);
  EXPECT_EQ(south_.promotions, 1U);
}

TEST_F(PromoteDatabase, promotes_once_when_the_answer_is_lost) {
  until(Phase::promoting);
  world_.south.agent.promotes.next = {Fault::answer_lost};
  EXPECT_EQ(error_of(promote_database), kTargetUnavailable);
  const auto output = must(promote_database);
  EXPECT_EQ(south_.promotions, 1U);
  EXPECT_EQ(output.at("epoch"), 2);
}

TEST_F(PromoteDatabase, believes_what_it_sees_not_what_it_is_told) {
  until(Phase::promoting);
  south_.promotes = false;
  EXPECT_EQ(error_of(promote_database), kNotYet);
}

TEST_F(PromoteDatabase, orders_nothing_once_the_region_was_switched) {
  until(Phase::switched);
  const auto orders = world_.south.agent.orders;
  must(promote_database);
  EXPECT_EQ(world_.south.agent.orders, orders);
}

TEST_F(SwitchActiveRegion, waits_until_the_new_region_says_that_it_is_active) {
  until(Phase::promoting);
  south_.active = Error{After::unchanged_retry, "the page is not open yet"};
  EXPECT_EQ(error_of(switch_active_region), kNotYet);
  EXPECT_EQ(phase(), Phase::switched);
  south_.active = Done{};
  const auto output = must(switch_active_region);
  EXPECT_EQ(output.at("epoch"), 2);
  EXPECT_EQ(world_.record.record.epoch, 2U) << "switched once";
}

TEST_F(SwitchActiveRegion, is_refused_before_the_point_of_no_return) {
  until(Phase::revoked);
  EXPECT_EQ(error_of(switch_active_region), kTransitionLost);
  EXPECT_EQ(world_.record.record.epoch, 1U);
}

TEST_F(EndOfTransition, by_abort_raises_the_term_if_the_lease_was_revoked) {
  until(Phase::open);
  must(abort_transition);
  EXPECT_EQ(world_.record.record.term, 1U);
  input_["number"] = 2;
  must(acquire_transition);
  must(fence);
  must(abort_transition);
  EXPECT_EQ(world_.record.record.term, 2U);
  EXPECT_FALSE(world_.record.record.lease.revoked);
}

TEST_F(EndOfTransition, by_abort_is_refused_after_the_point_of_no_return) {
  until(Phase::promoting);
  EXPECT_EQ(error_of(abort_transition), kTransitionLost);
  EXPECT_EQ(phase(), Phase::promoting);
  must(switch_active_region);
  EXPECT_EQ(error_of(abort_transition), kTransitionLost);
  EXPECT_EQ(phase(), Phase::switched);
}

TEST_F(EndOfTransition, by_abort_tells_a_person_why) {
  until(Phase::open);
  input_["failure"] = {{"Error", "Understudy.Recovered"}, {"Cause", "it came back"}};
  must(abort_transition);
  ASSERT_EQ(world_.alerts.count("failover-shop-1.aborted"), 1U);
  EXPECT_THAT(world_.alerts.all.back().done, testing::HasSubstr("it came back"));
}

TEST_F(EndOfTransition, by_completion_is_refused_before_the_switch) {
  until(Phase::promoting);
  EXPECT_EQ(error_of(complete_transition), kTransitionLost);
  EXPECT_EQ(phase(), Phase::promoting);
}

}  // namespace understudy::fake
