// A record made anew from what the agents say, when the registry has lost its own.

#include "recovery/registry_recovery.h"

#include <gmock/gmock.h>

#include "recovery/record_changes.h"

namespace understudy {

namespace {

using testing::HasSubstr;

AgentStatus primary(const std::string& region, std::uint64_t timeline = 1) {
  AgentStatus status{.region = region, .term = 7, .epoch = 3, .version = 900};
  status.database = DatabaseState{.role = DatabaseRole::primary, .timeline = timeline, .epoch = 3};
  return status;
}

AgentStatus standby(const std::string& region) {
  AgentStatus status{.region = region, .term = 2, .epoch = 3, .revoked_term = 6, .version = 890};
  status.database = DatabaseState{.role = DatabaseRole::standby, .timeline = 1, .epoch = 3};
  return status;
}

AgentStatus writing(AgentStatus status) {
  status.writable = true;
  return status;
}

RecoveryEvidence evidence(std::optional<AgentStatus> north, std::optional<AgentStatus> south) {
  RecoveryEvidence evidence{.platform = "shop"};
  evidence.agents = {{"north", std::move(north)}, {"south", std::move(south)}};
  return evidence;
}

Record recovered(const RecoveryEvidence& from) {
  const auto recovery = recover_record(from, "n");
  EXPECT_TRUE(recovery) << recovery.error().what;
  if (!recovery) return {};
  EXPECT_EQ(malformed(recovery->record), std::nullopt);
  return recovery->record;
}

std::string refusal(const RecoveryEvidence& from) {
  const auto recovery = recover_record(from, "n");
  return recovery ? "" : recovery.error().what;
}

}  // namespace

TEST(RegistryRecovery, leaves_the_region_that_holds_the_lease_active_whoever_is_silent) {
  const Record record = recovered(evidence(writing(primary("north")), std::nullopt));
  EXPECT_EQ(record.active, "north");
  EXPECT_EQ(record.epoch, 3U);
  EXPECT_TRUE(record.lease.endless) << "north attaches its standby itself";
}

TEST(RegistryRecovery, counts_on_from_above_all_that_anybody_saw) {
  const Record record = recovered(evidence(writing(primary("north")), standby("south")));
  EXPECT_GT(record.version, 900U);
  EXPECT_GT(record.term, 7U);
  EXPECT_GT(record.transition.number, 900U);
  EXPECT_GT(record.lease.serial, 900U);
}

TEST(RegistryRecovery, counts_on_from_an_earlier_one_that_nobody_saw) {
  RecoveryEvidence now = evidence(writing(primary("north")), standby("south"));
  now.now = WallTime(std::chrono::hours(500'000));
  const Record first = recovered(now);
  now.now += milliseconds(5);
  EXPECT_GT(recovered(now).version, first.version);
}

TEST(RegistryRecovery, gives_no_epoch_that_an_earlier_one_gave_though_nobody_heard_of_it) {
  RecoveryEvidence now = evidence(primary("north"), std::nullopt);
  now.gone = "south";
  now.earlier = Record{.version = 1000, .epoch = 7, .active = "south"};
  EXPECT_EQ(recovered(now).epoch, 8U) << "north follows south, which had been active in 7";
  now.earlier->active = "north";
  EXPECT_EQ(recovered(now).epoch, 7U) << "north was, and is";
}

TEST(RegistryRecovery, attaches_the_standby_at_once_when_no_page_is_open) {
  const Record record = recovered(evidence(primary("north"), standby("south")));
  EXPECT_EQ(record.active, "north");
  EXPECT_EQ(record.standby, "south");
  EXPECT_FALSE(record.lease.endless);
}

TEST(RegistryRecovery, asks_for_a_silent_region_that_may_have_been_promoted_last) {
  EXPECT_THAT(refusal(evidence(primary("north"), std::nullopt)), HasSubstr("--gone south"));
  EXPECT_THAT(refusal(evidence(std::nullopt, standby("south"))), HasSubstr("--gone north"));
}

TEST(RegistryRecovery, waits_for_a_database_that_alone_could_tell_what_it_was) {
  RecoveryEvidence left = evidence(std::nullopt, standby("south"));
  left.gone = "north";
  left.agents["south"]->database.reset();
  EXPECT_THAT(refusal(left), HasSubstr("the database of south does not answer"));
  RecoveryEvidence both = evidence(primary("north"), standby("south"));
  both.agents["north"]->database.reset();
  ASSERT_TRUE(recover_record(both, "n"));
  EXPECT_EQ(recover_record(both, "n")->record.active, "north") << "since the other stands by";
  both.agents["south"]->database.reset();
  EXPECT_THAT(refusal(both), HasSubstr("does not answer"));
}

TEST(RegistryRecovery, goes_on_without_a_region_that_is_gone_in_an_epoch_that_it_cannot_have_had) {
  RecoveryEvidence without = evidence(primary("north"), std::nullopt);
  without.gone = "south";
  const Record record = recovered(without);
  EXPECT_EQ(record.active, "north");
  EXPECT_EQ(record.epoch, 5U) << "south may have been active in 4";
}

TEST(RegistryRecovery, leaves_a_gone_region_active_so_that_its_standby_is_promoted_as_ever) {
  RecoveryEvidence without = evidence(std::nullopt, standby("south"));
  without.gone = "north";
  const Record record = recovered(without);
  EXPECT_EQ(record.active, "north");
  EXPECT_EQ(record.standby, "south");
  EXPECT_FALSE(record.lease.endless);
}

TEST(RegistryRecovery, follows_the_newest_timeline) {
  EXPECT_EQ(recovered(evidence(primary("north", 1), primary("south", 2))).active, "south");
}

TEST(RegistryRecovery, asks_databases_not_what_agents_have_read) {
  // North has read the record in which south became active, in epoch 5, and south has not yet.
  AgentStatus north = primary("north", 1);
  north.epoch = 5;
  AgentStatus south = primary("south", 2);
  EXPECT_EQ(recovered(evidence(north, south)).active, "south");
  EXPECT_EQ(recovered(evidence(north, south)).epoch, 7U) << "one that nobody had";
  EXPECT_EQ(recovered(evidence(north, writing(south))).active, "south");
  south.database.reset();
  EXPECT_THAT(refusal(evidence(north, south)), HasSubstr("the database of south does not answer"));
  north.ordered_epoch = 3;
  EXPECT_EQ(recovered(evidence(north, south)).active, "north") << "its promotion came last";
}

TEST(RegistryRecovery, lets_a_promotion_that_was_ordered_go_on) {
  AgentStatus south = standby("south");
  south.ordered_epoch = 4;
  const Record going_on = recovered(evidence(primary("north"), south));
  EXPECT_EQ(going_on.transition.phase, Phase::promoting);
  EXPECT_EQ(going_on.transition.target, "south");
  EXPECT_EQ(going_on.epoch, 3U);
  EXPECT_TRUE(going_on.lease.revoked) << "north is fenced for good";
  south.database->role = DatabaseRole::primary;
  const Record done = recovered(evidence(primary("north"), south));
  EXPECT_EQ(done.transition.phase, Phase::none);
  EXPECT_EQ(done.active, "south");
  EXPECT_GE(done.epoch, 4U);
}

TEST(RegistryRecovery, gives_a_promoted_region_that_lost_its_state_an_epoch_of_its_own) {
  AgentStatus blank = primary("south", 2);
  blank.version = blank.epoch = blank.term = 0;
  const Record record = recovered(evidence(primary("north"), blank));
  EXPECT_EQ(record.active, "south");
  EXPECT_GT(record.epoch, 3U);
}

TEST(RegistryRecovery, lets_the_database_of_an_agent_with_a_new_disk_tell) {
  AgentStatus blank = standby("south");
  blank.version = blank.epoch = blank.term = blank.revoked_term = 0;
  RecoveryEvidence with = evidence(primary("north"), blank);
  EXPECT_THAT(refusal(with), HasSubstr("--settled south"));
  with.settled = "south";
  EXPECT_EQ(recovered(with).active, "north");
  blank.database.reset();
  EXPECT_THAT(refusal(evidence(primary("north"), blank)), HasSubstr("south does not answer"));
}

TEST(RegistryRecovery, believes_no_contradictions) {
  EXPECT_THAT(refusal(evidence(writing(primary("north")), writing(primary("south")))),
              HasSubstr("both hold a lease"));
  AgentStatus later = standby("south");
  later.ordered_epoch = 4;
  EXPECT_THAT(refusal(evidence(writing(primary("north")), later)), HasSubstr("must not be"));
  RecoveryEvidence alive = evidence(primary("north"), standby("south"));
  alive.gone = "south";
  EXPECT_THAT(refusal(alive), HasSubstr("its agent answers"));
}

}  // namespace understudy
