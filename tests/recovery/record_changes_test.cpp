// Every way the record may go, and that it can go no other.

#include "recovery/record_changes.h"

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <set>

#include "tests/recovery/world.h"

namespace understudy {

namespace {

using fake::first_record;

constexpr std::array kPhases = {Phase::none, Phase::open, Phase::revoked, Phase::promoting,
                                Phase::switched};

Record must(const Change& change) {
  EXPECT_TRUE(change) << change.error().what;
  return change.value();
}

const TransitionRequest kToSouth{TransitionKind::failover, "shop", "south"};

/// A record in each phase, reached by the way that leads there.
Record in_phase(Phase phase) {
  Record record = must(renewed(first_record(), "north", "n0"));
  if (phase == Phase::none) return record;
  record = must(opened(record, kToSouth, "n1"));
  if (phase == Phase::open) return record;
  record = must(revoked(record, "n2"));
  if (phase == Phase::revoked) return record;
  record = must(promoting(record, "n3"));
  if (phase == Phase::promoting) return record;
  return must(switched(record, "n4"));
}

using Way = std::function<Change(const Record&)>;

const std::map<std::string, Way> kWays = {
    {"renewed", [](const Record& r) { return renewed(r, r.active, "x"); }},
    {"opened", [](const Record& r) { return opened(r, kToSouth, "x"); }},
    {"revoked", [](const Record& r) { return revoked(r, "x"); }},
    {"promoting", [](const Record& r) { return promoting(r, "x"); }},
    {"switched", [](const Record& r) { return switched(r, "x"); }},
    {"completed", [](const Record& r) { return completed(r, "x"); }},
    {"aborted", [](const Record& r) { return aborted(r, "x"); }},
    {"detached", [](const Record& r) { return detached(r, "x"); }},
};

/// Which ways lead out of which phase.
const std::map<Phase, std::set<std::string>> kOpenWays = {
    {Phase::none, {"renewed", "opened", "detached"}},
    {Phase::open, {"renewed", "revoked", "aborted"}},
    {Phase::revoked, {"promoting", "aborted"}},
    {Phase::promoting, {"switched"}},
    {Phase::switched, {"renewed", "completed"}},
};

}  // namespace

TEST(RecordChanges, lead_out_of_each_phase_exactly_as_the_table_says) {
  for (const Phase phase : kPhases) {
    const Record before = in_phase(phase);
    for (const auto& [name, way] : kWays) {
      const Change change = way(before);
      EXPECT_EQ(change.ok(), kOpenWays.at(phase).contains(name)) << to_string(phase) << " " << name;
      if (!change) {
        EXPECT_EQ(change.error().after, After::unchanged_final) << name;
        continue;
      }
      EXPECT_EQ(broken_rule(before, *change), std::nullopt) << to_string(phase) << " " << name;
      EXPECT_EQ(change->version, before.version + 1) << name;
      EXPECT_EQ(change->nonce, "x") << name;
    }
  }
}

TEST(RecordChanges, that_detach_and_attach_make_the_lease_endless_and_finite_again) {
  const Record before = in_phase(Phase::none);
  const Record alone = must(detached(before, "d"));
  EXPECT_TRUE(alone.lease.endless);
  EXPECT_EQ(alone.lease.serial, before.lease.serial);
  EXPECT_EQ(alone.grantors, before.grantors) << "it may still be asked to revoke";
  const Record whole = must(attached(alone, "south", "a"));
  EXPECT_EQ(broken_rule(alone, whole), std::nullopt);
  EXPECT_EQ(whole.standby, "south");
  EXPECT_FALSE(whole.lease.endless);
  EXPECT_EQ(whole.lease.serial, before.lease.serial + 1) << "nobody counts from before it";
  EXPECT_EQ(whole.grantors, before.grantors);
  EXPECT_FALSE(attached(whole, "south", "x"));
  EXPECT_FALSE(detached(alone, "x"));
}

TEST(RecordChanges, that_keep_a_region_detached_move_nothing_but_the_version) {
  const Record alone = must(detached(in_phase(Phase::none), "d"));
  const Record late = must(attached(alone, "south", "a"));
  const Record kept = must(kept_detached(alone, "k"));
  EXPECT_EQ(broken_rule(alone, kept), std::nullopt);
  EXPECT_NE(broken_rule(kept, late), std::nullopt) << "an attach from before comes too late";
  Record same = kept;
  same.version = alone.version;
  same.nonce = alone.nonce;
  EXPECT_EQ(same, alone);
  EXPECT_FALSE(kept_detached(in_phase(Phase::none), "k")) << "south is attached";
  for (const Phase phase : {Phase::open, Phase::revoked, Phase::promoting, Phase::switched})
    EXPECT_FALSE(kept_detached(in_phase(phase), "k")) << to_string(phase);
  Record amid = in_phase(Phase::switched);
  ++amid.version;
  amid.nonce = "k";
  EXPECT_NE(broken_rule(in_phase(Phase::switched), amid), std::nullopt);
}

TEST(RecordChanges, that_attach_add_the_grantor_that_the_switch_took_away) {
  const Record after_failover = must(completed(in_phase(Phase::switched), "c"));
  const Record whole = must(attached(after_failover, "north", "a"));
  EXPECT_EQ(broken_rule(after_failover, whole), std::nullopt);
  EXPECT_EQ(whole.grantors, (std::vector<std::string>{"registry", "north"}));
  Record same_serial = whole;
  same_serial.lease.serial = after_failover.lease.serial;
  EXPECT_NE(broken_rule(after_failover, same_serial), std::nullopt);
  Record not_granting = whole;
  not_granting.grantors = after_failover.grantors;
  EXPECT_NE(broken_rule(after_failover, not_granting), std::nullopt);
}

TEST(RecordChanges, attach_nobody_while_a_transition_is_under_way) {
  EXPECT_FALSE(attached(in_phase(Phase::switched), "north", "a"));
  Record flipped = must(renewed(in_phase(Phase::switched), "south", "a"));
  flipped.standby = "north";
  flipped.lease.endless = false;
  flipped.grantors.emplace_back("north");
  EXPECT_NE(broken_rule(in_phase(Phase::switched), flipped), std::nullopt);
}

TEST(RecordChanges, from_phase_to_phase_are_refused_unless_a_way_leads_there) {
  std::set<std::pair<Phase, Phase>> led;
  for (const Phase phase : kPhases) {
    for (const std::string& name : kOpenWays.at(phase))
      led.emplace(phase, kWays.at(name)(in_phase(phase))->transition.phase);
  }
  EXPECT_EQ(led.size(), 10U);
  for (const Phase from : kPhases) {
    for (const Phase to : kPhases) {
      if (led.contains({from, to})) continue;
      // As well made as it can be: only the phase is out of the way.
      const Record before = in_phase(from);
      for (const Record& like : {in_phase(to), before}) {
        Record after = like;
        after.version = before.version + 1;
        after.nonce = "x";
        after.transition.phase = to;
        after.lease.revoked = to == Phase::revoked || to == Phase::promoting;
        EXPECT_NE(broken_rule(before, after), std::nullopt)
            << to_string(from) << " to " << to_string(to);
      }
    }
  }
}

TEST(RecordChanges, that_touch_one_thing_more_than_their_way_does_are_refused) {
  const std::map<std::string, std::function<void(Record&)>> more = {
      {"version stays", [](Record& r) { --r.version; }},
      {"version jumps", [](Record& r) { ++r.version; }},
      {"epoch grows", [](Record& r) { ++r.epoch; }},
      {"epoch falls", [](Record& r) { --r.epoch; }},
      {"another active", [](Record& r) { r.active = r.active == "north" ? "south" : "north"; }},
      {"a third active", [](Record& r) { r.active = "west"; }},
      {"term grows", [](Record& r) { ++r.term; }},
      {"term falls", [](Record& r) { --r.term; }},
      {"serial grows", [](Record& r) { ++r.lease.serial; }},
      {"serial falls", [](Record& r) { --r.lease.serial; }},
      {"revoked flips", [](Record& r) { r.lease.revoked = !r.lease.revoked; }},
      {"endless flips", [](Record& r) { r.lease.endless = !r.lease.endless; }},
      {"detached", [](Record& r) { r.standby.reset(), r.lease.endless = true; }},
      {"attached", [](Record& r) { r.standby = "west", r.lease.endless = false; }},
      {"grantors", [](Record& r) { r.grantors.emplace_back("south"); }},
      {"no grantors", [](Record& r) { r.grantors.clear(); }},
      {"number grows", [](Record& r) { ++r.transition.number; }},
      {"number falls", [](Record& r) { --r.transition.number; }},
      {"another target", [](Record& r) { r.transition.target = "west"; }},
      {"another execution", [](Record& r) { r.transition.execution = "failover-shop-99"; }},
      {"another kind", [](Record& r) { r.transition.kind = TransitionKind::failback; }},
      {"attested by the way", [](Record& r) { r.transition.attested = true; }},
  };
  for (const Phase phase : kPhases) {
    const Record before = in_phase(phase);
    for (const std::string& name : kOpenWays.at(phase)) {
      const Record good = *kWays.at(name)(before);
      for (const auto& [what, touch] : more) {
        Record after = good;
        touch(after);
        if (after == good) continue;  // it was so already, as "detached" after a switch
        EXPECT_NE(broken_rule(before, after), std::nullopt)
            << to_string(phase) << ", " << name << ", and: " << what;
      }
    }
  }
}

TEST(RecordChanges, need_a_nonce_of_their_own) {
  const Record before = in_phase(Phase::none);
  Record after = must(renewed(before, "north", "x"));
  after.nonce = before.nonce;
  EXPECT_NE(broken_rule(before, after), std::nullopt);
}

TEST(Renewal, is_the_active_regions_alone_and_ends_with_the_revocation) {
  EXPECT_FALSE(renewed(in_phase(Phase::none), "south", "x"));
  EXPECT_FALSE(renewed(in_phase(Phase::revoked), "north", "x"));
  EXPECT_FALSE(renewed(in_phase(Phase::switched), "north", "x")) << "north was deposed";
  const Record before = in_phase(Phase::open);
  const Record after = must(renewed(before, "north", "x"));
  EXPECT_EQ(after.lease.serial, before.lease.serial + 1) << "an open transition does not stop it";
}

TEST(Opening, takes_the_next_number_and_names_the_execution_after_it) {
  const Record after = must(opened(in_phase(Phase::none), kToSouth, "x"));
  EXPECT_EQ(after.transition.number, 1U);
  EXPECT_EQ(after.transition.execution, "failover-shop-1");
  EXPECT_EQ(after.transition.target, "south");
  EXPECT_FALSE(after.lease.revoked);
  const Record again = must(opened(must(aborted(after, "y")), kToSouth, "z"));
  EXPECT_EQ(again.transition.execution, "failover-shop-2");
}

TEST(Opening, may_leave_numbers_out_but_never_takes_one_again) {
  const auto numbered = [](std::uint64_t number) {
    return TransitionRequest{TransitionKind::failover, "shop", "south", number};
  };
  const Record before = in_phase(Phase::none);
  const Record later = must(opened(before, numbered(5), "x"));
  EXPECT_EQ(later.transition.execution, "failover-shop-5");
  EXPECT_EQ(broken_rule(before, later), std::nullopt);
  const Record over = must(aborted(later, "y"));
  EXPECT_FALSE(opened(over, numbered(5), "z"));
  EXPECT_FALSE(opened(over, numbered(4), "z"));
}

TEST(Opening, needs_the_attached_standby_as_its_target) {
  EXPECT_FALSE(opened(in_phase(Phase::none), {TransitionKind::failover, "shop", "west"}, "x"));
  Record alone = first_record();
  alone.standby.reset();
  alone.lease.endless = true;
  ASSERT_EQ(malformed(alone), std::nullopt);
  EXPECT_FALSE(opened(alone, kToSouth, "x"));
}

TEST(Switching, passes_epoch_term_and_an_endless_lease_to_the_target) {
  const Record before = in_phase(Phase::promoting);
  const Record after = must(switched(before, "x"));
  EXPECT_EQ(after.epoch, before.epoch + 1);
  EXPECT_EQ(after.term, before.term + 1);
  EXPECT_EQ(after.active, "south");
  EXPECT_EQ(after.standby, std::nullopt);
  EXPECT_TRUE(after.lease.endless);
  EXPECT_FALSE(after.lease.revoked);
  EXPECT_EQ(after.lease.serial, before.lease.serial) << "no grant is part of it";
}

TEST(Abort, raises_the_term_only_if_it_was_revoked) {
  const Record open = in_phase(Phase::open);
  EXPECT_EQ(must(aborted(open, "x")).term, open.term);
  const Record revoked = in_phase(Phase::revoked);
  const Record after = must(aborted(revoked, "x"));
  EXPECT_EQ(after.term, revoked.term + 1);
  EXPECT_FALSE(after.lease.revoked);
  EXPECT_EQ(after.active, "north");
  EXPECT_EQ(after.transition.number, revoked.transition.number) << "numbers are never given back";
}

TEST(Record, that_contradicts_itself_is_malformed) {
  const std::map<std::string, std::function<void(Record&)>> wrong = {
      {"no version", [](Record& r) { r.version = 0; }},
      {"no nonce", [](Record& r) { r.nonce.clear(); }},
      {"no epoch", [](Record& r) { r.epoch = 0; }},
      {"no term", [](Record& r) { r.term = 0; }},
      {"nobody active", [](Record& r) { r.active.clear(); }},
      {"its own standby", [](Record& r) { r.standby = r.active; }},
      {"endless beside a standby", [](Record& r) { r.lease.endless = true; }},
      {"timed without a standby", [](Record& r) { r.standby.reset(); }},
      {"revoked without a transition", [](Record& r) { r.lease.revoked = true; }},
      {"nobody grants", [](Record& r) { r.grantors.clear(); }},
      {"revoked, yet granted", [](Record& r) { r.transition.phase = Phase::revoked; }},
      {"open without a target",
       [](Record& r) {
         r.transition = {.number = 1, .execution = "failover-shop-1", .phase = Phase::open};
       }},
      {"open without an execution",
       [](Record& r) { r.transition = {.number = 1, .target = "south", .phase = Phase::open}; }},
  };
  EXPECT_EQ(malformed(first_record()), std::nullopt);
  for (const auto& [what, make] : wrong) {
    Record record = first_record();
    make(record);
    EXPECT_NE(malformed(record), std::nullopt) << what;
  }
  for (const Phase phase : kPhases) EXPECT_EQ(malformed(in_phase(phase)), std::nullopt);
}

}  // namespace understudy
