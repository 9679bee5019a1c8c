#include "simulation/plan_agents.h"

#include "simulation/dice.h"

namespace understudy::simulation {

namespace {

using std::chrono::seconds;

constexpr int kNorth = 0, kSouth = 1;

Disk draw_trouble(Dice& dice) {
  if (dice.one_in(2)) return Disk::full;
  return dice.one_in(3) ? Disk::of_another : Disk::unreadable;
}

Fault draw_failing_disk(Dice& dice, TrueTime from, TrueTime until) {
  return {.kind = FaultKind::agent_disk_fails,
          .at = from + dice.between({}, until - from),
          .lasts = dice.between(milliseconds(300), seconds(8)),
          .where = dice.below(10) < 5 ? kNorth : kSouth,
          .other = static_cast<int>(draw_trouble(dice))};
}

Fault draw_stop(Dice& dice, TrueTime from, TrueTime until) {
  return {.kind = FaultKind::agent_stops,
          .at = from + dice.between({}, until - from),
          .where = dice.below(10) < 5 ? kNorth : kSouth};
}

/// A watchdog sees it within one to three of the intervals in which a task must be heard of.
Fault draw_hang(Dice& dice, TrueTime from, TrueTime until) {
  return {.kind = FaultKind::agent_hangs,
          .at = from + dice.between({}, until - from),
          .lasts = dice.between(milliseconds(500), seconds(3)),
          .where = dice.below(10) < 6 ? kNorth : kSouth};
}

Fault draw_misuse(Dice& dice, TrueTime from, TrueTime until) {
  return {.kind = FaultKind::registry_misused,
          .at = from + dice.between({}, until - from),
          .lasts = dice.between(seconds(1), seconds(8))};
}

/// The hardest case for an agent that knows nothing: it hangs before it has learnt anything.
void add_hang_without_memory(Plan& plan, Dice& dice, TrueTime begin, TrueTime end) {
  Fault hang = draw_hang(dice, begin, end);
  plan.faults.push_back({.kind = FaultKind::agent_disk_wiped, .at = hang.at, .where = hang.where});
  hang.at += milliseconds(1);
  plan.faults.push_back(hang);
}

/// The hardest case for what must be durable before it is answered: everybody leaves the region,
/// and the disk of one of the two agents takes none of it.
void add_failing_disk_amid_failover(Plan& plan, Dice& dice, TrueTime begin, TrueTime end) {
  const TrueTime at = begin + dice.between({}, end - begin);
  plan.faults.push_back({.kind = FaultKind::path_cut, .at = at});
  plan.faults.push_back({.kind = FaultKind::agent_disk_fails,
                         .at = at + dice.between({}, seconds(3)),
                         .lasts = dice.between(milliseconds(100), seconds(2)),
                         .where = dice.one_in(2) ? kNorth : kSouth,
                         .other = static_cast<int>(Disk::full)});
}

/// The same for an agent that is stopped just as the platform comes to rely on it.
void add_stop_amid_failover(Plan& plan, Dice& dice, TrueTime begin, TrueTime end) {
  const TrueTime at = begin + dice.between({}, end - begin);
  plan.faults.push_back({.kind = FaultKind::region_dies, .at = at});
  plan.faults.push_back({.kind = FaultKind::agent_stops,
                         .at = at + dice.between(milliseconds(500), seconds(4)),
                         .where = kSouth});
}

}  // namespace

void draw_agents(Plan& plan, TrueTime begin, TrueTime end) {
  Dice dice(plan.seed ^ 0xa9e2a9e2a9e2a9e2ULL);
  if (dice.one_in(12)) plan.faults.push_back(draw_failing_disk(dice, begin, end));
  if (dice.one_in(12)) plan.faults.push_back(draw_stop(dice, begin, end));
  if (dice.one_in(8)) plan.faults.push_back(draw_hang(dice, begin, end));
  if (dice.one_in(24)) add_hang_without_memory(plan, dice, begin, end);
  if (dice.one_in(16)) plan.faults.push_back(draw_misuse(dice, begin, end));
  if (plan.topology.policy.over_budget == OverBudget::ask && dice.one_in(12))
    plan.topology.policy.over_budget = OverBudget::go_on;
  if (dice.one_in(24)) add_failing_disk_amid_failover(plan, dice, begin, end);
  if (dice.one_in(24)) add_stop_amid_failover(plan, dice, begin, end);
}

}  // namespace understudy::simulation
