// The Fence step: when may it say that the old region acknowledges nothing any more (R10, R11)?

#include "base/time.h"
#include "tests/recovery/step_story.h"

namespace understudy::fake {

namespace {

using std::chrono::seconds;

class Fencing : public StepStory {
 protected:
  Fencing() { until(Phase::open); }
  [[nodiscard]] const LeaseTiming& lease() const { return world_.topology.lease; }
  /// By a process that has seen nothing yet.
  void note_record_as_the_sentry_does() {
    another_orchestrator();
    orchestrators_.back().observer.note(world_.record.record, now());
  }
  static WallTime time_at(const boost::json::object& output, const char* key) {
    return parse_wall(std::string(output.at(key).as_string())).value();
  }
  [[nodiscard]] WallTime wall_of(BootTime time) const {
    return world_.stage.wall() + (time - now());
  }
};

/// Notes what the record said when the order came.
class Witness final : public RegionAgent {
 public:
  Witness(RegionAgent& agent, const SharedRecord& record) : agent_(agent), record_(record) {}
  Result<AgentStatus> status(BootTime d) override { return agent_.status(d); }
  Result<FenceAck> fence(std::uint64_t term, BootTime d) override {
    seen = record_.record;
    return agent_.fence(term, d);
  }
  Result<DatabaseState> promote(const PromoteOrder& o, BootTime d) override {
    return agent_.promote(o, d);
  }
  Result<RevokeAck> revoke(std::uint64_t term, BootTime d) override {
    return agent_.revoke(term, d);
  }
  Result<Done> await_active(std::uint64_t e, BootTime d) override {
    return agent_.await_active(e, d);
  }
  Result<Done> scale(const ScaleOrder& o, BootTime d) override { return agent_.scale(o, d); }
  Result<Done> drain(std::uint64_t t, BootTime d) override { return agent_.drain(t, d); }
  Result<RebuildState> rebuild(const RebuildOrder& o, BootTime d) override {
    return agent_.rebuild(o, d);
  }

  std::optional<Record> seen;

 private:
  RegionAgent& agent_;
  const SharedRecord& record_;
};

}  // namespace

TEST_F(Fencing, goes_on_at_once_with_the_acknowledgement_of_this_term) {
  north_.ack = {.at = world_.stage.wall(), .log_end = 1234};
  const BootTime began = now();
  const auto output = must(fence);
  EXPECT_EQ(output.at("fenced"), true);
  EXPECT_EQ(output.at("by"), "acknowledgement");
  EXPECT_EQ(output.at("term"), 1);
  EXPECT_EQ(output.at("log_end"), 1234);
  EXPECT_EQ(time_at(output, "ended_at"), north_.ack.at);
  EXPECT_LT(now() - began, milliseconds(50));
}

TEST_F(Fencing, revokes_before_it_asks_the_old_region) {
  Witness witness(north_, world_.record);
  world_.north.agent.agent = &witness;
  must(fence);
  ASSERT_TRUE(witness.seen.has_value());
  EXPECT_EQ(witness.seen->transition.phase, Phase::revoked);
  EXPECT_TRUE(witness.seen->lease.revoked);
}

TEST_F(Fencing, revokes_at_the_other_grantor_before_it_asks_the_old_region) {
  must(fence);
  EXPECT_THAT(south_.revoked, testing::ElementsAre(1));
  EXPECT_THAT(world_.south.agent.orders, testing::Contains("revoke 1"));
  world_.south.agent.agent = nullptr;
  EXPECT_EQ(error_of(fence), kTargetUnavailable) << "it may still extend";
}

TEST_F(Fencing, asks_nothing_of_the_old_region_while_the_other_grantor_is_silent) {
  world_.south.agent.agent = nullptr;
  EXPECT_EQ(error_of(fence), kTargetUnavailable);
  EXPECT_EQ(phase(), Phase::revoked) << "the registry comes first";
  EXPECT_EQ(world_.north.agent.fences.calls, 0U);
}

TEST_F(Fencing, waits_for_the_promise_of_the_other_grantor_from_its_answer_on) {
  world_.north.agent.agent = nullptr;
  note_record_as_the_sentry_does();
  world_.stage.run_for(lease().ttl + lease().margin);  // the registry's part is over
  south_.promise_rest = milliseconds(900);
  auto output = must(fence, "fence");
  EXPECT_EQ(output.at("fenced"), false);
  // It answered before the old region was asked, for 300 ms and in vain.
  EXPECT_GE(time_at(output, "wait_until"), wall_of(now()) + milliseconds(590));
  south_.promise_rest = -milliseconds(1);
  output = must(fence, "fence");
  EXPECT_EQ(output.at("fenced"), true);
  // It may have written to the end of that promise, margin before it was over.
  EXPECT_GE(time_at(output, "ended_at"), wall_of(now()) - lease().margin - milliseconds(10));
}

TEST_F(Fencing, is_proved_once_more_at_the_point_of_no_return) {
  must(fence, "fence");
  input_["fence"].as_object()["by"] = "lease_end";
  world_.stage.run_for(seconds(10));
  south_.promise_rest = milliseconds(50);
  EXPECT_EQ(error_of(pass_point_of_no_return), kNotYet);
  south_.promise_rest = -milliseconds(1);
  world_.south.agent.revokes.next = {Fault::unreachable};
  EXPECT_EQ(error_of(pass_point_of_no_return), kTargetUnavailable);
  EXPECT_EQ(error_of(pass_point_of_no_return), "none");
}

TEST_F(Fencing, without_an_answer_waits_ttl_and_margin_from_the_first_sight_of_the_serial) {
  world_.north.agent.agent = nullptr;
  note_record_as_the_sentry_does();
  const BootTime first_seen = now();
  world_.stage.run_for(milliseconds(700));
  auto output = must(fence, "fence");
  EXPECT_EQ(output.at("fenced"), false);
  const BootTime over = first_seen + lease().ttl + lease().margin;
  EXPECT_GE(time_at(output, "wait_until"), wall_of(over));
  EXPECT_LE(time_at(output, "wait_until"), wall_of(over) + milliseconds(1));

  world_.stage.sleep_until(over - milliseconds(10));
  output = must(fence, "fence");
  EXPECT_EQ(output.at("fenced"), false) << "a wait that ended early is no proof";
  world_.stage.sleep_until(over);
  output = must(fence, "fence");
  EXPECT_EQ(output.at("fenced"), true);
  EXPECT_EQ(output.at("by"), "lease_end");
  // The lease ended `margin` before that at the latest; times in documents are whole milliseconds.
  EXPECT_GE(time_at(output, "ended_at") + milliseconds(1), wall_of(first_seen + lease().ttl));
  EXPECT_LE(time_at(output, "ended_at"), wall_of(first_seen + lease().ttl));
}

TEST_F(Fencing, asks_the_old_region_once_and_briefly) {
  world_.north.agent.agent = nullptr;
  const BootTime began = now();
  must(fence, "fence");
  EXPECT_LE(now() - began, milliseconds(350));
  EXPECT_EQ(world_.north.agent.fences.calls, 1U);
  world_.stage.run_for(seconds(3));
  must(fence, "fence");
  EXPECT_EQ(world_.north.agent.fences.calls, 1U);
}

TEST_F(Fencing, waits_anew_when_a_renewal_slips_in_before_the_revocation) {
  world_.north.agent.agent = nullptr;
  note_record_as_the_sentry_does();
  world_.stage.run_for(milliseconds(1900));
  world_.registry.before_next_replace = [this] { renew(); };
  const BootTime before = now();
  const auto output = must(fence);
  EXPECT_EQ(output.at("fenced"), false);
  EXPECT_GE(time_at(output, "wait_until"), wall_of(before + lease().ttl + lease().margin));
}

TEST_F(Fencing, ignores_the_acknowledgement_of_another_term) {
  north_.ack = {.term = 5, .at = world_.stage.wall()};
  const auto output = must(fence);
  EXPECT_EQ(output.at("fenced"), false);
}

TEST_F(Fencing, ignores_an_acknowledgement_that_did_not_arrive) {
  for (const Fault fault : {Fault::answer_lost, Fault::refused, Fault::unreachable}) {
    world_.north.agent.fences.next = {fault};
    input_.erase("fence");
    EXPECT_EQ(must(fence).at("fenced"), false);
  }
}

TEST_F(Fencing, repeated_by_another_orchestrator_does_not_take_the_wait_as_done) {
  world_.north.agent.agent = nullptr;
  must(fence, "fence");
  world_.stage.run_for(seconds(60));
  another_orchestrator();
  const auto output = must(fence, "fence");
  EXPECT_EQ(output.at("fenced"), false);
  EXPECT_GE(time_at(output, "wait_until"),
            wall_of(now()) + lease().ttl + lease().margin - milliseconds(10));
}

TEST_F(Fencing, trusts_no_time_with_an_endless_lease) {
  Record endless = world_.record.record;
  endless.standby.reset();
  endless.lease.endless = true;
  world_.record.force(endless);
  world_.north.agent.agent = nullptr;
  EXPECT_EQ(error_of(fence), "Understudy.EndlessLease");
  world_.stage.run_for(std::chrono::hours(1));
  EXPECT_EQ(error_of(fence), "Understudy.EndlessLease");
  world_.north.agent.agent = &north_;
  EXPECT_EQ(must(fence).at("fenced"), true) << "the acknowledgement does";
}

TEST_F(Fencing, follows_a_wall_clock_that_jumps_ahead_only_to_ask_again) {
  world_.north.agent.agent = nullptr;
  must(fence, "fence");
  world_.stage.shift_wall(std::chrono::hours(1));
  EXPECT_EQ(must(fence, "fence").at("fenced"), false);
}

TEST_F(Fencing, does_not_go_by_a_look_that_has_grown_old) {
  input_["confirmation"] = {{"looked_at", format_wall(world_.stage.wall())}};
  world_.stage.run_for(std::chrono::seconds(5));
  EXPECT_EQ(error_of(fence), kNotYet);
  EXPECT_EQ(phase(), Phase::open);
  input_["confirmation"] = {{"looked_at", format_wall(world_.stage.wall())}};
  must(fence);
  EXPECT_EQ(phase(), Phase::revoked);
}

TEST_F(Fencing, repeated_after_the_point_of_no_return_changes_nothing) {
  must(fence, "fence");
  must(pass_point_of_no_return);
  const std::size_t before = changes();
  const auto output = must(fence);
  EXPECT_EQ(output.at("fenced"), true);
  EXPECT_EQ(output.at("by"), "earlier");
  EXPECT_EQ(changes(), before);
}

}  // namespace understudy::fake
