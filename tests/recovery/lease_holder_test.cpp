// The holder's side of the lease: what opens the page, how long, and what never does again.

#include "recovery/lease_holder.h"

#include <gtest/gtest.h>

#include "recovery/record_changes.h"
#include "tests/recovery/world.h"

namespace understudy {

namespace {

using fake::FakePage;
using fake::first_record;
using std::chrono::seconds;

constexpr std::uint64_t kIncarnation = 77;

/// A holder in north and a registry that applies what it is asked.
class Holder : public testing::Test {
 protected:
  Holder() { record_.lease.serial = 10; }

  /// The agent is born, or born again on what its disk and page hold.
  LeaseHolder& born(AgentState state = {.identity = "north"}) {
    holder_.emplace("north", timing_, std::move(state), kIncarnation, page_);
    return *holder_;
  }

  BootTime at(Duration after) const { return start_ + after; }
  WallTime wall_at(Duration after) const { return wall_start_ + after; }

  std::optional<Record> ask(Duration when, const std::string& nonce = "n") {
    return holder_->ask(record_, nonce, at(when), wall_at(when));
  }
  /// Sees the record, asks at `when`, and the registry applies it; not answered yet.
  Record asked(Duration when, const std::string& nonce = "n") {
    EXPECT_TRUE(holder_->see(record_));
    const auto next = ask(when, nonce);
    EXPECT_TRUE(next.has_value());
    record_ = next.value_or(record_);
    return record_;
  }
  /// A whole renewal.
  bool renewed_at(Duration when, const std::string& nonce = "n") {
    const Record answer = asked(when, nonce);
    const bool opened = holder_->granted(answer, BootTime::max(), WallTime::max());
    EXPECT_TRUE(holder_->see(answer));
    return opened;
  }
  void change(const Change& next) {
    ASSERT_TRUE(next) << next.error().what;
    record_ = *next;
  }
  void open_transition() {
    change(opened(record_, {TransitionKind::failover, "shop", "south"}, "open"));
  }
  /// South is gone, and the page has become endless.
  void alone_at(Duration when) {
    change(detached(record_, "detach"));
    ASSERT_TRUE(renewed_at(when));
    ASSERT_TRUE(page_.read()->endless);
  }
  /// South promised: the change that an attach sends.
  std::optional<Record> attach_at(Duration when) {
    const auto request = holder_->ask_to_attach(record_, at(when), wall_at(when));
    return request ? holder_->attach(*request, record_, "south", "attach") : std::nullopt;
  }
  bool writable(Duration when) const { return holder_->writable(at(when), wall_at(when)); }

  const LeaseTiming timing_;  // ttl 2 s
  const BootTime start_{std::chrono::hours(1)};
  const WallTime wall_start_{std::chrono::hours(500'000)};
  FakePage page_;
  Record record_ = first_record();
  std::optional<LeaseHolder> holder_;
};

}  // namespace

TEST_F(Holder, counts_the_deadline_from_before_the_request_however_late_the_answer) {
  born();
  const Record answer = asked(seconds(0));
  EXPECT_FALSE(writable(milliseconds(1))) << "an open page needs a grant";
  // The answer takes 1.9 s; the deadline does not move for it.
  EXPECT_TRUE(holder_->granted(answer, BootTime::max(), WallTime::max()));
  EXPECT_EQ(page_.read()->deadline, at(timing_.ttl));
  EXPECT_EQ(page_.read()->deadline_wall, wall_at(timing_.ttl));
  EXPECT_TRUE(writable(timing_.ttl - Duration(1)));
  EXPECT_FALSE(writable(timing_.ttl));
  EXPECT_EQ(holder_->rest(at(milliseconds(1900)), wall_at(milliseconds(1900))), milliseconds(100));
}

TEST_F(Holder, ends_the_lease_by_whichever_clock_passes_first) {
  born();
  ASSERT_TRUE(renewed_at(seconds(0)));
  EXPECT_FALSE(holder_->writable(at(seconds(1)), wall_at(seconds(2))));
  EXPECT_FALSE(holder_->writable(at(seconds(2)), wall_at(seconds(1))));
  EXPECT_TRUE(holder_->writable(at(seconds(1)), wall_at(seconds(1))));
}

TEST_F(Holder, writes_on_the_page_whose_promise_it_is) {
  born();
  ASSERT_TRUE(renewed_at(seconds(0)));
  const Promise promise = *page_.read();
  EXPECT_EQ(promise.incarnation, kIncarnation);
  EXPECT_EQ(promise.epoch, 1U);
  EXPECT_EQ(promise.term, 1U);
  EXPECT_EQ(promise.serial, 11U);
  EXPECT_FALSE(promise.endless);
}

TEST_F(Holder, drops_the_late_answer_of_an_older_request) {
  born();
  const Record older = asked(seconds(0), "older");
  holder_->drop_renewal();  // its outcome was unknown
  ASSERT_TRUE(holder_->see(older));
  const Record newer = asked(seconds(1), "newer");
  EXPECT_FALSE(holder_->granted(older, BootTime::max(), WallTime::max()));
  EXPECT_EQ(page_.opened, 0U);
  EXPECT_TRUE(holder_->granted(newer, BootTime::max(), WallTime::max()));
  EXPECT_EQ(page_.read()->deadline, at(seconds(1) + timing_.ttl));
  EXPECT_FALSE(holder_->granted(newer, BootTime::max(), WallTime::max()))
      << "an answer counts once";
  EXPECT_EQ(page_.opened, 1U);
}

TEST_F(Holder, drops_what_is_outstanding_when_the_term_changes) {
  born();
  const Record answer = asked(seconds(0));
  Record later = answer;  // revoked and aborted meanwhile, unseen here
  later.version += 5;
  later.term = 2;
  ASSERT_TRUE(holder_->see(later));
  EXPECT_EQ(holder_->state().term, 2U);
  EXPECT_FALSE(holder_->granted(answer, BootTime::max(), WallTime::max()));
  EXPECT_EQ(page_.opened, 0U);
}

TEST_F(Holder, fenced_in_a_term_never_opens_in_it_again_but_in_a_newer_one) {
  born();
  ASSERT_TRUE(renewed_at(seconds(0), "a"));
  const Record answer = asked(milliseconds(600), "b");  // under way when the order comes
  ASSERT_TRUE(holder_->fence(1));
  EXPECT_EQ(holder_->state().fenced_term, 1U);
  EXPECT_TRUE(page_.read().has_value()) << "the page is closed only once that is durable";
  holder_->close();
  EXPECT_FALSE(holder_->granted(answer, BootTime::max(), WallTime::max()));
  ASSERT_TRUE(holder_->see(answer));
  EXPECT_FALSE(ask(milliseconds(700)).has_value());
  EXPECT_FALSE(writable(milliseconds(700)));
  // The transition is aborted: term + 1.
  open_transition();
  change(revoked(record_, "revoke"));
  ASSERT_TRUE(holder_->see(record_));
  change(aborted(record_, "abort"));
  EXPECT_TRUE(renewed_at(seconds(1), "c"));
  EXPECT_EQ(page_.read()->term, 2U);
  EXPECT_TRUE(writable(milliseconds(1001)));
}

TEST_F(Holder, ignores_a_fence_of_a_term_below_its_own) {
  born({.identity = "north", .term = 3});
  record_.term = 3;
  ASSERT_TRUE(renewed_at(seconds(0)));
  EXPECT_FALSE(holder_->fence(2));
  EXPECT_EQ(holder_->state().fenced_term, 0U);
  EXPECT_TRUE(writable(milliseconds(1)));
}

TEST_F(Holder, obeys_a_fence_of_a_term_it_has_not_heard_of_yet) {
  born();
  ASSERT_TRUE(renewed_at(seconds(0)));
  ASSERT_TRUE(holder_->fence(4));
  holder_->close();
  record_.term = 4;
  record_.version += 9;
  ASSERT_TRUE(holder_->see(record_));
  EXPECT_FALSE(ask(seconds(1)).has_value());
}

TEST_F(Holder, closes_at_once_when_its_term_is_revoked) {
  born();
  ASSERT_TRUE(renewed_at(seconds(0)));
  open_transition();
  ASSERT_TRUE(holder_->see(record_));
  EXPECT_TRUE(writable(milliseconds(100))) << "open alone takes nothing away";
  change(revoked(record_, "revoke"));
  ASSERT_TRUE(holder_->see(record_));
  EXPECT_FALSE(page_.read().has_value());
  EXPECT_FALSE(ask(milliseconds(200)).has_value());
}

TEST_F(Holder, drops_the_answer_that_comes_after_the_revocation_was_seen) {
  born();
  const Record answer = asked(seconds(0));
  open_transition();
  change(revoked(record_, "revoke"));
  ASSERT_TRUE(holder_->see(record_));
  EXPECT_FALSE(holder_->granted(answer, BootTime::max(), WallTime::max()));
  EXPECT_EQ(page_.opened, 0U);
}

TEST_F(Holder, closes_at_once_when_another_region_is_active_and_never_extends_its_own_old_term) {
  born();
  ASSERT_TRUE(renewed_at(seconds(0)));
  record_.version += 5;
  record_.epoch = 2;
  record_.term = 2;
  record_.active = "south";
  record_.standby.reset();
  record_.lease.endless = true;
  ASSERT_TRUE(holder_->see(record_));
  EXPECT_FALSE(page_.read().has_value());
  EXPECT_FALSE(ask(milliseconds(100)).has_value());
  EXPECT_EQ(holder_->state().epoch, 2U);
  EXPECT_EQ(holder_->state().revoked_term, 1U);
  EXPECT_EQ(holder_->state().term, 1U) << "term 2 was never granted to it";
}

TEST_F(Holder, takes_nothing_from_a_registry_that_went_back_in_time) {
  born();
  const Record before = record_;
  ASSERT_TRUE(renewed_at(seconds(0)));
  const AgentState known = holder_->state();
  EXPECT_FALSE(holder_->see(before));
  EXPECT_EQ(holder_->state(), known);
  EXPECT_TRUE(writable(milliseconds(1))) << "what was granted was granted";
}

TEST_F(Holder, never_moves_a_deadline_back_by_a_grant) {
  born();
  ASSERT_TRUE(renewed_at(seconds(1), "a"));
  const BootTime deadline = page_.read()->deadline;
  // A second agent of this boot, whose clock reading before the request is older.
  born({.identity = "north", .term = 1, .version = record_.version});
  ASSERT_TRUE(renewed_at(milliseconds(500), "b"));
  EXPECT_EQ(page_.read()->deadline, deadline);
  ASSERT_TRUE(renewed_at(milliseconds(1600), "c"));
  EXPECT_EQ(page_.read()->deadline, at(milliseconds(1600) + timing_.ttl));
}

TEST_F(Holder, with_an_endless_lease_needs_no_renewal) {
  record_.standby.reset();
  record_.lease.endless = true;
  born();
  ASSERT_TRUE(renewed_at(seconds(0)));
  EXPECT_TRUE(page_.read()->endless);
  EXPECT_TRUE(writable(std::chrono::hours(1000)));
  EXPECT_EQ(holder_->rest(at(seconds(9)), wall_at(seconds(9))), Duration::max());
}

TEST_F(Holder, does_not_make_a_page_endless_by_reading_alone) {
  born();
  ASSERT_TRUE(renewed_at(seconds(0)));
  record_.version += 1;
  record_.standby.reset();
  record_.lease.endless = true;
  ASSERT_TRUE(holder_->see(record_));
  EXPECT_FALSE(page_.read()->endless);
  EXPECT_FALSE(writable(timing_.ttl));
}

TEST_F(Holder, attaches_a_standby_by_first_making_its_own_page_finite) {
  born();
  alone_at(seconds(0));
  const auto next = attach_at(seconds(100));
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(broken_rule(record_, *next), std::nullopt);
  EXPECT_FALSE(page_.read()->endless) << "before the registry was asked";
  EXPECT_TRUE(writable(seconds(100) + timing_.ttl - milliseconds(1)));
  EXPECT_FALSE(writable(seconds(100) + timing_.ttl));
}

TEST_F(Holder, believes_no_endless_answer_to_what_it_asked_before_the_attach) {
  born();
  alone_at(seconds(0));
  const Record before = record_;
  const Record answer = asked(seconds(99), "late");
  record_ = before;  // what it knew when it began to attach
  ASSERT_TRUE(attach_at(seconds(100)).has_value());
  EXPECT_FALSE(holder_->granted(answer, BootTime::max(), WallTime::max()));
  EXPECT_FALSE(page_.read()->endless);
}

TEST_F(Holder, whose_attach_was_lost_becomes_endless_again_by_its_next_renewal) {
  born();
  alone_at(seconds(0));
  ASSERT_TRUE(attach_at(seconds(100)).has_value());
  ASSERT_TRUE(holder_->see(record_)) << "a read alone changes nothing";
  EXPECT_FALSE(page_.read()->endless);
  ASSERT_TRUE(renewed_at(seconds(101)));
  EXPECT_TRUE(page_.read()->endless);
}

TEST_F(Holder, is_extended_by_the_standby_while_nobody_knows_whether_the_attach_was_applied) {
  record_.grantors = {std::string(kRegistryGrantor)};
  born();
  alone_at(seconds(0));
  ASSERT_TRUE(attach_at(seconds(100)).has_value());
  const auto request = holder_->ask_other(record_, at(seconds(101)), wall_at(seconds(101)));
  ASSERT_TRUE(request.has_value());
  EXPECT_TRUE(holder_->extended(*request, BootTime::max(), WallTime::max()));
  EXPECT_TRUE(writable(seconds(101) + timing_.ttl - milliseconds(1)));
}

TEST_F(Holder, attaches_nobody_while_its_lease_is_finite_or_a_transition_is_open) {
  born();
  ASSERT_TRUE(renewed_at(seconds(0)));
  EXPECT_FALSE(attach_at(seconds(1)).has_value());
}

TEST_F(Holder, born_again_keeps_an_open_page_of_the_same_boot) {
  born();
  ASSERT_TRUE(renewed_at(seconds(0)));
  born({.identity = "north", .term = 1, .version = record_.version});
  EXPECT_TRUE(writable(seconds(1)));
  EXPECT_FALSE(writable(timing_.ttl));
}

TEST_F(Holder, born_again_finishes_a_fence_that_it_died_over) {
  born();
  ASSERT_TRUE(renewed_at(seconds(0)));
  // It died between making the fence durable and closing the page.
  born({.identity = "north", .term = 1, .fenced_term = 1, .version = record_.version});
  EXPECT_FALSE(page_.read().has_value());
  EXPECT_FALSE(writable(milliseconds(1)));
}

TEST_F(Holder, born_again_drops_answers_of_its_earlier_life) {
  born();
  const Record answer = asked(seconds(0));
  born({.identity = "north", .term = 1});
  EXPECT_FALSE(holder_->granted(answer, BootTime::max(), WallTime::max()));
  EXPECT_EQ(page_.opened, 0U);
}

TEST_F(Holder, in_a_region_that_was_never_active_asks_nothing) {
  holder_.emplace("south", timing_, AgentState{.identity = "south"}, kIncarnation, page_);
  ASSERT_TRUE(holder_->see(record_));
  EXPECT_FALSE(ask(seconds(0)).has_value());
  EXPECT_EQ(page_.opened, 0U);
}

TEST_F(Holder, is_let_write_by_the_second_grantor_alone_from_the_request_on) {
  born();
  ASSERT_TRUE(holder_->see(record_));
  const auto request = holder_->ask_other(record_, at(seconds(0)), wall_at(seconds(0)));
  ASSERT_TRUE(request.has_value());
  EXPECT_FALSE(writable(milliseconds(1)));
  EXPECT_TRUE(holder_->extended(*request, at(milliseconds(1900)), wall_at(milliseconds(1900))));
  EXPECT_TRUE(writable(timing_.ttl - milliseconds(1)));
  EXPECT_FALSE(writable(timing_.ttl));
}

TEST_F(Holder, keeps_the_later_of_two_grants) {
  born();
  ASSERT_TRUE(holder_->see(record_));
  const auto early = holder_->ask_other(record_, at(seconds(0)), wall_at(seconds(0)));
  ASSERT_TRUE(renewed_at(seconds(1)));
  EXPECT_TRUE(holder_->extended(*early, at(seconds(2)), wall_at(seconds(2))));
  EXPECT_TRUE(writable(seconds(1) + timing_.ttl - milliseconds(1))) << "by either clock";
}

TEST_F(Holder, takes_only_the_answer_to_its_latest_request_for_an_extension) {
  born();
  ASSERT_TRUE(holder_->see(record_));
  const auto old = holder_->ask_other(record_, at(seconds(0)), wall_at(seconds(0)));
  ASSERT_TRUE(holder_->ask_other(record_, at(seconds(1)), wall_at(seconds(1))).has_value());
  EXPECT_FALSE(holder_->extended(*old, at(seconds(1)), wall_at(seconds(1))));
  EXPECT_FALSE(writable(seconds(1)));
}

TEST_F(Holder, that_is_fenced_drops_the_extension_that_is_under_way) {
  born();
  ASSERT_TRUE(holder_->see(record_));
  const auto request = holder_->ask_other(record_, at(seconds(0)), wall_at(seconds(0)));
  ASSERT_TRUE(holder_->fence(1));
  holder_->close();
  EXPECT_FALSE(holder_->extended(*request, at(milliseconds(1)), wall_at(milliseconds(1))));
  EXPECT_FALSE(holder_->ask_other(record_, at(seconds(1)), wall_at(seconds(1))).has_value());
  EXPECT_FALSE(writable(milliseconds(2)));
}

TEST_F(Holder,
       asks_for_no_extension_of_an_endless_or_revoked_lease_nor_where_the_registry_alone_grants) {
  born();
  Record record = record_;
  record.lease.endless = true;
  EXPECT_FALSE(holder_->ask_other(record, at(seconds(0)), wall_at(seconds(0))).has_value());
  record = record_;
  record.lease.revoked = true;
  EXPECT_FALSE(holder_->ask_other(record, at(seconds(0)), wall_at(seconds(0))).has_value());
  record = record_;
  record.grantors = {"registry"};
  EXPECT_FALSE(holder_->ask_other(record, at(seconds(0)), wall_at(seconds(0))).has_value());
}

}  // namespace understudy
