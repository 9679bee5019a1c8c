#include "simulation/memory.h"

#include <algorithm>

namespace understudy::simulation {

void SimulatedPage::open(const Promise& promise) {
  agent_.maybe_stall();
  note_end();
  promise_ = promise;
  boot_ = machine_.boots();
  stage_.chronicle.tell("{}: page open in epoch {} term {}{}", machine_.name(), promise.epoch,
                        promise.term, promise.endless ? ", endless" : "");
}

void SimulatedPage::close() {
  agent_.maybe_stall();
  if (in_force()) stage_.chronicle.tell("{}: page closed", machine_.name());
  note_end();
  promise_.reset();
}

std::optional<Promise> SimulatedPage::read() const {
  agent_.maybe_stall();
  return of_this_boot() ? promise_ : std::nullopt;
}

bool SimulatedPage::of_this_boot() const {
  return boot_ == machine_.boots() || !stage_.guards.has(Guard::page_ends_with_boot);
}

std::optional<Promise> SimulatedPage::in_force() const {
  if (!promise_ || !of_this_boot() || !machine_.on()) return std::nullopt;
  if (promise_->endless) return promise_;
  const bool by_boot = stage_.guards.has(Guard::boot_clock_ends_page);
  const bool by_wall = stage_.guards.has(Guard::wall_clock_ends_page);
  if ((by_boot && machine_.boot() >= promise_->deadline) ||
      (by_wall && machine_.wall() >= promise_->deadline_wall)) {
    stage_.chronicle.reached(Mark::lease_ran_out);
    return std::nullopt;
  }
  return promise_;
}

/// Until when writes were let through, at the latest: what a loss is measured from.
void SimulatedPage::note_end() const {
  if (!promise_ || boot_ != machine_.boots()) return;
  const TrueTime now = stage_.scheduler.now();
  stage_.observers.may_have_written_until(
      region_, promise_->endless ? now : std::min(now, machine_.true_time(promise_->deadline)));
}

Result<std::optional<AgentState>> SimulatedStore::load() {
  if (trouble_ != Disk::unreadable && trouble_ != Disk::of_another) return stored_;
  stage_.chronicle.reached(Mark::agent_kept_from_starting);
  if (trouble_ == Disk::of_another) return std::optional(AgentState{.identity = other_region_});
  return Error{After::unchanged_retry, "the agent's state cannot be read: input/output error"};
}

Result<Done> SimulatedStore::raise(const AgentState& state) {
  // The write reaches the disk at some instant of the flush; a crash in it leaves either.
  const Duration flush = stage_.dice.between(Duration(1), stage_.plan.fsync_most);
  const bool early = stage_.dice.one_in(2);
  const auto store = [this, &state] {
    AgentState kept = stored_.value_or(state);
    kept.term = std::max(kept.term, state.term);
    kept.fenced_term = std::max(kept.fenced_term, state.fenced_term);
    kept.revoked_term = std::max(kept.revoked_term, state.revoked_term);
    kept.epoch = std::max(kept.epoch, state.epoch);
    kept.ordered_epoch = std::max(kept.ordered_epoch, state.ordered_epoch);
    kept.version = std::max(kept.version, state.version);
    stored_ = kept;
  };
  const bool fails = trouble_ != Disk::well;
  if (early) store();
  (void)stage_.scheduler.wait_until(stage_.scheduler.now() + flush);
  if (fails) {
    stage_.chronicle.reached(Mark::agent_disk_failed);
    return Error{After::unknown, "no space left on device"};
  }
  if (!early) store();
  return Done{};
}

}  // namespace understudy::simulation
