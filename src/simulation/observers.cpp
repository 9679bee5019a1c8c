#include "simulation/observers.h"

#include <algorithm>

#include "simulation/postgres.h"

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
  sold_.try_emplace(order, Sold{region, scheduler_.now()});
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
}

void Observers::person_gave_up(int region, std::uint64_t timeline) {
  loss_accepted_ = true;
  if (newest_region_ != region) return;
  newest_region_ = 1 - region;
  newest_timeline_ = timeline;
}

void Observers::may_have_written_until(int region, TrueTime end) {
  TrueTime& known = wrote_until_[static_cast<std::size_t>(region)];
  known = std::max(known, end);
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
  if (after.version <= before.version || after.term <= before.term ||
      after.transition.number <= before.transition.number)
    chronicle_.broken("R7", "a recovered record does not count on from all that was seen");
}

void Observers::record_changed(const Record& before, const Record& after) {
  judge_epoch(before, after);
  if (after.active != before.active && after.active == plan_.topology.home)
    chronicle_.broken("I6", after.active + " is active again, and nobody confirmed it");
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
    const std::string why = orders_.objection(after.transition.execution, scheduler_.now());
    if (!why.empty())
      chronicle_.broken("orders",
                        fmt::format("{} begins though {}", after.transition.execution, why));
  }
  if (was == Phase::open && is == Phase::revoked) judge_fence(after.active);
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

}  // namespace

void Observers::judge_silence() {
  const auto all = [&](const auto& strikes) {
    return std::all_of(plan_.faults.begin(), plan_.faults.end(),
                       [&](const Fault& fault) { return is_order(fault) || strikes(fault); });
  };
  const bool synchronous = plan_.topology.database.replication == Replication::synchronous;
  const bool standby_alone = all(strikes_the_standby_alone) && !synchronous;
  if (!standby_alone && !all(strikes_the_witness_alone)) return;
  const Duration since = scheduler_.now() - last_acknowledged_.value_or(TrueTime{});
  const Duration silence = std::max(longest_silence_, since);
  if (silence > kSilenceMax)
    chronicle_.broken("I7", fmt::format("only the {} suffered, and nothing was sold for {} ms",
                                        standby_alone ? "standby" : "witness", to_ms(silence)));
}

void Observers::judge_losses(const std::vector<Transaction>& log) {
  std::set<std::uint64_t> kept;
  for (const Transaction& one : log) {
    if (one.what == Writes::order) kept.insert(one.id);
  }
  // Wall clocks of two regions stand behind the lag; they may differ by so much.
  Duration slack = milliseconds(50) + 2 * scheduler_.now().time_since_epoch() / 1'000'000 *
                                          plan_.topology.lease.clock_drift_ppm_max;
  for (const Duration offset : plan_.wall_offset) slack += std::chrono::abs(offset);
  for (const Fault& fault : plan_.faults) {
    if (fault.kind == FaultKind::wall_jumps) slack += std::chrono::abs(fault.by);
  }
  const bool synchronous = plan_.topology.database.replication == Replication::synchronous;
  const bool any_loss = plan_.topology.policy.over_budget == OverBudget::go_on;
  for (const std::uint64_t order : bought_) {
    if (kept.contains(order)) continue;
    const Sold& sold = sold_.at(order);
    const Duration age = wrote_until_[static_cast<std::size_t>(sold.region)] - sold.at;
    chronicle_.reached(Mark::orders_lost_within_budget);
    if (loss_accepted_) continue;
    if (synchronous) {
      chronicle_.broken("I3", fmt::format("order {} was lost in synchronous mode", order));
    } else if (age > plan_.topology.policy.lag_budget + slack && !any_loss) {
      chronicle_.broken("I3",
                        fmt::format("order {} was lost, {} ms before the end of its lease; "
                                    "the budget is {} ms",
                                    order, to_ms(age), to_ms(plan_.topology.policy.lag_budget)));
    }
  }
}

}  // namespace understudy::simulation
