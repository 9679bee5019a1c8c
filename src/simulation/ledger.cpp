#include "simulation/ledger.h"

#include <algorithm>

#include "simulation/postgres.h"

namespace understudy::simulation {

void Ledger::acknowledged(std::uint64_t timeline, std::uint64_t order) {
  const TrueTime now = scheduler_.now();
  stints_[timeline].last_acknowledged = now;
  const auto [sale, first] = sold_.try_emplace(order, Sale{timeline, now});
  // Lost with an earlier primary, and sold anew.
  if (!first && timeline > sale->second.timeline) sale->second = {timeline, now};
}

void Ledger::may_have_written_until(std::uint64_t timeline, TrueTime end) {
  TrueTime& known = stints_[timeline].wrote_until;
  known = std::max(known, end);
}

void Ledger::left(std::uint64_t timeline, const Transition& transition, bool loses_nothing) {
  Stint& stint = stints_[timeline];
  stint.left = true;
  if (loses_nothing) stint.moved_by = transition.execution;
}

void Ledger::let_go(std::uint64_t timeline, Duration held) {
  constexpr int kNearly = 20;  // clocks drift, and orders take their time
  const Duration most = plan_.topology.policy.rpo_hold_max;
  if (plan_.topology.policy.rpo != RpoPolicy::budget_first || held < most - most / kNearly) return;
  stints_[timeline].guard_gave_up = true;
  chronicle_.reached(Mark::commits_let_go_at_last);
}

/// Wall clocks of two regions stand behind the lag; they may differ by so much.
Duration Ledger::clock_slack() const {
  Duration slack = milliseconds(50) + 2 * scheduler_.now().time_since_epoch() / 1'000'000 *
                                          plan_.topology.lease.clock_drift_ppm_max;
  for (const Duration offset : plan_.wall_offset) slack += std::chrono::abs(offset);
  for (const Fault& fault : plan_.faults) {
    if (fault.kind == FaultKind::wall_jumps) slack += std::chrono::abs(fault.by);
  }
  return slack;
}

/// Why this one must not have been lost; "" if it may.
std::string Ledger::objection(std::uint64_t order, const Sale& sale) const {
  const auto found = stints_.find(sale.timeline);
  const Stint stint = found == stints_.end() ? Stint{} : found->second;
  if (stint.moved_by)
    return fmt::format("order {} was lost by {}, which loses nothing", order, *stint.moved_by);
  // Whoever accepts a loss accepts no more than what was promised to wait.
  const Policy& policy = plan_.topology.policy;
  const Duration span = stint.last_acknowledged - sale.at;
  if (policy.rpo == RpoPolicy::budget_first && stint.left && !stint.guard_gave_up &&
      span > policy.lag_budget)
    return fmt::format(
        "order {} was lost, {} ms before the last that its region acknowledged; "
        "commits were to wait, and the budget is {} ms",
        order, to_ms(span), to_ms(policy.lag_budget));
  if (accepted_.contains(sale.timeline) || policy.over_budget == OverBudget::go_on) return "";
  if (plan_.topology.database.replication == Replication::synchronous)
    return fmt::format("order {} was lost in synchronous mode", order);
  const Duration age = stint.wrote_until - sale.at;
  if (age > policy.lag_budget + clock_slack())
    return fmt::format("order {} was lost, {} ms before the end of its lease; the budget is {} ms",
                       order, to_ms(age), to_ms(policy.lag_budget));
  return "";
}

void Ledger::judge(const std::vector<Transaction>& active, const std::vector<Transaction>& other) {
  std::set<std::uint64_t> there, elsewhere;
  for (const Transaction& one : active) {
    if (one.what == Writes::order) there.insert(one.id);
  }
  bool sought_elsewhere = false;
  for (const std::uint64_t order : bought_) {
    if (there.contains(order)) continue;
    if (!std::exchange(sought_elsewhere, true)) {
      for (const Transaction& one : other) {
        if (one.what == Writes::order) elsewhere.insert(one.id);
      }
    }
    chronicle_.reached(Mark::orders_lost_within_budget);
    if (!kept_.contains(order) && !elsewhere.contains(order))
      chronicle_.broken("R21", fmt::format("order {} was acknowledged, and is in no database nor "
                                           "in what was kept",
                                           order));
    const std::string why = objection(order, sold_.at(order));
    if (!why.empty()) chronicle_.broken("I3", why);
  }
}

}  // namespace understudy::simulation
