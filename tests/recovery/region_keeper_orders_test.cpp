// What the region keeper answers to orders: fence, promote.

#include "tests/recovery/keeper.h"

namespace understudy::fake {

TEST_F(Keeper, acknowledges_a_fence_only_when_it_is_durable_and_the_page_closed) {
  start_north();
  open_transition();
  const BootTime began = world_.stage.boot();
  const Result<FenceAck> ack = north_.keeper().fence(1, soon());
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->term, 1U);
  EXPECT_FALSE(north_.page.read().has_value());
  EXPECT_EQ(north_.store.stored->fenced_term, 1U);
  EXPECT_GE(world_.stage.boot() - began, world_.topology.lease.answer_max)
      << "an answer judged before the page was closed may still be on its way out";
  EXPECT_EQ(ack->log_end, north_.database.now.written);
  run_for(seconds(5));
  EXPECT_FALSE(world_.writable(north_)) << "the open transition does not stop renewals; this does";
  const Result<FenceAck> again = north_.keeper().fence(1, soon());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->term, 1U);
}

TEST_F(Keeper, does_not_acknowledge_a_fence_that_it_cannot_store) {
  start_north();
  north_.store.raises.always = Fault::answer_lost;
  const Result<FenceAck> ack = north_.keeper().fence(1, soon());
  ASSERT_FALSE(ack);
  EXPECT_THAT(ack.error().what, testing::HasSubstr("fence not durable"));
}

TEST_F(Keeper, stays_fenced_when_it_dies_over_the_fence) {
  start_north();
  open_transition();
  ASSERT_TRUE(north_.keeper().fence(1, soon()));
  north_.stop_keeper();
  run_for(seconds(2));
  start(north_);
  run_for(seconds(5));
  EXPECT_FALSE(world_.writable(north_));
}

TEST_F(Keeper, refuses_a_fence_of_a_term_that_is_over) {
  start_north();
  open_transition();
  revoke();
  abort();
  run_for(milliseconds(200));
  ASSERT_TRUE(world_.writable(north_));
  const Result<FenceAck> ack = north_.keeper().fence(1, soon());
  ASSERT_FALSE(ack);
  EXPECT_EQ(ack.error().after, After::unchanged_final);
  EXPECT_TRUE(world_.writable(north_));
}

TEST_F(Keeper, obeys_the_promotion_that_the_record_asks_for_and_only_once) {
  start(south_);
  run_for(milliseconds(500));
  until_promoting();
  const auto promoted = south_.keeper().promote({.transition = 1, .epoch = 2}, soon());
  ASSERT_TRUE(promoted) << promoted.error().what;
  EXPECT_EQ(promoted->role, DatabaseRole::primary);
  EXPECT_EQ(south_.store.stored->epoch, 2U);
  const auto again = south_.keeper().promote({.transition = 1, .epoch = 2}, soon());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->role, DatabaseRole::primary);
  EXPECT_EQ(south_.database.promotions, 1U);
  EXPECT_EQ(south_.page.opened, 0U) << "promoted is not permitted (R15)";
}

TEST_F(Keeper, refuses_a_promotion_that_the_record_does_not_ask_for) {
  start(south_);
  run_for(milliseconds(500));
  const auto refuses = [&](const PromoteOrder& order, const std::string& what) {
    const auto promoted = south_.keeper().promote(order, soon());
    ASSERT_FALSE(promoted) << what;
    EXPECT_EQ(promoted.error().after, After::unchanged_final) << what;
  };
  refuses({.transition = 1, .epoch = 2}, "nothing is under way");
  open_transition();
  refuses({.transition = 1, .epoch = 2}, "only open");
  revoke();
  refuses({.transition = 1, .epoch = 2}, "only revoked: the point of no return is not recorded");
  promote();
  refuses({.transition = 2, .epoch = 2}, "of another transition");
  refuses({.transition = 1, .epoch = 3}, "to another epoch");
  EXPECT_EQ(south_.database.promotions, 0U);
}

TEST_F(Keeper, answers_a_promotion_of_an_epoch_that_is_over_with_what_is_so) {
  start(south_);
  run_for(milliseconds(500));
  const auto late = south_.keeper().promote({.transition = 1, .epoch = 1}, soon());
  ASSERT_TRUE(late);
  EXPECT_EQ(late->role, DatabaseRole::standby);
  EXPECT_EQ(south_.database.promotions, 0U);
}

TEST_F(Keeper, does_not_promote_without_the_registrys_word) {
  start(south_);
  run_for(milliseconds(500));
  until_promoting();
  south_.registry.cut(true);
  const auto promoted = south_.keeper().promote({.transition = 1, .epoch = 2}, soon());
  ASSERT_FALSE(promoted);
  EXPECT_EQ(promoted.error().after, After::unchanged_retry);
  EXPECT_EQ(south_.database.promotions, 0U);
}

TEST_F(Keeper, promotes_when_the_answer_of_its_first_promotion_was_lost) {
  start(south_);
  run_for(milliseconds(500));
  until_promoting();
  south_.database.promotes.next = {Fault::answer_lost};
  EXPECT_FALSE(south_.keeper().promote({.transition = 1, .epoch = 2}, soon()));
  const auto again = south_.keeper().promote({.transition = 1, .epoch = 2}, soon());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->role, DatabaseRole::primary);
  EXPECT_EQ(south_.database.promotions, 1U);
}

TEST_F(Keeper, extends_the_other_regions_lease_while_its_database_stands_by) {
  start(south_);
  run_for(milliseconds(500));
  EXPECT_TRUE(south_.keeper().extend(1, soon()));
  south_.database.now.role = DatabaseRole::primary;
  run_for(milliseconds(500));
  EXPECT_FALSE(south_.keeper().extend(1, soon()));
}

TEST_F(Keeper, tells_of_the_first_promise_and_of_the_first_after_a_lapse_only) {
  start(south_);
  run_for(milliseconds(500));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(south_.keeper().extend(1, soon()));
    run_for(world_.topology.lease.renew_interval);
  }
  EXPECT_EQ(world_.events.count("lease.begun"), 1U);
  run_for(world_.topology.lease.ttl);
  ASSERT_TRUE(south_.keeper().extend(1, soon()));
  EXPECT_EQ(world_.events.count("lease.begun"), 2U);
}

TEST_F(Keeper, extends_nothing_in_a_revoked_term_not_even_after_a_restart) {
  start(south_);
  run_for(milliseconds(500));
  ASSERT_TRUE(south_.keeper().extend(1, soon()));
  const Result<RevokeAck> ack = south_.keeper().revoke(1, soon());
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->term, 1U);
  EXPECT_GT(ack->rest, world_.topology.lease.ttl);
  EXPECT_EQ(south_.store.stored->revoked_term, 1U);
  EXPECT_FALSE(south_.keeper().extend(1, soon()));
  EXPECT_TRUE(south_.keeper().extend(2, soon())) << "the next term is another's to revoke";
  south_.stop_keeper();
  start(south_);
  run_for(milliseconds(500));
  EXPECT_FALSE(south_.keeper().extend(1, soon()));
}

TEST_F(Keeper, does_not_acknowledge_a_revocation_that_it_cannot_store) {
  start(south_);
  run_for(milliseconds(500));
  south_.store.raises.always = Fault::answer_lost;
  const Result<RevokeAck> ack = south_.keeper().revoke(1, soon());
  ASSERT_FALSE(ack);
  EXPECT_THAT(ack.error().what, testing::HasSubstr("revocation not durable"));
}

TEST_F(Keeper, refuses_to_be_promoted_while_its_promise_lasts_but_for_proof_that_it_is_void) {
  until_promoting();
  start(south_);  // as if it had promised at its start
  run_for(milliseconds(500));
  PromoteOrder order{.transition = 1, .epoch = 2};
  const Result<DatabaseState> early = south_.keeper().promote(order, soon());
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().after, After::unchanged_retry);
  EXPECT_THAT(early.error().what, testing::HasSubstr("promised"));
  EXPECT_EQ(south_.database.promotions, 0U);
  order.fenced_term = 1;
  EXPECT_TRUE(south_.keeper().promote(order, soon()));
  EXPECT_EQ(south_.database.promotions, 1U);
}

}  // namespace understudy::fake
