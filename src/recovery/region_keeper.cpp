#include "recovery/region_keeper.h"

#include <fmt/format.h>

#include <algorithm>

namespace understudy {

namespace {

/// How often services are compared with what is wanted, and how long that may take.
constexpr Duration kServicesInterval = milliseconds(500);
constexpr Duration kServicesTimeout = milliseconds(500);
/// After a failed call to the registry.
constexpr Duration kRetryAfter = milliseconds(50);
/// How often it is looked whether a standby has caught up.
constexpr Duration kStandbyLook = milliseconds(10);

Error refused(std::string what) { return Error{After::unchanged_final, std::move(what)}; }

}  // namespace

Result<std::unique_ptr<RegionKeeper>> RegionKeeper::create(const Topology& topology,
                                                           std::string region, RegionPorts ports) {
  auto state = ports.store.load();
  if (!state) return state.error();
  if (*state && (*state)->identity != region) {
    return refused(fmt::format(
        "the agent state on disk is of region \"{}\", this is \"{}\"; nothing was changed",
        (*state)->identity, region));
  }
  return std::unique_ptr<RegionKeeper>(
      new RegionKeeper(topology, std::move(region), ports, *state));
}

RegionKeeper::RegionKeeper(const Topology& topology, std::string region, RegionPorts ports,
                           std::optional<AgentState> state)
    : topology_(topology),
      region_(std::move(region)),
      ports_(ports),
      incarnation_(ports.random.next()),
      lease_signal_(ports.tasks.signal()),
      extension_signal_(ports.tasks.signal()),
      database_signal_(ports.tasks.signal()),
      changes_signal_(ports.tasks.signal()),
      services_signal_(ports.tasks.signal()),
      extender_(topology.lease, ports.clock.boot(), ports.guards),
      other_promised_at_(ports.clock.boot()),
      wrote_at_(ports.clock.boot()),
      rpo_guard_(topology, ports.guards) {
  if (state) {
    if (!ports.guards.has(Guard::revoked_term_durable)) state->revoked_term = 0;
    holder_.emplace(region_, topology_.lease, *state, incarnation_, ports_.page, ports_.guards);
    persisted_ = state;
  }
}

void RegionKeeper::start(std::function<void(std::string_view)> pulse) {
  pulse_ = std::move(pulse);
  ports_.tasks.spawn("lease", [this] { keep_lease(); });
  ports_.tasks.spawn("extension", [this] { keep_extended(); });
  ports_.tasks.spawn("database", [this] { keep_database(); });
  ports_.tasks.spawn("changes", [this] { keep_changes(); });
  ports_.tasks.spawn("services", [this] { keep_services(); });
}

void RegionKeeper::stop() {
  stopped_ = true;
  lease_signal_->notify();
  extension_signal_->notify();
  database_signal_->notify();
  changes_signal_->notify();
  services_signal_->notify();
}

// ---------------------------------------------------------------------------------- the lease task

void RegionKeeper::keep_lease() {
  while (!stopped()) {
    pulse_("lease");
    bool known = false;
    bool due = false;
    {
      const std::lock_guard held(lock_);
      known = record_ && !read_first_;
      due = known && renewal_is_due(ports_.clock.boot());
    }
    if (!known) {
      learn_from_record();
    } else if (due) {
      renew();
    } else {
      watch();
    }
  }
}

/// R6, R21: before all else, a linearizable read.
void RegionKeeper::learn_from_record() {
  auto record = ports_.registry.read(ports_.clock.boot() + topology_.lease.renew_interval);
  if (!record) {
    note("waiting for the registry: " + record.error().what);
    lease_signal_->wait_until(ports_.clock.boot() + kRetryAfter);
    return;
  }
  {
    const std::lock_guard held(lock_);
    if (!holder_) {
      AgentState fresh{.identity = region_,
                       .revoked_term = record->lease.revoked ? record->term : record->term - 1,
                       .epoch = record->epoch,
                       .version = record->version};
      // What an earlier life was ordered is not known: it counts as ordered.
      const Transition& transition = record->transition;
      if (transition.phase == Phase::promoting && transition.target == region_)
        fresh.ordered_epoch = record->epoch + 1;
      holder_.emplace(region_, topology_.lease, fresh, incarnation_, ports_.page, ports_.guards);
    }
  }
  take(*record);
}

bool RegionKeeper::renewal_is_due(BootTime now) const {
  if (!record_ || record_->active != region_) return false;
  if (record_->lease.revoked && ports_.guards.has(Guard::revocation_binds)) return false;
  // Only a primary has anything to lease (model: db[r]==1); a crashed one may restart in place.
  if (!database_ || database_->role != DatabaseRole::primary) return false;
  return commits_are_safe() && now >= renew_at_;
}

/// With synchronous replication nothing is acknowledged that an attached standby may lack: before
/// commits wait for it, no page opens. Requires: the lock is held.
bool RegionKeeper::commits_are_safe() const {
  return topology_.database.replication != Replication::synchronous || !record_->standby ||
         commits_held_ == true || !ports_.guards.has(Guard::commits_held_before_page);
}

void RegionKeeper::renew() {
  std::optional<Record> next;
  BootTime asked;
  if (!persist()) return;
  {
    const std::string fresh_nonce = nonce();
    const std::lock_guard held(lock_);
    asked = ports_.clock.boot();
    next = holder_->ask(*record_, fresh_nonce, asked, ports_.clock.wall());
    renew_at_ = asked + topology_.lease.renew_interval;
  }
  if (!next) return;
  // A slow answer is as good as a fast one, since the deadline counts from here; a lost one leaves
  // time for another try.
  const Replaced answer = ports_.registry.replace(*next, asked + topology_.lease.ttl / 2);
  if (const auto* record = std::get_if<Record>(&answer)) {
    bool opened = false;
    {
      const std::lock_guard held(lock_);
      opened = holder_->granted(*record, ports_.clock.boot(), ports_.clock.wall());
    }
    take(*record);
    if (opened) database_signal_->notify();
    return;
  }
  const auto* conflict = std::get_if<Conflict>(&answer);
  {
    const std::lock_guard held(lock_);
    holder_->drop_renewal();
    renew_at_ = ports_.clock.boot();  // again, as soon as we know the record
    // Unknown: it may have been applied, so the version may have moved. Read before asking again.
    read_first_ = conflict == nullptr;
    if (read_first_) note_ = "registry: " + std::get<Error>(answer).what;
  }
  if (conflict != nullptr) {
    take(conflict->current);
  } else {
    lease_signal_->wait_until(ports_.clock.boot() + kRetryAfter);
  }
}

/// Waits for the record to change, or for the next renewal to be due.
void RegionKeeper::watch() {
  std::uint64_t version = 0;
  BootTime until;
  {
    const std::lock_guard held(lock_);
    const BootTime now = ports_.clock.boot();
    version = record_->version;
    const bool ours = record_->active == region_ && !record_->lease.revoked;
    until =
        ours ? std::clamp(renew_at_, now + milliseconds(10), now + topology_.lease.renew_interval)
             : now + topology_.lease.renew_interval;
  }
  auto record = ports_.registry.await_change(version, until);
  if (record) {
    take(*record);
    return;
  }
  note("registry: " + record.error().what);
  lease_signal_->wait_until(ports_.clock.boot() + kRetryAfter);
}

/// Takes in what a record says. False: it is older than one seen (R7).
bool RegionKeeper::take(const Record& record) {
  bool accepted = false;
  bool changed = false;
  std::uint64_t seen = 0;
  {
    const std::lock_guard held(lock_);
    accepted = holder_->see(record);
    seen = holder_->state().version;
    if (accepted) {
      changed = !record_ || record_->transition != record.transition ||
                record_->active != record.active || record_->term != record.term;
      record_ = record;
      read_first_ = false;
      if (attaching_ && record.version >= *attaching_) attaching_.reset();
      note_.clear();
    }
  }
  if (!accepted) {
    note(fmt::format(
        "the registry shows version {} but {} was seen before: was it restored from a backup?",
        record.version, seen));
    ports_.alerts.raise({.subject = fmt::format("{}: the registry went back in time", region_),
                         .done = "this agent ignores the record; its lease runs out",
                         .ask = "find out which record is right, then restart the agent with it",
                         .key = "registry.rolled_back"});
    lease_signal_->wait_until(ports_.clock.boot() + topology_.lease.renew_interval);
    return false;
  }
  if (changed) {
    persist();
    database_signal_->notify();
    services_signal_->notify();
  }
  return true;
}

/// Makes the counters durable if they moved. The version alone may lag behind: it guards only
/// against a restored registry, and is stored with the next change of anything else.
bool RegionKeeper::persist() {
  AgentState state;
  {
    const std::lock_guard held(lock_);
    state = holder_->state();
    AgentState known = persisted_.value_or(AgentState{});
    known.version = state.version;
    if (persisted_ && known == state) return true;
  }
  if (auto stored = ports_.store.raise(state); !stored) {
    note("cannot store the agent's state: " + stored.error().what);
    lease_signal_->wait_until(ports_.clock.boot() + kRetryAfter);
    return false;
  }
  const std::lock_guard held(lock_);
  persisted_ = state;
  return true;
}

// ------------------------------------------------------------------------------ the extension task

/// Both grantors are asked in every round, so that either may be away.
void RegionKeeper::keep_extended() {
  while (!stopped()) {
    pulse_("extension");
    const BootTime next = ports_.clock.boot() + topology_.lease.renew_interval;
    ask_other_grantor();
    extension_signal_->wait_until(next);
  }
}

void RegionKeeper::ask_other_grantor() {
  {
    const std::lock_guard held(lock_);
    if (!holder_ || !record_) return;  // R21: the record first
  }
  if (!persist()) return;
  std::optional<std::uint64_t> to_extend, to_attach;
  std::uint64_t term = 0;
  BootTime asked;
  {
    const std::lock_guard held(lock_);
    if (!record_ || !database_ || database_->role != DatabaseRole::primary) return;
    asked = ports_.clock.boot();
    const WallTime wall = ports_.clock.wall();
    if (database_->streaming) to_attach = holder_->ask_to_attach(*record_, asked, wall);
    if (!to_attach && commits_are_safe()) to_extend = holder_->ask_other(*record_, asked, wall);
    term = record_->term;
  }
  if (!to_extend && !to_attach) return;
  const auto promised = ports_.other.extend(term, asked + topology_.lease.renew_interval);
  if (!promised) return;  // the registry alone, then
  if (to_attach) return attach(*to_attach);
  const BootTime now = ports_.clock.boot();
  const WallTime wall = ports_.clock.wall();
  const std::lock_guard held(lock_);
  (void)holder_->extended(*to_extend, now, wall);
  other_promised_at_ = now;
}

/// All that was acknowledged under the endless lease is on the standby before it may be promoted:
/// others count on that (boxoffice sends mails by it).
bool RegionKeeper::standby_has_all(BootTime deadline) {
  const auto begun = ports_.database.state(deadline);
  if (!begun) return false;
  while (true) {
    const auto seen = ports_.database.state(deadline);
    if (seen && seen->streaming && seen->standby_written >= begun->written) return true;
    const BootTime now = ports_.clock.boot();
    if (!seen || now >= deadline) return false;
    ports_.clock.sleep_until(std::min(deadline, now + kStandbyLook));
  }
}

/// With synchronous replication, whether each commit waits for the standby by then; else nothing to
/// wait for. The database task alone orders it.
bool RegionKeeper::commits_held_by(BootTime deadline) {
  if (topology_.database.replication != Replication::synchronous ||
      !ports_.guards.has(Guard::commits_held_before_page))
    return true;
  database_signal_->notify();
  while (true) {
    {
      const std::lock_guard held(lock_);
      if (commits_held_ == true) return true;
    }
    const BootTime now = ports_.clock.boot();
    if (now >= deadline || stopped()) return false;
    ports_.clock.sleep_until(std::min(deadline, now + kStandbyLook));
  }
}

/// R17: the page first, the record after it. An answer that gets lost is found out by reading.
void RegionKeeper::attach(std::uint64_t request) {
  std::optional<Record> next;
  BootTime now;
  {
    const std::string fresh_nonce = nonce();
    const std::lock_guard held(lock_);
    now = ports_.clock.boot();
    next = holder_->attach(request, *record_, topology_.other(region_).name, fresh_nonce);
    if (!next) return;
    other_promised_at_ = now;
    renew_at_ = now + topology_.lease.ttl / 2;  // a renewal would only make the change fail
    attaching_ = next->version;
  }
  const BootTime ready_by = now + topology_.lease.renew_interval / 2;
  if (!commits_held_by(ready_by) || !standby_has_all(ready_by)) {
    const std::lock_guard held(lock_);
    attaching_.reset();
    renew_at_ = ports_.clock.boot();
    return lease_signal_->notify();  // endless again by the next renewal, and tried again
  }
  const Replaced answer = ports_.registry.replace(*next, now + topology_.lease.ttl / 2);
  if (const auto* record = std::get_if<Record>(&answer)) {
    take(*record);
    ports_.events.emit("standby.attached", {{"region", *record->standby}, {"by", region_}});
  } else if (const auto* conflict = std::get_if<Conflict>(&answer)) {
    take(conflict->current);
  }
  const std::lock_guard held(lock_);
  if (std::holds_alternative<Error>(answer)) read_first_ = true;
  renew_at_ = ports_.clock.boot();  // what the page holds now is short
  lease_signal_->notify();
}

// ------------------------------------------------------------------------------- the services task

void RegionKeeper::keep_services() {
  while (!stopped()) {
    pulse_("services");
    keep_gate();
    auto running = ports_.compute.running(ports_.clock.boot() + kServicesTimeout);
    if (running) {
      {
        const std::lock_guard held(lock_);
        running_ = *running;
      }
      for (const Service& service : topology_.services) {
        const unsigned count = wanted(service);
        const auto found = running->find(service.name);
        if (found != running->end() && found->second == count) continue;
        (void)ports_.compute.want(service.name, count, ports_.clock.boot() + kServicesTimeout);
      }
    }
    services_signal_->wait_until(ports_.clock.boot() + kServicesInterval);
  }
}

/// The posture decides; while a transition brings this region up, a singleton waits for its order,
/// so that cron comes last (R15). The others do not: an agent that died has forgotten what it was
/// told, and it would take a minute to be told again.
unsigned RegionKeeper::wanted(const Service& service) const {
  const bool open = writable();
  const std::lock_guard held(lock_);
  const unsigned at_rest = service.instances(!ports_.guards.has(Guard::standby_share_kept));
  if (!record_ || record_->active != region_ || !open) return at_rest;
  const unsigned active = service.instances(ports_.guards.has(Guard::active_share_kept));
  if (record_->transition.phase != Phase::switched) return active;
  const auto order = ordered_.find(service.name);
  const bool ordered = ordered_epoch_ == record_->epoch && order != ordered_.end();
  if (ordered) return order->second;
  return service.posture == Posture::active_only ? at_rest : active;
}

/// A planned transition drains this region until it is seen to be over. A region that was left
/// stays closed until it is active again: its load balancer needs a few looks to see that the
/// services are not ready any more, and would call the region ready until then.
bool RegionKeeper::draining() const {
  const std::lock_guard held(lock_);
  if (!drained_for_ || !record_) return false;
  if (record_->active != region_) return true;
  const Transition& seen = record_->transition;
  return seen.number < *drained_for_ || (seen.number == *drained_for_ && seen.phase != Phase::none);
}

/// A load balancer that was restarted is open again, so a closed gate is closed again and again.
void RegionKeeper::keep_gate() {
  const bool open = !draining();
  {
    const std::lock_guard held(lock_);
    if (open && gate_open_ == true) return;
  }
  const auto done = ports_.gate.set_open(open, ports_.clock.boot() + kServicesTimeout);
  const std::lock_guard held(lock_);
  gate_open_ = done ? std::optional(open) : std::nullopt;
}

// ---------------------------------------------------------------------------------------- helpers

bool RegionKeeper::writable() const {
  const BootTime now = ports_.clock.boot();
  const WallTime wall = ports_.clock.wall();
  const std::lock_guard held(lock_);
  return holder_ && holder_->writable(now, wall);
}

std::string RegionKeeper::nonce() {
  return fmt::format("{}-{:016x}", region_, ports_.random.next());
}

void RegionKeeper::note(std::string text) {
  const std::lock_guard held(lock_);
  note_ = std::move(text);
}

}  // namespace understudy
