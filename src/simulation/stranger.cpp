#include "simulation/stranger.h"

#include <array>

namespace understudy::simulation {

namespace {

constexpr Duration kPause = milliseconds(100);
constexpr Duration kPatience = milliseconds(300);

void take_own_standby_for_active(Record& next) { next.standby = next.active; }
void flip_endless(Record& next) { next.lease.endless = !next.lease.endless; }
void flip_revoked(Record& next) { next.lease.revoked = !next.lease.revoked; }
void forget_execution(Record& next) { next.transition.execution += "?"; }
void lose_execution(Record& next) { next.transition.execution.clear(); }
void count_transition(Record& next) { ++next.transition.number; }
void add_grantor(Record& next) { next.grantors.emplace_back("somebody"); }
void count_epoch(Record& next) { ++next.epoch; }
void count_term_twice(Record& next) { next.term += 2; }
void count_serial_twice(Record& next) { next.lease.serial += 2; }
void attest(Record& next) { next.transition.attested = true; }

/// Where no edge leads, whatever the phase is.
void leap(Record& next) {
  Phase& phase = next.transition.phase;
  phase = phase == Phase::promoting  ? Phase::none
          : phase == Phase::switched ? Phase::promoting
                                     : Phase::switched;
  next.lease.revoked = phase == Phase::promoting;
}

/// As a switchover would, without all that goes before it.
void make_standby_active(Record& next) {
  if (next.standby) std::swap(*next.standby, next.active);
}

/// A detach is allowed while nothing is under way: then the serial gives it away.
void detach_amid(Record& next) {
  next.standby.reset();
  next.lease.endless = true;
  if (next.transition.phase == Phase::none) next.lease.serial += 5;
}

constexpr std::array kForbidden = {take_own_standby_for_active,
                                   flip_endless,
                                   flip_revoked,
                                   forget_execution,
                                   lose_execution,
                                   count_transition,
                                   add_grantor,
                                   count_epoch,
                                   count_term_twice,
                                   count_serial_twice,
                                   attest,
                                   leap,
                                   make_standby_active,
                                   detach_amid};

}  // namespace

Stranger::Stranger(Stage& stage, Machine& machine, RegistryProcess& registry)
    : stage_(stage), process_(machine, "stranger"), registry_(stage, process_, registry) {}

void Stranger::begin() {
  if (process_.alive()) return;
  process_.start();
  process_.spawn([this] {
    while (true) {
      ask();
      (void)stage_.scheduler.wait_until(stage_.scheduler.now() + kPause);
    }
  });
}

void Stranger::ask() {
  const auto seen = registry_.read(process_.machine().boot() + kPatience);
  if (!seen) return;
  Record next = *seen;
  ++next.version;
  next.nonce = "stranger-" + std::to_string(stage_.dice.next());
  kForbidden[stage_.dice.below(kForbidden.size())](next);
  const Replaced answer = registry_.replace(next, process_.machine().boot() + kPatience);
  const auto* error = std::get_if<Error>(&answer);
  if (error != nullptr && error->after == After::unchanged_final)
    stage_.chronicle.reached(Mark::forbidden_change_refused);
}

}  // namespace understudy::simulation
