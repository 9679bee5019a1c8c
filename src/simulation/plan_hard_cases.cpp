#include "simulation/plan_hard_cases.h"

#include <algorithm>

namespace understudy::simulation {

namespace {

using std::chrono::seconds;

constexpr int kNorth = 0, kSouth = 1, kWitness = 2;

/// The hardest case for the fence, drawn on purpose: everybody leaves the region since its way in
/// is dead, its agent cannot be asked, and those who know their way around go on writing to the
/// very end.
void add_deaf_writer(Plan& plan, Dice& dice, TrueTime begin, TrueTime end) {
  const TrueTime at = begin + dice.between({}, end - begin);
  plan.faults.push_back({.kind = FaultKind::path_cut, .at = at});
  plan.faults.push_back({.kind = FaultKind::agent_freezes,
                         .at = at + dice.between({}, milliseconds(1500)),
                         .lasts = seconds(6)});
}

/// The hardest case for the margin: a long lease, a holder whose clock is the slowest there may be,
/// and everybody else quick.
void let_clocks_run_apart(Plan& plan) {
  constexpr std::int64_t kDrift = 50'000;
  set_lease(plan.topology, seconds(2), kDrift);
  plan.topology.policy.lag_budget = plan.topology.lease.ttl + plan.topology.lease.margin;
  plan.drift_ppm.fill(kDrift - 1);
  plan.drift_ppm[0] = -(kDrift - 1);
  plan.link_least = std::chrono::microseconds(200);
  plan.link_most = milliseconds(1);
}

/// The hardest case for a fence: what the other grantor answers is late, all else is quick.
void add_late_extension(Plan& plan, Dice& dice, TrueTime begin, TrueTime end) {
  const TrueTime at = begin + dice.between({}, end - begin);
  plan.link_least = std::chrono::microseconds(200);
  plan.link_most = milliseconds(1);
  plan.faults.push_back({.kind = FaultKind::link_slow,
                         .at = at - milliseconds(500),
                         .where = kSouth,
                         .other = kNorth,
                         .by = plan.topology.lease.ttl / 5});
  plan.faults.push_back({.kind = FaultKind::path_cut, .at = at});
}

/// The hardest case for a fence that is acknowledged: messages overtake each other, and the answer
/// to a renewal may be under way while everybody leaves.
void add_overtaken_renewal(Plan& plan, Dice& dice, TrueTime begin, TrueTime end) {
  constexpr std::int64_t kDrift = 1'000;
  set_lease(plan.topology, seconds(2), kDrift);
  for (std::int64_t& drift : plan.drift_ppm) drift = drift > 0 ? kDrift - 1 : -(kDrift - 1);
  plan.topology.policy.lag_budget = plan.topology.lease.ttl + plan.topology.lease.margin;
  plan.link_least = std::chrono::microseconds(200);
  plan.link_most = milliseconds(100);
  plan.faults.push_back({.kind = FaultKind::path_cut, .at = begin + dice.between({}, end - begin)});
}

/// The standby is away for so long that it is detached. When it is back.
TrueTime send_standby_away(Plan& plan, Dice& dice, TrueTime begin) {
  Duration& detach_after = plan.topology.policy.detach_after;
  detach_after = plan.topology.lease.ttl + milliseconds(500);
  const Duration away = detach_after + seconds(1) + dice.between({}, seconds(1));
  plan.faults = {{.kind = FaultKind::region_dies, .at = begin, .lasts = away, .where = kSouth}};
  return begin + away;
}

/// The hardest case for an attach: the standby is back, and while the holder gives its endless
/// lease up for it, it hears or is heard late, falls silent, and everybody leaves it.
void add_attach_under_fire(Plan& plan, Dice& dice, TrueTime begin) {
  const TrueTime back = send_standby_away(plan, dice, begin);
  if (dice.one_in(2)) {
    plan.faults.push_back({.kind = FaultKind::link_cut,
                           .at = back + dice.between({}, milliseconds(1500)),
                           .lasts = seconds(3),
                           .where = kWitness,
                           .other = kNorth});
  } else {
    plan.faults.push_back({.kind = FaultKind::link_slow,
                           .at = back - milliseconds(500),
                           .lasts = seconds(4),
                           .where = kNorth,
                           .other = kWitness,
                           .by = dice.between(milliseconds(50), plan.topology.lease.ttl / 2)});
  }
  const TrueTime silent = back + dice.between({}, milliseconds(2500));
  plan.faults.push_back({.kind = FaultKind::agent_freezes, .at = silent, .lasts = seconds(6)});
  plan.faults.push_back({.kind = FaultKind::path_cut, .at = silent});
  plan.healed_at = std::max(plan.healed_at, silent + seconds(8));
}

/// The hardest case for a copy: a standby that is just being attached, by a message that comes
/// late, is to be copied anew.
void add_copy_amid_attach(Plan& plan, Dice& dice, TrueTime begin) {
  constexpr int kCopy = 1;
  const TrueTime back = send_standby_away(plan, dice, begin);
  plan.faults.push_back({.kind = FaultKind::link_slow,
                         .at = back,
                         .lasts = seconds(4),
                         .where = kNorth,
                         .other = kWitness,
                         .by = dice.between(milliseconds(100), plan.topology.lease.ttl / 2)});
  plan.faults.push_back({.kind = FaultKind::rejoin_ordered,
                         .at = back + dice.between({}, seconds(3)),
                         .other = kCopy});
  plan.healed_at = std::max(plan.healed_at, back + seconds(8));
}

/// The hardest case for a recovery: the record is lost while a promotion that was ordered takes its
/// time.
void add_loss_amid_promotion(Plan& plan, Dice& dice, TrueTime begin, TrueTime end) {
  constexpr int kSlow = 1;
  const TrueTime at = begin + dice.between({}, end - begin);
  plan.faults.push_back(
      {.kind = FaultKind::promotion_trouble, .at = at, .where = kSouth, .other = kSlow});
  plan.faults.push_back({.kind = FaultKind::path_cut, .at = at});
  plan.faults.push_back({.kind = FaultKind::registry_lost,
                         .at = at + milliseconds(500) + dice.between({}, seconds(2))});
}

/// The hardest case for the second grantor: the registry has not heard of the writer for long, the
/// other agent alone let it go on, and dies.
void add_writer_by_extension(Plan& plan, Dice& dice, TrueTime begin, TrueTime end) {
  const TrueTime cut = begin + dice.between({}, end - begin);
  const TrueTime at = cut + dice.between(milliseconds(500), seconds(3));
  for (const auto& [from, to] : {std::pair{kNorth, kWitness}, std::pair{kWitness, kNorth}}) {
    plan.faults.push_back(
        {.kind = FaultKind::link_cut, .at = cut, .lasts = seconds(9), .where = from, .other = to});
  }
  plan.faults.push_back({.kind = FaultKind::path_cut, .at = at});
  plan.faults.push_back({.kind = FaultKind::agent_dies,
                         .at = at + dice.between({}, milliseconds(1500)),
                         .where = kSouth});
}

/// The hardest case for a revocation at the other grantor: the holder froze, is back while the
/// other is being promoted, has not heard of it, and asks that one for an extension.
void add_thaw_amid_promotion(Plan& plan, Dice& dice, TrueTime begin, TrueTime end) {
  constexpr int kSlow = 1;
  const TrueTime at = begin + dice.between({}, end - begin);
  for (const auto& [from, to] : {std::pair{kNorth, kWitness}, std::pair{kWitness, kNorth}}) {
    plan.faults.push_back(
        {.kind = FaultKind::link_cut, .at = at, .lasts = seconds(12), .where = from, .other = to});
  }
  plan.faults.push_back(
      {.kind = FaultKind::promotion_trouble, .at = at, .where = kSouth, .other = kSlow});
  plan.faults.push_back(
      {.kind = FaultKind::agent_freezes, .at = at, .lasts = dice.between(seconds(3), seconds(6))});
  plan.faults.push_back({.kind = FaultKind::path_cut, .at = at});
}

}  // namespace

void draw_hard_cases(Plan& plan, Dice& dice, TrueTime begin, TrueTime end) {
  if (dice.one_in(8)) {
    add_deaf_writer(plan, dice, begin, end);
    if (dice.one_in(4)) let_clocks_run_apart(plan);
  }
  if (dice.one_in(8)) add_late_extension(plan, dice, begin, end);
  if (dice.one_in(12)) add_writer_by_extension(plan, dice, begin, end);
  if (dice.one_in(24)) add_loss_amid_promotion(plan, dice, begin, end);
  if (dice.one_in(12)) add_attach_under_fire(plan, dice, begin);
  Dice rare(plan.seed ^ 0x0e7a1e50e7a1e5ULL);
  if (rare.one_in(24)) add_overtaken_renewal(plan, rare, begin, end);
  if (rare.one_in(24)) add_copy_amid_attach(plan, rare, begin);
  if (rare.one_in(24)) add_thaw_amid_promotion(plan, rare, begin, end);
}

}  // namespace understudy::simulation
