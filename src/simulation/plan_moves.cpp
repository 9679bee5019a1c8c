#include "simulation/plan_moves.h"

#include <algorithm>

#include "controller/execution_runner.h"
#include "simulation/dice.h"
#include "simulation/rebuild.h"

namespace understudy::simulation {

namespace {

using std::chrono::seconds;

constexpr int kNorth = 0, kSouth = 1, kWitness = 2;

/// Only histories without faults may say that an order failed for a planned move alone: who skips
/// the draining of a region wants it so.
Fault draw_control(Dice& dice, bool calm) {
  constexpr std::array kAny = {Control::pause,    Control::retry,      Control::cancel,
                               Control::graceful, Control::ungraceful, Control::skip};
  const std::size_t count = calm ? kAny.size() - 1 : kAny.size();
  return {.kind = FaultKind::execution_controlled,
          .other = static_cast<int>(kAny[dice.below(count)])};
}

/// A pause ends.
void add_control(Plan& plan, Dice& dice, TrueTime at, bool calm) {
  Fault order = draw_control(dice, calm);
  order.at = at;
  plan.faults.push_back(order);
  if (order.other != static_cast<int>(Control::pause)) return;
  order.other = static_cast<int>(Control::resume);
  order.at = at + dice.between(milliseconds(300), seconds(4));
  plan.faults.push_back(order);
}

/// Planned, and then approved, declined or forgotten.
void add_failback(Plan& plan, Dice& dice, TrueTime at) {
  plan.faults.push_back(
      {.kind = FaultKind::failback_planned, .at = at, .other = dice.one_in(6) ? 1 : 0});
  const std::uint64_t answer = dice.below(5);
  if (answer == 0) return;
  plan.faults.push_back({.kind = FaultKind::failback_answered,
                         .at = at + dice.between(milliseconds(600), seconds(3)),
                         .other = answer == 1 ? 0 : 1});
}

void add_any_order(Plan& plan, Dice& dice, TrueTime at) {
  Fault order{.at = at};
  switch (dice.below(8)) {
    case 0:
    case 1: order.kind = FaultKind::switchover_ordered; break;
    case 2: return add_failback(plan, dice, at);
    case 3: order.kind = FaultKind::failover_forced; break;
    case 4: order.kind = FaultKind::rejoin_ordered; break;
    case 5: order.kind = FaultKind::standby_detached; break;
    default: return add_control(plan, dice, at, false);
  }
  order.other = dice.one_in(3) ? 1 : 0;
  plan.faults.push_back(order);
}

/// There and back while all is well: nothing is lost, and no order that the edge passes on fails.
void add_round_trip(Plan& plan, Dice& dice, TrueTime begin) {
  plan.faults.clear();
  plan.left_dead.reset();
  plan.topology.policy.automatic_rejoin = true;
  const TrueTime there = begin + dice.between(milliseconds(500), seconds(2));
  plan.faults.push_back({.kind = FaultKind::switchover_ordered, .at = there});
  if (dice.one_in(3)) add_control(plan, dice, there + dice.between({}, seconds(2)), true);
  const TrueTime back = there + seconds(6) + dice.between({}, seconds(5));
  add_failback(plan, dice, back);
  if (dice.one_in(3)) add_control(plan, dice, back + dice.between({}, seconds(3)), true);
  plan.healed_at = back + seconds(6);
}

Fault draw_strike(Dice& dice, TrueTime at) {
  constexpr std::array kStrikes = {
      FaultKind::region_dies,     FaultKind::agent_dies,         FaultKind::agent_freezes,
      FaultKind::database_dies,   FaultKind::database_hangs,     FaultKind::link_cut,
      FaultKind::controller_dies, FaultKind::replication_stalls, FaultKind::region_freezes,
      FaultKind::registry_dies,   FaultKind::agent_disk_wiped};
  Fault strike{.kind = kStrikes[dice.below(kStrikes.size())],
               .at = at,
               .lasts = dice.between(milliseconds(100), seconds(3)),
               .where = dice.one_in(3) ? kSouth : kNorth};
  if (strike.kind == FaultKind::link_cut) {
    strike.where = static_cast<int>(dice.below(3));
    strike.other = (strike.where + 1 + static_cast<int>(dice.below(2))) % 3;
  }
  return strike;
}

/// The first region dies and returns; while it is rebuilt, more happens; and once it stands by, the
/// second one may go, too.
void add_return_under_fire(Plan& plan, Dice& dice, TrueTime begin) {
  Policy& policy = plan.topology.policy;
  policy.automatic_failover = Automation::on;
  policy.automatic_rejoin = !dice.one_in(6);
  policy.failover_interval_min = dice.between(seconds(2), seconds(8));
  plan.earlier_failover.reset();
  plan.faults.clear();
  const Duration away = dice.between(milliseconds(1500), seconds(6));
  const bool frozen = dice.one_in(4);
  const bool alone = dice.one_in(4);  // replication stops first: there is a tail to be lost
  if (!alone) {
    plan.faults.push_back({.kind = FaultKind::replication_stalls,
                           .at = begin - dice.between({}, milliseconds(600)),
                           .lasts = away,
                           .where = kNorth});
  }
  plan.faults.push_back({.kind = frozen ? FaultKind::region_freezes : FaultKind::region_dies,
                         .at = begin,
                         .lasts = away + seconds(3)});
  const TrueTime back = begin + away + seconds(3);
  if (dice.one_in(2)) {
    plan.faults.push_back({.kind = FaultKind::rebuild_trouble,
                           .at = begin,
                           .where = kNorth,
                           .other = 1 + static_cast<int>(dice.below(4))});
  }
  for (std::uint64_t count = dice.below(3); count > 0; --count)
    plan.faults.push_back(draw_strike(dice, back + dice.between({}, seconds(3))));
  if (!policy.automatic_rejoin || dice.one_in(6)) {
    plan.faults.push_back({.kind = FaultKind::rejoin_ordered,
                           .at = back + dice.between(milliseconds(300), seconds(2)),
                           .other = dice.one_in(2) ? 1 : 0});
  }
  if (dice.one_in(2)) plan.faults.push_back({.kind = FaultKind::failover_acknowledged, .at = back});
  const TrueTime again = back + dice.between(seconds(1), seconds(8));
  plan.healed_at = again + seconds(2);
  switch (dice.below(4)) {
    case 0:
      plan.faults.push_back(
          {.kind = FaultKind::region_dies, .at = again, .lasts = seconds(5), .where = kSouth});
      break;
    case 1: add_failback(plan, dice, again); break;
    case 2: add_any_order(plan, dice, again); break;
    default: break;
  }
  if (plan.left_dead == kNorth) plan.left_dead.reset();
}

/// The hardest case for a second transition: one that was begun by a person is struck in its
/// middle.
void add_move_under_fire(Plan& plan, Dice& dice, TrueTime begin) {
  plan.faults.clear();
  const TrueTime at = begin + dice.between({}, seconds(2));
  plan.faults.push_back(
      {.kind = FaultKind::switchover_ordered, .at = at, .other = dice.one_in(4) ? 1 : 0});
  for (std::uint64_t count = 1 + dice.below(2); count > 0; --count)
    plan.faults.push_back(draw_strike(dice, at + dice.between({}, seconds(2))));
  if (dice.one_in(3)) add_control(plan, dice, at + dice.between({}, seconds(2)), false);
  plan.healed_at = at + seconds(5);
}

/// The hardest case for a planned move: what the old region sold last does not reach the target, or
/// its agent falls silent over the fence while those who know their way around go on buying.
void add_silent_move(Plan& plan, Dice& dice, TrueTime begin) {
  plan.faults.clear();
  plan.topology.database.replication = Replication::asynchronous;
  plan.buy_every = milliseconds(60);
  const TrueTime at = begin + dice.between({}, seconds(1));
  plan.faults.push_back({.kind = FaultKind::switchover_ordered, .at = at});
  plan.faults.push_back({.kind = FaultKind::replication_stalls,
                         .at = at + dice.between(milliseconds(30), milliseconds(500)),
                         .where = kNorth});
  if (dice.one_in(2)) {
    plan.faults.push_back({.kind = FaultKind::agent_freezes,
                           .at = at + dice.between(milliseconds(80), milliseconds(900)),
                           .lasts = seconds(6),
                           .where = kNorth});
  }
  plan.healed_at = at + seconds(9);
}

/// relation rpo-budget (topology/timing.cpp).
Duration least_guarded_budget(const Plan& plan) {
  return plan.topology.lease.ttl + plan.topology.lease.margin + 2 * kHoldObeyed;
}

/// The hardest case for a guard of what may be lost: the standby is behind for long, and then the
/// region dies. `dies`: or it does not, and commits must not wait for ever.
void add_slow_standby(Plan& plan, Dice& dice, TrueTime begin, bool dies) {
  Policy& policy = plan.topology.policy;
  policy.rpo = RpoPolicy::budget_first;
  policy.rpo_hold_max = dice.between(milliseconds(500), seconds(6));
  policy.over_budget = dies ? OverBudget::go_on : policy.over_budget;
  policy.automatic_failover = Automation::on;
  policy.lag_budget = least_guarded_budget(plan) + dice.between({}, seconds(3));
  plan.topology.database.replication = Replication::asynchronous;
  plan.earlier_failover.reset();
  plan.left_dead.reset();
  plan.faults.clear();
  if (!dies) {
    plan.faults.push_back({.kind = FaultKind::database_hangs, .at = begin, .where = kSouth});
    plan.healed_at = begin + policy.lag_budget + policy.rpo_hold_max + seconds(6);
    return;
  }
  plan.faults.push_back({.kind = FaultKind::replication_stalls, .at = begin, .where = kNorth});
  for (std::uint64_t count = dice.below(4); count > 0; --count) {
    plan.faults.push_back({.kind = FaultKind::agent_dies,
                           .at = begin + dice.between({}, policy.lag_budget),
                           .where = kNorth});
  }
  if (dice.one_in(2)) {  // nobody is left to hold its commits, and it goes on to its lease's end
    const TrueTime deaf = begin + dice.between({}, policy.lag_budget);
    plan.faults.push_back({.kind = FaultKind::path_cut, .at = deaf, .where = kNorth});
    plan.faults.push_back(
        {.kind = FaultKind::agent_freezes, .at = deaf, .lasts = seconds(9), .where = kNorth});
    plan.healed_at = deaf + seconds(10);
    return;
  }
  const TrueTime end = begin + dice.between(policy.lag_budget, 2 * policy.lag_budget);
  plan.faults.push_back({.kind = FaultKind::region_dies, .at = end, .where = kNorth});
  plan.healed_at = end + seconds(5);
}

/// The hardest case for synchronous replication: a standby is just attached again, lacks what comes
/// next, and everybody leaves its primary.
void add_hold_race(Plan& plan, Dice& dice, TrueTime begin) {
  Policy& policy = plan.topology.policy;
  plan.topology.database.replication = Replication::synchronous;
  policy.automatic_failover = Automation::on;
  policy.detach_after = plan.topology.lease.ttl + milliseconds(500);
  plan.earlier_failover.reset();
  plan.left_dead.reset();
  plan.buy_every = milliseconds(60);
  plan.faults.clear();
  const Duration away = policy.detach_after + seconds(1) + dice.between({}, seconds(1));
  plan.faults.push_back(
      {.kind = FaultKind::region_dies, .at = begin, .lasts = away, .where = kSouth});
  const TrueTime silent = begin + away + dice.between(milliseconds(100), milliseconds(900));
  plan.faults.push_back({.kind = FaultKind::replication_stalls, .at = silent, .where = kNorth});
  plan.faults.push_back(
      {.kind = FaultKind::path_cut, .at = silent + milliseconds(800), .where = kNorth});
  plan.faults.push_back(
      {.kind = FaultKind::agent_freezes, .at = silent, .lasts = seconds(9), .where = kNorth});
  plan.healed_at = silent + seconds(10);
}

void draw_guards(Plan& plan, Dice& dice) {
  Policy& policy = plan.topology.policy;
  policy.automatic_rejoin = !dice.one_in(4);
  if (!dice.one_in(3)) return;
  policy.rpo = RpoPolicy::budget_first;
  policy.rpo_hold_max = dice.between(milliseconds(500), seconds(6));
  policy.lag_budget = std::max(policy.lag_budget, least_guarded_budget(plan));
}

}  // namespace

void draw_moves(Plan& plan, TrueTime begin, TrueTime end, bool against_faults) {
  Dice dice(plan.seed ^ 0x70ad7a1170ad7a11ULL);
  draw_guards(plan, dice);
  if (!against_faults) return;
  const std::uint64_t course = dice.below(32);
  if (course < 2) {
    add_round_trip(plan, dice, begin);
  } else if (course < 5) {
    add_return_under_fire(plan, dice, begin);
  } else if (course < 7) {
    add_move_under_fire(plan, dice, begin);
  } else if (course < 11) {
    for (std::uint64_t count = 1 + dice.below(3); count > 0; --count)
      add_any_order(plan, dice, begin + dice.between({}, end - begin));
  } else if (course == 11) {
    plan.faults.push_back({.kind = FaultKind::rebuild_trouble,
                           .at = begin,
                           .where = static_cast<int>(dice.below(2)),
                           .other = 1 + static_cast<int>(dice.below(4))});
  } else if (course == 12) {
    add_silent_move(plan, dice, begin);
  } else if (course == 13) {
    add_slow_standby(plan, dice, begin, !dice.one_in(3));
  } else if (course == 14) {
    add_hold_race(plan, dice, begin);
  }
}

}  // namespace understudy::simulation
