#include "simulation/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulation/dice.h"
#include "simulation/plan_agents.h"
#include "simulation/plan_hard_cases.h"
#include "simulation/plan_moves.h"
#include "simulation/plan_people.h"

namespace understudy::simulation {

namespace {

using std::chrono::seconds;

constexpr std::array<const char*, 5> kPlaces = {"north", "south", "the witness", "the edge",
                                                "the clients"};

/// What a fault of each kind may hit, how long it may last, and how often it is drawn.
struct Recipe {
  FaultKind kind;
  unsigned weight;
  Duration least;
  Duration most;
  unsigned for_good_percent;  ///< lasts until the healing
};

constexpr std::array kRecipes = {
    Recipe{FaultKind::region_dies, 14, seconds(1), seconds(8), 60},
    Recipe{FaultKind::region_freezes, 10, milliseconds(200), seconds(8), 20},
    Recipe{FaultKind::agent_dies, 8, {}, {}, 0},
    Recipe{FaultKind::agent_freezes, 12, milliseconds(100), seconds(6), 10},
    Recipe{FaultKind::agent_disk_wiped, 3, {}, {}, 0},
    Recipe{FaultKind::database_dies, 6, milliseconds(300), seconds(6), 15},
    Recipe{FaultKind::database_hangs, 4, milliseconds(300), seconds(6), 15},
    Recipe{FaultKind::services_die, 3, seconds(1), seconds(8), 30},
    Recipe{FaultKind::path_cut, 8, seconds(1), seconds(8), 50},
    Recipe{FaultKind::link_cut, 18, milliseconds(200), seconds(8), 25},
    Recipe{FaultKind::link_slow, 10, seconds(1), seconds(8), 25},
    Recipe{FaultKind::links_bad, 5, seconds(1), seconds(8), 20},
    Recipe{FaultKind::replication_stalls, 6, seconds(1), seconds(8), 30},
    Recipe{FaultKind::registry_dies, 5, milliseconds(200), seconds(6), 10},
    Recipe{FaultKind::registry_mute, 4, milliseconds(100), seconds(3), 5},
    Recipe{FaultKind::registry_lost, 3, {}, {}, 0},
    Recipe{FaultKind::controller_dies, 8, {}, {}, 0},
    Recipe{FaultKind::controller_freezes, 4, milliseconds(200), seconds(5), 10},
    Recipe{FaultKind::controller_journal_lost, 2, {}, {}, 0},
    Recipe{FaultKind::wall_jumps, 7, seconds(1), seconds(6), 40},
    Recipe{FaultKind::promotion_trouble, 6, {}, {}, 100},
    Recipe{FaultKind::stalls, 4, seconds(2), seconds(8), 40},
    Recipe{FaultKind::operator_meddles, 6, {}, {}, 0},
};

unsigned total_weight() {
  unsigned total = 0;
  for (const Recipe& recipe : kRecipes) total += recipe.weight;
  return total;
}

const Recipe& draw_recipe(Dice& dice) {
  std::uint64_t at = dice.below(total_weight());
  for (const Recipe& recipe : kRecipes) {
    if (at < recipe.weight) return recipe;
    at -= recipe.weight;
  }
  return kRecipes.front();
}

Fault draw_fault(Dice& dice, TrueTime from, TrueTime until) {
  const Recipe& recipe = draw_recipe(dice);
  Fault fault{.kind = recipe.kind, .at = from + dice.between({}, until - from)};
  if (dice.below(100) >= recipe.for_good_percent)
    fault.lasts = dice.between(recipe.least, recipe.most);
  // The active region more often than the standby.
  fault.where = static_cast<int>(dice.below(10) < 7 ? 0 : 1);
  switch (recipe.kind) {
    case FaultKind::link_slow:
      fault.by = dice.between(milliseconds(10), milliseconds(100));
      [[fallthrough]];
    case FaultKind::link_cut:
      fault.where = static_cast<int>(dice.below(4));
      fault.other =
          static_cast<int>((static_cast<std::uint64_t>(fault.where) + 1 + dice.below(3)) % 4);
      break;
    case FaultKind::wall_jumps:
      fault.where = static_cast<int>(dice.below(3));
      fault.by = dice.between(-seconds(30), seconds(30));
      break;
    case FaultKind::promotion_trouble:
      fault.where = 1;
      fault.other = 1 + static_cast<int>(dice.below(3));
      break;
    case FaultKind::agent_freezes: fault.other = static_cast<int>(dice.below(2)); break;
    case FaultKind::operator_meddles: fault.other = static_cast<int>(dice.below(2)); break;
    case FaultKind::stalls: fault.by = dice.between(milliseconds(1), seconds(4)); break;
    default: break;
  }
  return fault;
}

Topology draw_topology(Dice& dice) {
  Topology topology;
  topology.platform = "shop";
  topology.regions = {{"north", "127.0.1.1"}, {"south", "127.0.2.1"}};
  topology.home = "north";
  Service web{.name = "web", .command = {"web"}, .listens = true};
  web.instances_active = 2;
  Service worker{.name = "worker", .command = {"worker"}, .posture = Posture::scaled_on_failover};
  worker.instances_standby = 0;
  Service cron{.name = "cron", .command = {"cron"}, .posture = Posture::active_only};
  cron.instances_standby = 0;
  topology.services = {web, cron, worker};

  constexpr std::array<int, 4> kTtl = {400, 800, 1200, 2000};
  const int ttl = kTtl[dice.below(kTtl.size())];
  // Real clocks keep within 1000; far worse ones show whether the margin is what it must be.
  set_lease(topology, milliseconds(ttl), dice.one_in(3) ? 50'000 : 1'000);
  topology.probe.interval = milliseconds(200);
  topology.probe.timeout = milliseconds(300);
  topology.probe.failures = 2 + static_cast<unsigned>(dice.below(2));
  topology.probe.patience = seconds(3);
  topology.policy.lag_budget =
      topology.lease.ttl + topology.lease.margin + dice.between({}, seconds(2));
  topology.policy.detach_after = topology.lease.ttl + dice.between(milliseconds(500), seconds(3));
  topology.policy.over_budget = dice.one_in(5) ? OverBudget::wait : OverBudget::ask;
  topology.database.replication =
      dice.one_in(6) ? Replication::synchronous : Replication::asynchronous;
  return topology;
}

void draw_manners(Plan& plan, Dice& dice) {
  // Most dangerous: the holder's clock is the slowest there may be, and everybody else's the
  // fastest.
  const bool against_the_holder = dice.one_in(2);
  for (std::size_t at = 0; at < plan.drift_ppm.size(); ++at) {
    // The two extremes are the interesting ones.
    const auto most = static_cast<std::int64_t>(plan.topology.lease.clock_drift_ppm_max) - 1;
    const bool fast = against_the_holder ? at != 0 : dice.one_in(2);
    plan.drift_ppm[at] = fast ? most : -most;
    plan.wall_offset[at] = dice.between(-milliseconds(50), milliseconds(50));
  }
  plan.link_least = dice.between(std::chrono::microseconds(200), milliseconds(5));
  plan.link_most = plan.link_least * static_cast<int>(2 + dice.below(8));
  plan.fsync_most = dice.between(std::chrono::microseconds(200), milliseconds(10));
  plan.buy_every = dice.between(milliseconds(60), milliseconds(250));
}

}  // namespace

void set_lease(Topology& topology, Duration ttl, std::int64_t drift_ppm) {
  LeaseTiming& lease = topology.lease;
  lease.ttl = ttl;
  lease.renew_interval = lease.ttl * 3 / 10;
  lease.answer_max = milliseconds(10);
  lease.clock_drift_ppm_max = drift_ppm;
  // margin ≥ ttl · 2ρ/(1−ρ) + g
  lease.margin =
      lease.ttl * 2 * lease.clock_drift_ppm_max / (1'000'000 - lease.clock_drift_ppm_max) +
      lease.answer_max + milliseconds(1);
}

Plan draw_plan(std::uint64_t seed, Profile profile) {
  Dice dice(seed ^ 0x5eed5eed5eed5eedULL);
  Plan plan;
  plan.seed = seed;
  plan.topology = draw_topology(dice);
  draw_manners(plan, dice);
  const TrueTime begin(milliseconds(700));
  if (profile == Profile::failover) {
    plan.topology.policy.over_budget = OverBudget::go_on;
    plan.buy_every = milliseconds(250);
    // At any phase of every timer: the longest is that of the renewals.
    const Duration phases = plan.topology.lease.renew_interval;
    plan.faults = {{.kind = FaultKind::region_dies, .at = begin + dice.between({}, phases)}};
    plan.left_dead = 0;
    plan.healed_at = begin + phases;
    return plan;
  }
  const TrueTime end = begin + dice.between(seconds(2), seconds(8));
  plan.healed_at = end + seconds(2);
  // In some the standby or the witness alone suffers, and nobody may notice (I7).
  const bool everything = profile == Profile::everything;
  const bool standby_alone = everything && dice.one_in(12);
  const bool witness_alone = everything && !standby_alone && dice.one_in(12);
  const auto fits = [&](const Fault& fault) {
    if (standby_alone) return strikes_the_standby_alone(fault);
    if (witness_alone) return strikes_the_witness_alone(fault);
    return everything || fault.kind == FaultKind::links_bad || fault.kind == FaultKind::stalls ||
           fault.kind == FaultKind::wall_jumps;
  };
  const std::uint64_t count = everything ? 1 + dice.below(6) : dice.below(3);
  while (plan.faults.size() < count) {
    const Fault fault = draw_fault(dice, begin, end);
    if (fits(fault)) plan.faults.push_back(fault);
  }
  if (everything && !standby_alone && !witness_alone) draw_hard_cases(plan, dice, begin, end);
  if (everything && dice.one_in(2))
    plan.left_dead = standby_alone ? 1 : static_cast<int>(dice.below(10) < 7 ? 0 : 1);
  if (everything) {
    if (!standby_alone && !witness_alone) draw_agents(plan, begin, end);
    draw_postures(plan);
    draw_people(plan, begin, end, !standby_alone && !witness_alone);
    draw_moves(plan, begin, end, !standby_alone && !witness_alone);
  }
  std::sort(plan.faults.begin(), plan.faults.end(),
            [](const Fault& a, const Fault& b) { return a.at < b.at; });
  return plan;
}

bool is_order(const Fault& fault) {
  return fault.kind == FaultKind::automation_set || fault.kind == FaultKind::maintenance_begins ||
         fault.kind == FaultKind::failover_acknowledged;
}

bool is_move(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::switchover_ordered:
    case FaultKind::failback_planned:
    case FaultKind::failback_answered:
    case FaultKind::failover_forced:
    case FaultKind::execution_controlled:
    case FaultKind::rejoin_ordered:
    case FaultKind::standby_detached: return true;
    default: return false;
  }
}

bool strikes_the_standby_alone(const Fault& fault) {
  constexpr std::array kOfARegion = {FaultKind::region_dies,      FaultKind::region_freezes,
                                     FaultKind::agent_dies,       FaultKind::agent_freezes,
                                     FaultKind::agent_disk_wiped, FaultKind::database_dies,
                                     FaultKind::database_hangs,   FaultKind::services_die,
                                     FaultKind::path_cut,         FaultKind::promotion_trouble};
  return fault.where == 1 &&
         std::find(kOfARegion.begin(), kOfARegion.end(), fault.kind) != kOfARegion.end();
}

bool strikes_the_witness_alone(const Fault& fault) {
  constexpr std::array kOfTheWitness = {
      FaultKind::registry_dies,      FaultKind::registry_mute,
      FaultKind::registry_lost,      FaultKind::controller_dies,
      FaultKind::controller_freezes, FaultKind::controller_journal_lost};
  return std::find(kOfTheWitness.begin(), kOfTheWitness.end(), fault.kind) != kOfTheWitness.end();
}

Plan draw_detection_plan(std::uint64_t seed, const DetectionSettings& settings, bool dies) {
  Plan plan = draw_plan(seed, Profile::failover);
  ProbeTiming& probe = plan.topology.probe;
  probe = ProbeTiming{.interval = settings.interval, .failures = settings.failures};
  plan.topology.lease = LeaseTiming{};
  plan.topology.policy.lag_budget = seconds(60);
  plan.topology.database.replication = Replication::asynchronous;
  for (std::int64_t& drift : plan.drift_ppm) drift = std::clamp<std::int64_t>(drift, -999, 999);
  plan.loss_ppm = settings.loss_ppm;
  plan.buy_every = milliseconds(500);
  plan.faults.front().at += seconds(2);
  plan.healed_at = TrueTime(seconds(6));
  if (dies) return plan;
  plan.faults.clear();
  plan.left_dead.reset();
  plan.healed_at = TrueTime(seconds(30));
  return plan;
}

std::optional<Profile> profile_from(std::string_view text) {
  if (text == "everything") return Profile::everything;
  if (text == "failover") return Profile::failover;
  if (text == "quiet") return Profile::quiet;
  return std::nullopt;
}

std::string_view to_string(FaultKind kind) {
  switch (kind) {
    case FaultKind::region_dies: return "region dies";
    case FaultKind::region_freezes: return "region freezes";
    case FaultKind::agent_dies: return "agent dies";
    case FaultKind::agent_freezes: return "agent freezes";
    case FaultKind::agent_disk_wiped: return "agent's disk is wiped";
    case FaultKind::agent_disk_fails: return "agent's disk fails";
    case FaultKind::agent_hangs: return "agent hangs";
    case FaultKind::agent_stops: return "agent is stopped";
    case FaultKind::database_dies: return "database dies";
    case FaultKind::database_hangs: return "database hangs";
    case FaultKind::services_die: return "services die";
    case FaultKind::path_cut: return "path cut";
    case FaultKind::link_cut: return "link cut";
    case FaultKind::link_slow: return "link slow";
    case FaultKind::links_bad: return "links lose and repeat";
    case FaultKind::replication_stalls: return "replication stalls";
    case FaultKind::registry_dies: return "registry dies";
    case FaultKind::registry_mute: return "registry's answers get lost";
    case FaultKind::registry_misused: return "registry is asked for what is forbidden";
    case FaultKind::registry_lost: return "registry's record is lost";
    case FaultKind::controller_dies: return "controller dies";
    case FaultKind::controller_freezes: return "controller freezes";
    case FaultKind::controller_journal_lost: return "controller's journal is lost";
    case FaultKind::wall_jumps: return "wall clock jumps";
    case FaultKind::promotion_trouble: return "promotion goes badly";
    case FaultKind::stalls: return "processes stall";
    case FaultKind::operator_meddles: return "an operator answers";
    case FaultKind::automation_set: return "order: automation";
    case FaultKind::maintenance_begins: return "order: maintenance on";
    case FaultKind::failover_acknowledged: return "order: acknowledge";
    case FaultKind::switchover_ordered: return "order: switchover";
    case FaultKind::failback_planned: return "order: plan a failback";
    case FaultKind::failback_answered: return "order: answer the failback";
    case FaultKind::failover_forced: return "order: force a failover";
    case FaultKind::execution_controlled: return "order: control";
    case FaultKind::rejoin_ordered: return "order: rejoin";
    case FaultKind::standby_detached: return "order: detach";
    case FaultKind::rebuild_trouble: return "rebuild goes badly";
  }
  return "";
}

std::string describe(const Fault& fault, const Plan& /*plan*/) {
  std::string text = std::string(to_string(fault.kind));
  const char* where = kPlaces[static_cast<std::size_t>(fault.where)];
  switch (fault.kind) {
    case FaultKind::link_cut:
    case FaultKind::link_slow:
      text += fmt::format(": {} → {}", where, kPlaces[static_cast<std::size_t>(fault.other)]);
      break;
    case FaultKind::wall_jumps: text += fmt::format(": {} by {} ms", where, to_ms(fault.by)); break;
    case FaultKind::promotion_trouble: {
      constexpr std::array<const char*, 4> kTrouble = {"", "slow", "fails", "answer lost"};
      text += fmt::format(": {}", kTrouble[static_cast<std::size_t>(fault.other)]);
      break;
    }
    case FaultKind::operator_meddles: text += fault.other == 1 ? ": approve" : ": decline"; break;
    case FaultKind::automation_set:
      text += fmt::format(" {}", to_string(static_cast<Automation>(fault.other)));
      [[fallthrough]];
    case FaultKind::maintenance_begins:
      if (fault.by != Duration::zero()) text += fmt::format(" --for {} ms", to_ms(fault.by));
      break;
    case FaultKind::switchover_ordered:
    case FaultKind::failback_planned:
      if (fault.other == 1) text += ", ungraceful";
      break;
    case FaultKind::failback_answered: text += fault.other == 1 ? ": yes" : ": no"; break;
    case FaultKind::rejoin_ordered:
      if (fault.other == 1) text += " --copy";
      break;
    case FaultKind::execution_controlled: {
      constexpr std::array<const char*, 7> kControls = {"pause", "resume",   "retry",     "cancel",
                                                        "skip",  "graceful", "ungraceful"};
      text += fmt::format(" {}", kControls[static_cast<std::size_t>(fault.other)]);
      break;
    }
    case FaultKind::failover_acknowledged:
    case FaultKind::failover_forced:
    case FaultKind::standby_detached: break;
    case FaultKind::links_bad:
    case FaultKind::registry_dies:
    case FaultKind::registry_mute:
    case FaultKind::registry_lost:
    case FaultKind::registry_misused:
    case FaultKind::controller_dies:
    case FaultKind::controller_freezes:
    case FaultKind::controller_journal_lost:
    case FaultKind::stalls: break;
    default: text += fmt::format(": {}", where);
  }
  text += fmt::format(", at {} ms", to_ms(fault.at.time_since_epoch()));
  if (fault.lasts != Duration::zero()) text += fmt::format(", for {} ms", to_ms(fault.lasts));
  return text;
}

}  // namespace understudy::simulation
