#pragma once
// Machines with clocks of their own, and processes on them: what can freeze, crash and reboot.

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ports/clock.h"
#include "ports/tasks.h"
#include "simulation/dice.h"
#include "simulation/scheduler.h"

namespace understudy::simulation {

class Process;

/// A host. Its boot clock runs at its own rate and begins anew at each boot; its wall clock jumps.
class Machine {
 public:
  Machine(Scheduler& scheduler, std::string name)
      : scheduler_(scheduler), name_(std::move(name)), number_(scheduler.number_machine()) {}
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// `drift_ppm`: how much faster than true time its clock runs.
  void set_clock(std::int64_t drift_ppm, Duration wall_offset) {
    drift_ppm_ = drift_ppm;
    wall_offset_ = wall_offset;
  }
  void jump_wall(Duration by) { wall_offset_ += by; }

  [[nodiscard]] BootTime boot() const { return boot_at(scheduler_.now()); }
  [[nodiscard]] WallTime wall() const;
  [[nodiscard]] std::uint64_t boots() const { return boots_; }
  /// When its boot clock will show `time`, at the earliest.
  [[nodiscard]] TrueTime true_time(BootTime time) const;

  /// Everything on it stands still, but its clocks.
  void freeze();
  void thaw();
  /// Every fiber on it goes on, as if the time of its wait were over.
  void cut_waits_short();
  /// Ends every process on it. What is only in memory is gone.
  void power_off();
  /// Empty; whoever lives here is started by others.
  void power_on();

  [[nodiscard]] bool on() const { return on_; }
  [[nodiscard]] bool frozen() const { return frozen_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::size_t number() const { return number_; }
  [[nodiscard]] Scheduler& scheduler() { return scheduler_; }

 private:
  friend class Process;
  [[nodiscard]] BootTime boot_at(TrueTime time) const;
  [[nodiscard]] Duration by_its_clock(Duration::rep real) const;

  Scheduler& scheduler_;
  const std::string name_;
  const std::size_t number_;
  std::vector<Process*> processes_;
  std::int64_t drift_ppm_ = 0;
  Duration wall_offset_{};
  TrueTime booted_{};
  std::uint64_t boots_ = 1;
  bool on_ = true;
  bool frozen_ = false;
};

/// A place where fibers run. Dead at first.
class Process {
 public:
  Process(Machine& machine, std::string name);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Alive from now on. Requires: it is dead, its machine is on.
  void start();
  /// Every fiber ends where it waits. Outside any fiber. Dead already: nothing.
  void kill();
  void freeze() { frozen_ = true; }
  void thaw();

  [[nodiscard]] bool alive() const { return alive_; }
  [[nodiscard]] bool runs() const { return alive_ && !frozen_ && !stalled_ && !machine_.frozen_; }
  [[nodiscard]] Machine& machine() { return machine_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// It may hold locks: nobody outside may ask what is in it.
  [[nodiscard]] bool stalled() const { return stalled_; }
  /// Counts starts: what was sent to an earlier life does not reach a later one.
  [[nodiscard]] std::uint64_t life() const { return life_; }

  void spawn(Act&& body);
  /// Runs `act` at once, or when it is thawed; never if it is dead. `act` must not wait.
  template <class Message>
  void deliver(Message act) {
    if (!alive_) return;
    if (runs()) return act();
    parked_.push_back({.waiter = {}, .woken = false, .act = Act(std::move(act))});
  }

  /// At a call of a port that does not wait: the process may stand still right here, whatever locks
  /// the caller holds, and all of its fibers with it.
  void maybe_stall();
  /// From now on one call in `calls` stalls for up to `longest`; 0: none.
  void set_stalls(Dice& dice, std::uint64_t calls, Duration longest);

  /// Before the first instruction of a dead process's memory goes: its owner frees what was in it.
  std::function<void()> on_death;

 private:
  friend class Scheduler;
  friend class Machine;
  void unpark();

  Machine& machine_;
  const std::string name_;
  bool alive_ = false;
  bool frozen_ = false;
  bool stalled_ = false;
  std::optional<Waiter> stall_over_;
  std::uint64_t life_ = 0;
  std::vector<Fiber*> fibers_;
  struct Parked {
    Waiter waiter;
    bool woken = false;
    Act act;
  };
  std::vector<Parked> parked_;
  Dice* stall_dice_ = nullptr;
  std::uint64_t stall_calls_ = 0;
  std::uint64_t until_stall_ = 0;
  Duration stall_longest_{};
};

/// The Clock port of one process.
class ProcessClock final : public Clock {
 public:
  explicit ProcessClock(Process& process) : process_(process) {}
  [[nodiscard]] BootTime boot() const override {
    process_.maybe_stall();
    return process_.machine().boot();
  }
  [[nodiscard]] WallTime wall() const override {
    process_.maybe_stall();
    return process_.machine().wall();
  }
  [[nodiscard]] std::string boot_id() const override {
    return process_.machine().name() + "-" + std::to_string(process_.machine().boots());
  }
  void sleep_until(BootTime time) override;

 private:
  Process& process_;
};

/// The Tasks port of one process.
class ProcessTasks final : public Tasks {
 public:
  explicit ProcessTasks(Process& process) : process_(process) {}
  void spawn(const std::string& /*name*/, std::function<void()> body) override {
    process_.spawn(std::move(body));
  }
  [[nodiscard]] std::unique_ptr<Signal> signal() override;

 private:
  Process& process_;
};

}  // namespace understudy::simulation
