#include "simulation/history.h"

#include <algorithm>

#include "base/ensure.h"
#include "simulation/buyers.h"
#include "simulation/faults.h"
#include "simulation/fiber.h"
#include "simulation/witness.h"
#include "simulation/world.h"

namespace understudy::simulation {

namespace {

[[noreturn]] void throw_on_broken_rule(const char* rule, std::source_location where) {
  throw BrokenRule{rule, where.file_name(), where.line()};
}

/// How often it is looked whether the world has come to rest.
constexpr Duration kLookInterval = milliseconds(100);
/// How long somebody must have written, or been asked, before it counts.
constexpr Duration kSteady = milliseconds(500);

/// The liveness phase: from the healing on, until somebody writes or a person is visibly asked; and
/// then until the region that was left stands by again, if that is nobody's but the product's
/// business.
class Convergence {
 public:
  Convergence(Stage& stage, World& world) : stage_(stage), world_(world) {}

  void watch() {
    asked_before_ = stage_.observers.times_asked();
    look();
  }
  [[nodiscard]] const bool& reached() const { return reached_; }
  /// Somebody wrote, or was asked, in time.
  [[nodiscard]] bool served() const { return served_; }

 private:
  void look() {
    const TrueTime now = stage_.scheduler.now();
    const auto last = stage_.observers.last_acknowledgement();
    const bool at_rest =
        world_.registry.record().transition.phase == Phase::none && world_.witness.idle();
    const bool writes = last && now - *last < kSteady && now - stage_.plan.healed_at >= kSteady;
    // One who was asked before the healing is asked no more, but for a question that is still open.
    const bool asked = (stage_.observers.times_asked() > asked_before_ && somebody_is_missing()) ||
                       world_.witness.asks();
    const bool well = writes && at_rest && shares_are_right();
    served_ = served_ || well;
    if (well && whole_again()) reached_ = true;
    if (!served_ && now - stage_.plan.healed_at > stage_.plan.converge_within) return;
    if (asked && !writes && now - stage_.plan.healed_at >= 20 * kSteady) {
      stage_.chronicle.reached(Mark::person_asked_at_the_end);
      served_ = reached_ = true;
    }
    if (!reached_) stage_.scheduler.after(kLookInterval, [this] { look(); });
  }

  /// The other region, if it is there, is the attached standby again. By itself a standby that was
  /// never promoted comes back, and one that was left if people want it so.
  [[nodiscard]] bool whole_again() const {
    const Record& record = world_.registry.record();
    if (record.standby || stage_.plan.left_dead) return true;
    const auto& faults = stage_.plan.faults;
    const bool rebuilt_by_hand = std::any_of(faults.begin(), faults.end(), [](const Fault& fault) {
      return fault.kind == FaultKind::rejoin_ordered;
    });
    return !stage_.plan.topology.policy.automatic_rejoin && (record.epoch > 1 || rebuilt_by_hand);
  }

  /// The active region runs the active share of every service, and the other, if it is there, the
  /// standby's.
  [[nodiscard]] bool shares_are_right() {
    for (Region* region : world_.regions()) {
      const bool active = region->name() == world_.registry.record().active;
      if (region->machine().on() && !region->has_share(active)) return false;
    }
    return true;
  }

  /// To ask a person is an answer only where the region that writes, or is to write, is dead, or
  /// where the policy is to wait rather than to lose anything.
  [[nodiscard]] bool somebody_is_missing() {
    const Record& record = world_.registry.record();
    if (record.transition.phase == Phase::revoked &&
        stage_.plan.topology.policy.over_budget == OverBudget::wait)
      return true;
    if (!stage_.plan.left_dead) return false;
    const std::string& dead =
        world_.regions()[static_cast<std::size_t>(*stage_.plan.left_dead)]->name();
    return record.active == dead ||
           (record.transition.phase >= Phase::promoting && record.transition.target == dead);
  }

  Stage& stage_;
  World& world_;
  std::uint64_t asked_before_ = 0;
  bool reached_ = false;
  bool served_ = false;
};

void live_through(Stage& stage, World& world, Outcome& outcome) {
  const Plan& plan = stage.plan;
  const bool never = false;
  Faults faults(stage, world);
  Convergence convergence(stage, world);
  world.start();
  faults.arm();
  stage.scheduler.run_until(plan.healed_at, never);
  stage.observers.judge_silence();
  faults.heal();
  stage.chronicle.tell("healed{}", plan.left_dead ? ", but for one region" : "");
  convergence.watch();
  stage.scheduler.run_until(plan.healed_at + plan.rejoin_within, convergence.reached());
  if (convergence.reached()) {
    outcome.converged_in = stage.scheduler.now() - plan.healed_at;
  } else if (convergence.served()) {
    stage.chronicle.broken(
        "liveness", fmt::format("{} s after the healing nobody is attached to {}",
                                to_ms(plan.rejoin_within) / 1000, world.registry.record().active));
  } else {
    stage.chronicle.broken(
        "liveness", fmt::format("{} s after the healing nobody writes and no "
                                "person is asked; record: {} active, phase {}",
                                to_ms(plan.converge_within) / 1000, world.registry.record().active,
                                to_string(world.registry.record().transition.phase)));
  }
  world.judge();
  world.stop();
}

}  // namespace

Outcome run_history(const Plan& plan, const Composition& product, bool told) {
  ensure_handler = throw_on_broken_rule;
  Outcome outcome;
  Stage stage(plan, product, told);
  {
    World world(stage);
    try {
      live_through(stage, world, outcome);
    } catch (const BrokenRule& broken) {
      outcome.assertion = fmt::format("{}:{}: {}", broken.file, broken.line, broken.rule);
      stage.chronicle.tell("ASSERTION {}", *outcome.assertion);
    }
    outcome.failed_over = world.registry.record().epoch > 1;
    outcome.marks = stage.chronicle.marks();
    outcome.first_revoked = stage.observers.first_revoked();
    world.end();
  }
  outcome.violations = stage.chronicle.violations();
  outcome.digest = stage.scheduler.digest();
  outcome.fingerprint = stage.dice.fingerprint();
  outcome.events = stage.scheduler.events();
  outcome.length = stage.scheduler.now().time_since_epoch();
  outcome.story = stage.chronicle.story();
  return outcome;
}

}  // namespace understudy::simulation
