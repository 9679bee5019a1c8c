#include "drill/faults.h"

#include <fmt/format.h>

#include <algorithm>

namespace understudy::drill {

namespace {

using std::chrono::seconds;

/// The active region, or what it cannot do without, is gone.
std::vector<Fault> lost_regions() {
  return {
      {.name = "region-kill",
       .what = "every process of the active region is killed (SIGKILL)",
       .expected = Outcome::fails_over,
       .rows = {30},
       .bound = seconds(15),
       .region_lost = true,
       .inject = kill_region},
      {.name = "region-freeze",
       .what = "every process of the active region is stopped (SIGSTOP), and continues after the "
               "recovery",
       .expected = Outcome::fails_over,
       .rows = {30, 40, 45},  // by what happens to be stopped first
       .bound = seconds(20),
       .region_lost = true,
       .thaws = true,
       .inject = freeze_region},
      {.name = "agent-freeze",
       .what = "the active region's agent and its watchdog are stopped (SIGSTOP)",
       .expected = Outcome::fails_over,
       .rows = {80},
       .bound = seconds(20),
       .thaws = true,
       .inject = freeze_agent},
      {.name = "path-cut",
       .what = "the active region's load balancer is dead, every service healthy",
       .expected = Outcome::fails_over,
       .rows = {40},
       .bound = seconds(15),
       .inject = cut_path},
      {.name = "controller-crash",
       .what =
           "the active region is killed, and so is the controller in every state of its failover",
       .expected = Outcome::fails_over,
       .rows = {30},
       .bound = seconds(30),
       .region_lost = true,
       // Each new controller observes the end of the lease anew (R11a).
       .objectives = Objectives{.rto = seconds(12), .rto_full = seconds(14)},
       .inject = kill_region_and_controller},
  };
}

/// What operators order.
std::vector<Fault> planned_moves() {
  return {{.name = "switchover",
           .what = "an operator moves the active region to the standby",
           .expected = Outcome::fails_over,
           .rows = {},
           .bound = seconds(15),
           .planned = true,
           .inject = switch_over},
          {.name = "switchover-crash",
           .what = "the same, and the controller is killed in every state of it",
           .expected = Outcome::fails_over,
           .rows = {},
           .bound = seconds(40),
           .objectives = Objectives{.rto = seconds(20), .rto_full = seconds(25)},
           .inject = switch_over_and_kill_controller}};
}

/// Its database is in trouble.
std::vector<Fault> lost_databases() {
  return {
      {.name = "database-crash",
       .what = "the active region's PostgreSQL is killed (SIGKILL) and restarts in place",
       .expected = Outcome::recovers_in_place,
       .rows = {},
       .bound = seconds(10),
       .majority_sees_primary_down = false,
       .inject = crash_database},
      {.name = "replication-stall",
       .what = "replication stalls past the lag budget, then the active region is killed",
       .expected = Outcome::holds,
       .rows = {30},
       .bound = seconds(10),
       .region_lost = true,
       .after_stalled_replication = true,
       .asks = true,
       .inject = kill_region},
      {.name = "guarded-stall",
       .what =
           "replication stalls, commits wait for it, then the active region is killed; a person "
           "approves",
       .expected = Outcome::fails_over,
       .rows = {30},
       .bound = seconds(10),
       .region_lost = true,
       .after_stalled_replication = true,
       .asks = true,
       .setting = [](Topology& t) { t.policy.rpo = RpoPolicy::budget_first; },
       .objectives = Objectives{.rto = seconds(60), .rto_full = seconds(60)},
       .inject = kill_region},
      {.name = "database-hang",
       .what = "every process of the active region's PostgreSQL is stopped (SIGSTOP)",
       .expected = Outcome::holds,
       .rows = {65},
       .bound = seconds(20),
       .asks = true,
       .inject = hang_database},
      {.name = "disk-full",
       .what = "the disk of the active region is full",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(20),
       .majority_sees_primary_down = false,
       .tells = "the disk of its database is full",
       .needs = {.disk = true},
       .inject = fill_disk},
  };
}

/// The active region can go on, and must be left where it is.
std::vector<Fault> false_alarms() {
  return {
      {.name = "one-vantage-cut",
       .what = "the witness alone cannot see the active region",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(8),
       .majority_sees_primary_down = false,
       .inject = cut_one_vantage},
      {.name = "bad-deploy",
       .what = "a release of a public service that crash-loops",
       .expected = Outcome::holds,
       .rows = {50},
       .bound = seconds(10),
       .majority_sees_primary_down = false,
       .inject = deploy_badly},
      {.name = "flapping",
       .what = "the active region's load balancer refuses connections for 0.4 s of every second",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(10),
       .majority_sees_primary_down = false,
       .inject = flap_path},
      {.name = "slow-everything",
       .what = "every process of the stack runs half of the time, 30 ms of every 60 ms",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(10),
       .majority_sees_primary_down = false,
       .inject = slow_everything},
      {.name = "clock-jump",
       .what = "the active region's wall clock goes an hour back, and forward again",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(8),
       .majority_sees_primary_down = false,
       .needs = {.clock = true},
       .inject = move_clock},
  };
}

/// The standby would not do what it must after a failover; it is known before.
std::vector<Fault> unready_standbys() {
  return {
      {.name = "secrets-not-localised",
       .what = "a deployment in the standby lacks a service's secret, and leaves it the active "
               "region's endpoint",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(10),
       .majority_sees_primary_down = false,
       .spares_active = true,
       .foreseen = {320, 330},
       .not_ready = true,
       .inject = misconfigure_standby},
      {.name = "capacity-never-arrives",
       .what = "the active region is killed; in the other one a service that the failover starts "
               "crash-loops",
       .expected = Outcome::fails_over,
       .rows = {30},
       .bound = seconds(15),
       .region_lost = true,
       .prepare = deploy_badly_in_standby,
       .foreseen = {310},
       .tells = "only 0 of 1 instances of",
       .inject = kill_region},
  };
}

/// What the active region can do without is gone: nobody may notice.
std::vector<Fault> lost_helpers() {
  return {
      {.name = "witness-kill",
       .what = "every process of the witness, registry and controller, is killed (SIGKILL)",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(15),
       .majority_sees_primary_down = false,
       .spares_active = true,
       .inject = kill_witness},
      {.name = "witness-cut",
       .what = "the network between the witness and everybody else is gone",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(15),
       .majority_sees_primary_down = false,
       .spares_active = true,
       .needs = {.hosts = true},
       .inject = isolate_witness},
      {.name = "standby-kill",
       .what = "every process of the standby region is killed (SIGKILL)",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(15),
       .majority_sees_primary_down = false,
       .spares_active = true,
       .inject = kill_standby},
      {.name = "standby-freeze",
       .what = "every process of the standby region is stopped (SIGSTOP)",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(15),
       .majority_sees_primary_down = false,
       .spares_active = true,
       .inject = freeze_standby},
      {.name = "standby-cut",
       .what = "the network between the standby region and everybody else is gone",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(15),
       .majority_sees_primary_down = false,
       .spares_active = true,
       .needs = {.hosts = true},
       .inject = isolate_standby},
      {.name = "redis-loss",
       .what = "the active region's Redis is dead",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(10),
       .majority_sees_primary_down = false,
       .spares_active = true,
       .inject = lose_redis},
  };
}

/// Packets from one part to another are lost, and those the other way arrive. The registry is at
/// the witness; customers come by the edge.
std::vector<Fault> one_way_cuts() {
  std::vector<Fault> cuts;
  const Part parts[] = {Part::active, Part::standby, Part::witness, Part::edge};
  for (const Part from : parts) {
    for (const Part to : parts) {
      if (from == to) continue;
      const bool customers_cut =
          (from == Part::active && to == Part::edge) || (from == Part::edge && to == Part::active);
      cuts.push_back(
          {.name = fmt::format("cut-{}-to-{}", to_string(from), to_string(to)),
           .what = fmt::format("packets from {} to {} are lost", to_string(from), to_string(to)),
           .expected = Outcome::holds,
           .rows = {},
           .bound = seconds(8),
           .majority_sees_primary_down = false,
           .spares_active = !customers_cut,
           .needs = {.hosts = true},
           .inject = cut_one_way(from, to)});
    }
  }
  return cuts;
}

const std::vector<Fault>& table() {
  static const std::vector<Fault> faults = [] {
    std::vector<Fault> all;
    for (const auto part : {lost_regions, planned_moves, lost_databases, false_alarms, lost_helpers,
                            unready_standbys, one_way_cuts}) {
      for (Fault& fault : part()) all.push_back(std::move(fault));
    }
    all.push_back({.name = "none",
                   .what = "nothing happens",
                   .expected = Outcome::holds,
                   .rows = {},
                   .bound = seconds(0),
                   .majority_sees_primary_down = false,
                   .inject = do_nothing});
    return all;
  }();
  return faults;
}

}  // namespace

std::span<const Fault> all_faults() { return table(); }

const Fault* find_fault(std::string_view name) {
  const auto found = std::find_if(table().begin(), table().end(),
                                  [&](const Fault& fault) { return fault.name == name; });
  return found == table().end() ? nullptr : &*found;
}

}  // namespace understudy::drill
