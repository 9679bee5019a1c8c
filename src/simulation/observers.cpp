#include "simulation/observers.h"

#include <algorithm>

namespace understudy::simulation {

namespace {
/// How old a vantage's bad look may be to count as "sees the primary down" (I9): the patience of
/// the slowest row is far longer, but its looks go on all the while.
constexpr Duration kRecentLook = std::chrono::seconds(4);
/// I10: a second beyond the period of the edge's checks and what it waits for their answer.
constexpr Duration kMisledMax = std::chrono::seconds(1) + milliseconds(400);
}  // namespace

/// One timeline was promoted after the other: whoever is heard to write in an older one splits the
/// brain, and so do two who write in the same.
void Observers::one_writer(const char* invariant, const char* what, int region,
                           std::uint64_t timeline) {
  if (timeline == newest_timeline_ && region == newest_region_) return;
  chronicle_.broken(
      invariant,
      fmt::format("{} {} in timeline {} while {} is in timeline {}",
                  plan_.topology.regions[static_cast<std::size_t>(region)].name, what, timeline,
                  plan_.topology.regions[static_cast<std::size_t>(newest_region_)].name,
                  newest_timeline_));
}

void Observers::acknowledged(int region, std::uint64_t timeline, std::uint64_t order) {
  scheduler_.mix(order);
  one_writer("I1", "acknowledges an order", region, timeline);
  const TrueTime now = scheduler_.now();
  longest_silence_ = std::max(longest_silence_, now - last_acknowledged_.value_or(TrueTime{}));
  last_acknowledged_ = now;
  ledger_.acknowledged(timeline, order);
}

void Observers::claimed(int region, std::uint64_t timeline) {
  if (newest_timeline_ > 1 && region == newest_region_) chronicle_.reached(Mark::cron_moved);
  one_writer("I2", "runs a singleton", region, timeline);
}

void Observers::led(int region, bool leads, bool serves) {
  auto& since = misled_since_[static_cast<std::size_t>(region)];
  const TrueTime now = scheduler_.now();
  if (!leads || serves) return since.reset();
  if (!since) since = now;
  if (now - *since <= kMisledMax) return;
  chronicle_.broken("I10",
                    fmt::format("traffic has reached {} for {} ms, which cannot serve it",
                                plan_.topology.regions[static_cast<std::size_t>(region)].name,
                                to_ms(now - *since)));
  since.reset();
}

void Observers::promoted(int region, std::uint64_t timeline) {
  if (++promotions_ > active_in_epoch_.size())
    chronicle_.broken("I8", "a database was promoted twice for one change of region");
  newest_timeline_ = std::max(newest_timeline_, timeline);
  newest_region_ = region;
  timeline_of_[static_cast<std::size_t>(region)] = timeline;
}

void Observers::person_gave_up(int region, std::uint64_t timeline) {
  ledger_.loss_accepted(timeline_of_[static_cast<std::size_t>(region)]);
  if (newest_region_ != region) return;
  newest_region_ = 1 - region;
  newest_timeline_ = timeline;
}

void Observers::may_have_written_until(int region, TrueTime end) {
  ledger_.may_have_written_until(timeline_of_[static_cast<std::size_t>(region)], end);
}

void Observers::judge_epoch(const Record& before, const Record& after) {
  scheduler_.mix(after.version);
  if (after.epoch < before.epoch) chronicle_.broken("I4", "the epoch fell");
  const auto [named, first] = active_in_epoch_.try_emplace(after.epoch, after.active);
  if (!first && named->second != after.active)
    chronicle_.broken("I4", fmt::format("epoch {} has two active regions", after.epoch));
}

void Observers::record_recovered(const Record& before, const Record& after) {
  judge_epoch(before, after);
  record_ = after;
  if (after.version <= before.version || after.term <= before.term ||
      after.transition.number <= before.transition.number)
    chronicle_.broken("R7", "a recovered record does not count on from all that was seen");
}

void Observers::record_changed(const Record& before, const Record& after) {
  judge_epoch(before, after);
  if (!record_ || before.standby != after.standby || before.active != after.active ||
      before.transition != after.transition)
    record_ = after;
  const Phase was = before.transition.phase;
  const Phase is = after.transition.phase;
  if (was != Phase::none && after.transition.number != before.transition.number)
    chronicle_.broken("I5", "a transition began before the one before it ended");
  if (was != is)
    chronicle_.tell("record: transition {} {} → {}, epoch {}, term {}, {} active",
                    after.transition.number, to_string(was), to_string(is), after.epoch, after.term,
                    after.active);
  if (was == is && before.standby != after.standby) {
    chronicle_.reached(after.standby ? Mark::standby_attached : Mark::standby_detached);
    chronicle_.tell("record: standby {}", after.standby.value_or("none"));
  }
  if (was == Phase::none && is == Phase::open) {
    judge_opening(after);
  }
  const bool by_looks = after.transition.kind == TransitionKind::failover &&
                        !orders_.was_forced(after.transition.execution);
  if (was == Phase::open && is == Phase::revoked && by_looks) judge_fence(after.active);
  if (was == Phase::revoked && is == Phase::promoting) note_departure(after);
  if (was == Phase::promoting && is == Phase::switched) note_arrival(before, after);
}

/// I6, and what people ordered of failovers.
void Observers::judge_opening(const Record& record) {
  const Transition& opened = record.transition;
  const std::string& execution = opened.execution;
  if (opened.kind == TransitionKind::failover) {
    const std::string why = orders_.objection(execution, scheduler_.now());
    if (!why.empty())
      chronicle_.broken("orders", fmt::format("{} begins though {}", execution, why));
    orders_.began(execution, scheduler_.now());
  } else if (opened.kind == TransitionKind::failback && !orders_.was_approved(execution)) {
    chronicle_.broken("I6", fmt::format("{} begins, and nobody confirmed it", execution));
  } else if (opened.kind == TransitionKind::switchover && !orders_.was_ordered(execution)) {
    chronicle_.broken("I6", fmt::format("{} begins, and nobody ordered it", execution));
  }
}

void Observers::note_departure(const Record& record) {
  const Transition& is = record.transition;
  if (orders_.was_forced(is.execution)) ledger_.loss_accepted(newest_timeline_);
  ledger_.left(newest_timeline_, is,
               is.kind != TransitionKind::failover && !orders_.was_ungraceful(is.execution));
}

void Observers::note_arrival(const Record& before, const Record& after) {
  const Transition& is = after.transition;
  if (before.epoch > 1) chronicle_.reached(Mark::moved_more_than_once);
  if (is.kind == TransitionKind::switchover) chronicle_.reached(Mark::switched_over);
  if (is.kind == TransitionKind::failback) chronicle_.reached(Mark::failed_back);
  if (is.kind != TransitionKind::failover) return;
  if (before.epoch > 1) chronicle_.reached(Mark::failed_over_again);
  if (orders_.was_forced(is.execution)) return chronicle_.reached(Mark::failover_forced);
  orders_.switched(is.execution, scheduler_.now());
}

void Observers::overwritten(int region) {
  if (!record_) return;
  const std::string& name = plan_.topology.regions[static_cast<std::size_t>(region)].name;
  const bool target =
      record_->transition.phase != Phase::none && record_->transition.target == name;
  if (record_->active == name || record_->standby == name || target)
    chronicle_.broken("R21", name + " is overwritten, and is not a bystander");
}

void Observers::refused(int region) {
  const bool calm = std::all_of(plan_.faults.begin(), plan_.faults.end(), [](const Fault& fault) {
    return is_order(fault) || is_move(fault);
  });
  if (!record_ || !calm) return;
  const Transition& is = record_->transition;
  const std::string& name = plan_.topology.regions[static_cast<std::size_t>(region)].name;
  const bool leaves = record_->active == name && is.phase != Phase::none && is.target != name;
  if (!leaves || is.kind == TransitionKind::failover || orders_.was_ungraceful(is.execution))
    return;
  chronicle_.broken("R22",
                    fmt::format("an order that the edge led to {} failed, since {} fenced it "
                                "before it was drained",
                                name, is.execution));
}

/// I9, by the looks that the vantages really had.
void Observers::judge_fence(const std::string& active) {
  const TrueTime now = scheduler_.now();
  if (!first_revoked_) first_revoked_ = now;
  const auto bad = std::count_if(looks_.begin(), looks_.end(), [&](const auto& of) {
    const Look& look = of.second;
    return look.region == active && !look.well && now - look.at <= kRecentLook;
  });
  if (2 * bad <= 3) {
    chronicle_.broken(
        "I9", fmt::format("{} is left though only {} of 3 vantages see it down", active, bad));
  }
}

void Observers::looked(const std::string& vantage, const std::string& region,
                       const Sighting& seen) {
  const bool well = seen.path && seen.ready;
  Look& look = looks_[vantage];
  // A good look does not wipe out a bad one of just before: the decision may already be under way.
  if (well && look.region == region && !look.well &&
      scheduler_.now() - look.at < std::chrono::seconds(1))
    return;
  look = {region, well, scheduler_.now()};
}

namespace {

/// Longer than any buyer waits before the next one comes, and a try or two.
constexpr Duration kSilenceMax = std::chrono::seconds(3);

bool registry_fails_again_after_it_was_lost(const Plan& plan) {
  const auto& faults = plan.faults;  // in the order of their times
  const auto lost = std::find_if(faults.begin(), faults.end(), [](const Fault& fault) {
    return fault.kind == FaultKind::registry_lost;
  });
  return std::any_of(lost, faults.end(), [](const Fault& fault) {
    return fault.kind == FaultKind::registry_dies || fault.kind == FaultKind::registry_mute;
  });
}

}  // namespace

void Observers::judge_silence() {
  const auto all = [&](const auto& strikes) {
    return std::all_of(plan_.faults.begin(), plan_.faults.end(), [&](const Fault& fault) {
      return is_order(fault) || fault.kind == FaultKind::rebuild_trouble || strikes(fault);
    });
  };
  const bool synchronous = plan_.topology.database.replication == Replication::synchronous;
  const Policy& policy = plan_.topology.policy;
  const Duration held =
      policy.rpo == RpoPolicy::budget_first ? policy.rpo_hold_max : Duration::zero();
  const bool standby_alone = all(strikes_the_standby_alone) && !synchronous;
  if (!standby_alone && !all(strikes_the_witness_alone)) return;
  // While its record is made anew, nobody is attached who could grant besides the registry.
  if (registry_fails_again_after_it_was_lost(plan_)) return;
  const Duration since = scheduler_.now() - last_acknowledged_.value_or(TrueTime{});
  const Duration silence = std::max(longest_silence_, since);
  if (silence > kSilenceMax + held)
    chronicle_.broken("I7", fmt::format("only the {} suffered, and nothing was sold for {} ms",
                                        standby_alone ? "standby" : "witness", to_ms(silence)));
}

}  // namespace understudy::simulation
