#pragma once
// What a drill can do to a stack. Each is really done when the call returns, to `region` (mostly
// the active one) or to what stands beside it.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "drill/stage.h"
#include "system/process.h"

namespace understudy::drill {

/// A fault that is being done. `heal` undoes it as far as it can be undone (a killed region is
/// started again, as when power comes back); it is called once at most, and not after the stage was
/// struck. Destroyed without it, the fault stays.
struct Injected {
  std::function<Result<Done>()> heal;
};

using Injection = Result<Injected>(const Stage& stage, const std::string& region);

Injection do_nothing;

// To processes.
Injection kill_region;
Injection kill_witness;
Injection kill_standby;
Injection freeze_region;
Injection freeze_standby;
/// The controller dies in every state of the failover that it began, and is started again each
/// time. Returns when that has ended.
Injection kill_region_and_controller;
/// The region's log is sent no more, though its standby stays connected, until the region dies.
Injection stop_sending_log;
Injection switch_over;  ///< to the standby, as planned
/// The same, and the controller dies in every state of it. Returns when it has ended.
Injection switch_over_and_kill_controller;
Injection lose_redis;
Injection freeze_agent;  ///< and its watchdog
Injection crash_database;
Injection hang_database;
/// A release whose program ends at once: every instance crash-loops, the region's other parts are
/// well.
Injection deploy_badly;
/// Every process of the stack runs half of the time.
Injection slow_everything;

// To what the standby alone is deployed with.
/// A service lacks a secret, and its database's endpoint is the active region's. The region's
/// processes are started anew.
Injection misconfigure_standby;
/// The program of a service that a failover starts, in the standby alone, ends at once.
Injection deploy_badly_in_standby;

// To the network. Those between hosts need a stage with hosts.
Injection cut_path;
Injection flap_path;
/// The witness's packets no longer get an answer from the region's load balancer; everybody else's
/// do.
Injection cut_one_vantage;
/// Keeps the standby from replicating.
Injection cut_replication;
/// Nothing reaches the witness, and nothing of it arrives.
Injection isolate_witness;
Injection isolate_standby;

/// A domain by the part it plays when the fault is done.
enum class Part : std::uint8_t { active, standby, witness, edge };
[[nodiscard]] std::string_view to_string(Part part);
/// Packets of one to the other are lost; all else arrives.
[[nodiscard]] std::function<Injection> cut_one_way(Part from, Part to);

// To the machine.
/// Needs a stage on which the home region has a disk of its own.
Injection fill_disk;
/// The region's wall clock goes an hour back, and forward when healed. Needs a stage on which the
/// home region's wall clock can be moved.
Injection move_clock;

}  // namespace understudy::drill
