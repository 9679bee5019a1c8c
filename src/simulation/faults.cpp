#include "simulation/faults.h"

#include "controller/execution_runner.h"

namespace understudy::simulation {

namespace {
constexpr std::uint32_t kBadLossPpm = 150'000;
constexpr std::uint32_t kBadRepeatPpm = 100'000;
constexpr std::uint64_t kStallEveryCalls = 4'000;
/// Of an agent that is about to hang; and for how long, if nobody killed it.
constexpr std::uint64_t kHangWithinCalls = 50;
constexpr Duration kHangs = std::chrono::minutes(1);
constexpr Duration kOperatorLooks = milliseconds(300);
constexpr Duration kLooksAgain = std::chrono::seconds(15);
const Fault kGoOn{.kind = FaultKind::execution_controlled,
                  .other = static_cast<int>(Control::resume)};
}  // namespace

void Faults::arm() {
  for (const Fault& fault : stage_.plan.faults) {
    stage_.scheduler.at(fault.at, [this, &fault] {
      if (healed_) return;
      stage_.chronicle.tell("fault: {}", describe(fault, stage_.plan));
      begin(fault);
      if (fault.lasts == Duration::zero()) return;
      stage_.scheduler.after(fault.lasts, [this, &fault] {
        if (healed_) return;
        stage_.chronicle.tell("over: {}", describe(fault, stage_.plan));
        end(fault);
      });
    });
  }
}

/// Marks where in a transition the standby goes.
void Faults::note_loss_of(const Region& region) {
  const Record& record = world_.registry.record();
  if (record.transition.target != region.name()) return;
  const Phase phase = record.transition.phase;
  if (phase == Phase::open || phase == Phase::revoked)
    stage_.chronicle.reached(Mark::standby_lost_before_promotion);
  if (phase == Phase::promoting)
    stage_.chronicle.reached(Mark::standby_lost_after_point_of_no_return);
}

void Faults::note_thaw_of(const Region& region) {
  const Record& record = world_.registry.record();
  if (record.epoch > 1 && record.active != region.name())
    stage_.chronicle.reached(Mark::old_region_thawed_after_promotion);
}

void Faults::begin(const Fault& fault) {
  Region& at = region(fault);
  switch (fault.kind) {
    case FaultKind::region_dies:
      note_loss_of(at);
      at.power_off();
      break;
    case FaultKind::region_freezes: at.machine().freeze(); break;
    case FaultKind::agent_dies: at.agent_process().kill(); break;
    case FaultKind::agent_freezes:
      if (at.page().in_force()) stage_.chronicle.reached(Mark::agent_stalled_with_page_open);
      at.agent_process().freeze();
      break;
    case FaultKind::agent_disk_wiped: at.wipe_agent_disk(); break;
    case FaultKind::agent_disk_fails: at.set_agent_disk(static_cast<Disk>(fault.other)); break;
    case FaultKind::agent_hangs:
      at.agent_process().set_stalls(stage_.dice, kHangWithinCalls, kHangs);
      break;
    case FaultKind::agent_stops: at.stop_agent(); break;
    case FaultKind::database_dies: at.database().process().kill(); break;
    case FaultKind::database_hangs: at.database().process().freeze(); break;
    case FaultKind::services_die: at.application().set_broken(true); break;
    case FaultKind::path_cut: at.path = false; break;
    case FaultKind::link_cut:
      stage_.network.link(machine(fault.where), machine(fault.other)).cut = true;
      break;
    case FaultKind::link_slow: {
      Link& slow = stage_.network.link(machine(fault.where), machine(fault.other));
      slow.least = fault.by / 4;
      slow.most = fault.by;
      break;
    }
    case FaultKind::links_bad:
      stage_.network.for_each_link([](Link& link) {
        link.loss_ppm = kBadLossPpm;
        link.repeat_ppm = kBadRepeatPpm;
      });
      break;
    case FaultKind::replication_stalls: at.database().set_stalled(true); break;
    case FaultKind::registry_dies: world_.registry.process().kill(); break;
    case FaultKind::registry_mute: world_.registry.set_mute(true); break;
    case FaultKind::registry_misused: world_.stranger.begin(); break;
    case FaultKind::registry_lost: world_.registry_operator.begin(); break;
    case FaultKind::controller_dies: world_.witness.process().kill(); break;
    case FaultKind::controller_freezes: world_.witness.process().freeze(); break;
    case FaultKind::controller_journal_lost: world_.witness.lose_journal(); break;
    case FaultKind::wall_jumps:
      stage_.chronicle.reached(Mark::wall_clock_jumped);
      machine(fault.where).jump_wall(fault.by);
      break;
    case FaultKind::promotion_trouble:
      at.database().set_trouble(static_cast<Promotion>(fault.other));
      break;
    case FaultKind::stalls:
      for (Region* each : world_.regions())
        each->agent_process().set_stalls(stage_.dice, kStallEveryCalls, fault.by);
      world_.witness.process().set_stalls(stage_.dice, kStallEveryCalls, fault.by);
      break;
    case FaultKind::operator_meddles: operate_until_healed(fault.other == 1); break;
    case FaultKind::rebuild_trouble:
      at.rebuild_disk().trouble = static_cast<RebuildTrouble>(fault.other);
      break;
    default: world_.person.order(fault, false);  // what is left are people's orders
  }
}

/// Somebody with a hand on the button, who answers whatever is asked, always the same.
void Faults::operate_until_healed(bool approve) {
  if (healed_) return;
  world_.witness.operate(approve);
  stage_.scheduler.after(kOperatorLooks, [this, approve] { operate_until_healed(approve); });
}

void Faults::end(const Fault& fault) {
  Region& at = region(fault);
  switch (fault.kind) {
    case FaultKind::region_dies: at.power_on(); break;
    case FaultKind::region_freezes:
      note_thaw_of(at);
      at.machine().thaw();
      break;
    case FaultKind::agent_freezes:
      // The watchdog's SIGKILL, or SIGCONT before it.
      if (fault.other == 1) at.agent_process().kill();
      at.agent_process().thaw();
      break;
    case FaultKind::agent_disk_fails: at.set_agent_disk(Disk::well); break;
    case FaultKind::agent_hangs:
      at.agent_process().set_stalls(stage_.dice, 0, {});
      at.watchdog_looks();
      break;
    case FaultKind::database_dies: at.database().restart(); break;
    case FaultKind::database_hangs: at.database().process().thaw(); break;
    case FaultKind::services_die: at.application().set_broken(false); break;
    case FaultKind::path_cut: at.path = true; break;
    case FaultKind::link_cut:
      stage_.network.link(machine(fault.where), machine(fault.other)).cut = false;
      break;
    case FaultKind::link_slow: {
      Link& slow = stage_.network.link(machine(fault.where), machine(fault.other));
      slow.least = stage_.plan.link_least;
      slow.most = stage_.plan.link_most;
      break;
    }
    case FaultKind::links_bad:
      stage_.network.for_each_link([](Link& link) { link.loss_ppm = link.repeat_ppm = 0; });
      break;
    case FaultKind::replication_stalls: at.database().set_stalled(false); break;
    case FaultKind::registry_dies: world_.registry.restart(); break;
    case FaultKind::registry_mute: world_.registry.set_mute(false); break;
    case FaultKind::registry_misused: world_.stranger.end(); break;
    case FaultKind::controller_freezes: world_.witness.process().thaw(); break;
    case FaultKind::wall_jumps: machine(fault.where).jump_wall(-fault.by); break;
    case FaultKind::maintenance_begins: world_.person.order(fault, true); break;
    case FaultKind::stalls:
      for (Region* each : world_.regions()) each->agent_process().set_stalls(stage_.dice, 0, {});
      world_.witness.process().set_stalls(stage_.dice, 0, {});
      break;
    default: break;  // mended by themselves
  }
}

void Faults::heal() {
  healed_ = true;
  for (const Fault& fault : stage_.plan.faults) {
    const bool gone =
        fault.lasts != Duration::zero() && fault.at + fault.lasts <= stage_.scheduler.now();
    if (gone || fault.at > stage_.scheduler.now()) continue;
    if (fault.kind == FaultKind::wall_jumps) continue;  // clocks stay as they are
    if (is_order(fault) || is_move(fault)) continue;    // and so do orders
    if (fault.kind == FaultKind::region_dies && fault.where == stage_.plan.left_dead) continue;
    end(fault);
  }
  // Nobody leaves an execution paused for ever.
  for (const Duration after : {Duration{}, kLooksAgain, 2 * kLooksAgain})
    stage_.scheduler.after(after, [this] { world_.person.order(kGoOn, false); });
  if (stage_.plan.left_dead) {
    Region& dead = *world_.regions()[static_cast<std::size_t>(*stage_.plan.left_dead)];
    if (dead.machine().on()) dead.power_off();
    world_.registry_operator.is_gone(dead);
  }
}

}  // namespace understudy::simulation
