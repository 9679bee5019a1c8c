#include "fakes.h"

#include <algorithm>

#include "recovery/record_changes.h"

namespace understudy::fake {

namespace {

/// A call that nobody answers lasts until its deadline.
Error silence(Stage& stage, BootTime deadline, const std::string& what) {
  stage.sleep_until(deadline);
  return Error{After::unknown, what + ": no answer in time"};
}

}  // namespace

Fault Trouble::take() {
  ++calls;
  if (next.empty()) return always;
  const Fault fault = next.front();
  next.pop_front();
  return fault;
}

std::optional<Error> before_act(Fault fault, const std::string& what) {
  switch (fault) {
    case Fault::unreachable: return Error{After::unchanged_retry, what + ": connection refused"};
    case Fault::refused: return Error{After::unchanged_final, what + ": refused"};
    case Fault::request_lost: return Error{After::unknown, what + ": no answer"};
    case Fault::none:
    case Fault::answer_lost: break;
  }
  return std::nullopt;
}

std::optional<Error> after_act(Fault fault, const std::string& what) {
  if (fault != Fault::answer_lost) return std::nullopt;
  return Error{After::unknown, what + ": no answer"};
}

unsigned FakeEvents::count(std::string_view name) const {
  return static_cast<unsigned>(std::count_if(
      all.begin(), all.end(), [&](const Event& event) { return event.name == name; }));
}

const FakeEvents::Event& FakeEvents::last(std::string_view name) const {
  const auto found = std::find_if(all.rbegin(), all.rend(),
                                  [&](const Event& event) { return event.name == name; });
  ensure(found != all.rend(), "a test looks only at events that were emitted");
  return *found;
}

std::vector<std::string> FakeEvents::order_of(const std::vector<std::string>& names) const {
  std::vector<std::string> order;
  for (const Event& event : all) {
    if (std::find(names.begin(), names.end(), event.name) != names.end())
      order.push_back(event.name);
  }
  return order;
}

unsigned FakeAlerts::count(std::string_view key) const {
  return static_cast<unsigned>(
      std::count_if(all.begin(), all.end(), [&](const Alert& alert) { return alert.key == key; }));
}

// ------------------------------------------------------------------------------------ the registry

Replaced SharedRecord::replace(const Record& next) {
  if (next.nonce == record.nonce && next.version == record.version) return record;
  if (next.version != record.version + 1) return Conflict{record};
  if (const auto rule = broken_rule(record, next)) return Error{After::unchanged_final, *rule};
  changes.push_back(next);
  force(next);
  return record;
}

void SharedRecord::force(Record to) {
  record = std::move(to);
  for (Signal* signal : waiting_) signal->notify();
}

void SharedRecord::wait_for_change(BootTime deadline) {
  const auto signal = stage_.signal();
  waiting_.push_back(signal.get());
  (void)signal->wait_until(deadline);
  std::erase(waiting_, signal.get());
}

void FakeRegistry::cut(bool is_cut) {
  for (Trouble* trouble : {&reads, &replaces, &waits})
    trouble->always = is_cut ? Fault::request_lost : Fault::none;
}

Result<Record> FakeRegistry::read(BootTime) {
  const Fault fault = reads.take();
  stage_.run_for(kCall);
  if (auto error = before_act(fault, "registry")) return *error;
  Record seen = shared_.record;
  stage_.run_for(kCall);
  if (auto error = after_act(fault, "registry")) return *error;
  return seen;
}

Replaced FakeRegistry::replace(const Record& next, BootTime) {
  const Fault fault = replaces.take();
  if (before_next_replace) std::exchange(before_next_replace, nullptr)();
  stage_.run_for(kCall);
  if (auto error = before_act(fault, "registry")) return *error;
  Replaced replaced = shared_.replace(next);
  stage_.run_for(kCall);
  if (auto error = after_act(fault, "registry")) return *error;
  return replaced;
}

Result<Record> FakeRegistry::await_change(std::uint64_t version, BootTime deadline) {
  const Fault fault = waits.take();
  stage_.run_for(kCall);
  if (auto error = before_act(fault, "registry")) return *error;
  if (shared_.record.version <= version) shared_.wait_for_change(deadline);
  if (auto error = before_act(waits.always, "registry")) return *error;  // cut meanwhile
  if (auto error = after_act(fault, "registry")) return *error;
  return shared_.record;
}

// ---------------------------------------------------------------------------------------- a region

Result<Done> FakeStore::raise(const AgentState& state) {
  const Fault fault = raises.take();
  if (auto error = before_act(fault, "state file")) return *error;
  AgentState merged = stored.value_or(AgentState{});
  merged.identity = state.identity;
  merged.term = std::max(merged.term, state.term);
  merged.fenced_term = std::max(merged.fenced_term, state.fenced_term);
  merged.revoked_term = std::max(merged.revoked_term, state.revoked_term);
  merged.ordered_epoch = std::max(merged.ordered_epoch, state.ordered_epoch);
  merged.epoch = std::max(merged.epoch, state.epoch);
  merged.version = std::max(merged.version, state.version);
  stored = merged;
  ++raised;
  if (auto error = after_act(fault, "state file")) return *error;
  return Done{};
}

std::optional<Error> FakeDatabase::dead(BootTime deadline) {
  stage_.run_for(kCall);
  if (alive) return std::nullopt;
  return silence(stage_, deadline, "database");
}

Result<DatabaseState> FakeDatabase::state(BootTime deadline) {
  const Fault fault = states.take();
  if (auto error = dead(deadline)) return *error;
  if (auto error = before_act(fault, "database")) return *error;
  if (now.role == DatabaseRole::standby) return now;
  DatabaseState seen = now;
  seen.streaming = standby != nullptr && standby->alive && standby->now.streaming &&
                   standby->now.role == DatabaseRole::standby;
  if (seen.streaming) seen.standby_written = standby->now.written;
  return seen;
}

Result<DatabaseState> FakeDatabase::promote(BootTime deadline) {
  const Fault fault = promotes.take();
  if (auto error = dead(deadline)) return *error;
  if (auto error = before_act(fault, "promotion")) return *error;
  if (now.role == DatabaseRole::standby) {
    if (before_promotion) before_promotion();
    ++promotions;
    now.role = DatabaseRole::primary;
    now.streaming = false;
    ++now.timeline;
  }
  stage_.run_for(milliseconds(100));
  if (auto error = after_act(fault, "promotion")) return *error;
  return now;
}

void FakeDatabase::commit() {
  now.written += 10;
  now.replayed = now.written;
  now.newest_commit = stage_.wall();
  if (standby == nullptr || !standby->now.streaming || !standby->alive || !standby_receives) return;
  standby->now.written = standby->now.replayed = now.written;
  standby->now.newest_commit = now.newest_commit;
  standby->now.epoch = now.epoch;
}

Result<Done> FakeDatabase::publish_epoch(std::uint64_t epoch, const std::string&, std::uint64_t,
                                         BootTime deadline) {
  const Fault fault = publishes.take();
  if (auto error = dead(deadline)) return *error;
  if (auto error = before_act(fault, "epoch row")) return *error;
  if (now.role != DatabaseRole::primary || !page_.writable_at(stage_.boot()))
    return Error{After::unchanged_final, "epoch row: the fence refuses it"};
  epochs.push_back(epoch);
  now.epoch = std::max(now.epoch, epoch);
  commit();
  if (auto error = after_act(fault, "epoch row")) return *error;
  return Done{};
}

Result<Done> FakeDatabase::beat(BootTime deadline) {
  if (auto error = dead(deadline)) return *error;
  if (now.role != DatabaseRole::primary || !page_.writable_at(stage_.boot()))
    return Error{After::unchanged_final, "beat: the fence refuses it"};
  if (refuses_writes) return Error{After::unchanged_final, "beat: no space left on device"};
  ++beats;
  commit();
  return Done{};
}

Result<Done> FakeDatabase::admit_application(bool admitted, BootTime deadline) {
  if (auto error = dead(deadline)) return *error;
  admissions.push_back(admitted);
  return Done{};
}

Result<Done> FakeDatabase::hold_commits(bool held, BootTime deadline) {
  if (auto error = dead(deadline)) return *error;
  if (auto error = before_act(hold_orders.take(), "database")) return *error;
  holds.push_back(held);
  return Done{};
}

Result<std::map<std::string, unsigned>> FakeCompute::running(BootTime) {
  const Fault fault = trouble.take();
  stage_.run_for(kCall);
  if (auto error = before_act(fault, "supervisor")) return *error;
  return now;
}

Result<Done> FakeCompute::want(const std::string& service, unsigned count, BootTime) {
  const Fault fault = trouble.take();
  stage_.run_for(kCall);
  if (auto error = before_act(fault, "supervisor")) return *error;
  if (before_want) before_want(service, count);
  wants.emplace_back(service, count);
  now[service] = count;
  if (auto error = after_act(fault, "supervisor")) return *error;
  return Done{};
}

Result<Done> FakeDatabase::keep_changes_since(WalPosition standby_has, BootTime deadline) {
  if (auto error = dead(deadline)) return *error;
  changes_kept_since.push_back(standby_has);
  return Done{};
}

// ------------------------------------------------------------------------------- the way back

Result<Done> FakeRebuild::step(Trouble& trouble, const std::string& what) {
  const Fault fault = trouble.take();
  stage_.run_for(milliseconds(100));
  if (auto error = before_act(fault, what)) return *error;
  steps.push_back(what);
  if (auto error = after_act(fault, what)) return *error;
  return Done{};
}

Result<LostTail> FakeRebuild::keep_lost_tail(std::uint64_t, BootTime) {
  if (auto done = step(tails, "keep lost tail"); !done) return done.error();
  return tail;
}

Result<Done> FakeRebuild::rewind(BootTime) {
  database_.alive = false;
  return step(rewinds, "rewind");
}

Result<Done> FakeRebuild::copy(const std::function<void(unsigned)>& progress, BootTime) {
  database_.alive = false;
  progress(50);
  return step(copies, "copy");
}

Result<Done> FakeRebuild::start_as_standby(BootTime) {
  if (auto done = step(starts, "start"); !done) return done;
  DatabaseState& from = source->now;
  database_.alive = true;
  database_.now = {.role = DatabaseRole::standby,
                   .timeline = from.timeline,
                   .written = from.written,
                   .replayed = from.replayed,
                   .streaming = true,
                   .newest_commit = from.newest_commit,
                   .epoch = from.epoch};
  database_.standby = nullptr;
  source->standby = &database_;
  from.streaming = true;
  from.standby_written = from.written;
  return Done{};
}

Result<Done> FakeGate::set_open(bool open, BootTime) {
  const Fault fault = trouble.take();
  stage_.run_for(kCall);
  if (auto error = before_act(fault, "load balancer")) return *error;
  is_open = open;
  if (auto error = after_act(fault, "load balancer")) return *error;
  return Done{};
}

// ---------------------------------------------------------------------------------------- an agent

template <class T>
Result<T> AgentLink::call(Trouble& trouble, BootTime deadline, const std::string& order,
                          const std::function<Result<T>()>& act) {
  const Fault fault = trouble.take();
  stage_.run_for(kCall);
  if (auto error = before_act(fault, order)) return *error;
  if (agent == nullptr) return silence(stage_, deadline, order);
  if (!order.empty()) orders.push_back(order);
  Result<T> answer = act();
  if (agent == nullptr) return silence(stage_, deadline, order);  // it died over it
  if (auto error = after_act(fault, order)) return *error;
  return answer;
}

Result<AgentStatus> AgentLink::status(BootTime deadline) {
  return call<AgentStatus>(statuses, deadline, "", [&] { return agent->status(deadline); });
}

Result<FenceAck> AgentLink::fence(std::uint64_t term, BootTime deadline) {
  return call<FenceAck>(fences, deadline, "fence " + std::to_string(term),
                        [&] { return agent->fence(term, deadline); });
}

Result<RevokeAck> AgentLink::revoke(std::uint64_t term, BootTime deadline) {
  return call<RevokeAck>(revokes, deadline, "revoke " + std::to_string(term),
                         [&] { return agent->revoke(term, deadline); });
}

Result<Done> AgentLink::extend(std::uint64_t term, BootTime deadline) {
  return call<Done>(extends, deadline, "", [&]() -> Result<Done> {
    if (grantor == nullptr) return Error{After::unchanged_final, "no grantor"};
    return grantor->extend(term, deadline);
  });
}

Result<DatabaseState> AgentLink::promote(const PromoteOrder& order, BootTime deadline) {
  return call<DatabaseState>(promotes, deadline, "promote " + std::to_string(order.epoch),
                             [&] { return agent->promote(order, deadline); });
}

Result<Done> AgentLink::await_active(std::uint64_t epoch, BootTime deadline) {
  return call<Done>(awaits, deadline, "await " + std::to_string(epoch),
                    [&] { return agent->await_active(epoch, deadline); });
}

Result<Done> AgentLink::scale(const ScaleOrder& order, BootTime deadline) {
  return call<Done>(scales, deadline, "scale " + order.service + " " + std::to_string(order.count),
                    [&] { return agent->scale(order, deadline); });
}

Result<Done> AgentLink::drain(std::uint64_t transition, BootTime deadline) {
  return call<Done>(drains, deadline, "drain " + std::to_string(transition),
                    [&] { return agent->drain(transition, deadline); });
}

Result<RebuildState> AgentLink::rebuild(const RebuildOrder& order, BootTime deadline) {
  return call<RebuildState>(rebuilds, deadline, "rebuild " + std::to_string(order.epoch),
                            [&] { return agent->rebuild(order, deadline); });
}

Result<DatabaseState> ScriptedAgent::promote(const PromoteOrder& order, BootTime) {
  if (!now.database) return Error{After::unchanged_retry, "the database does not answer"};
  if (promotes && now.database->role == DatabaseRole::standby) {
    ++promotions;
    now.database->role = DatabaseRole::primary;
    ++now.database->timeline;
    now.epoch = std::max(now.epoch, order.epoch);
  }
  return *now.database;
}

// ---------------------------------------------------------------------------------- from outside

Result<Sighting> FakeVantage::look(const std::string& region, BootTime deadline) {
  ++looks;
  stage_.run_for(kCall);
  if (silent) return silence(stage_, deadline + milliseconds(50), name_);
  if (unanswered) {
    stage_.sleep_until(deadline);
    return Sighting{};
  }
  return sees(region);
}

Result<Watched> FakeVantage::watch(const std::string& region, const Pace& pace) {
  ++watches;
  return watch_by([&](BootTime deadline) { return look(region, deadline); }, stage_, pace);
}

Result<std::string> FakeIngress::serving_region(BootTime) {
  const Fault fault = trouble.take();
  stage_.run_for(kCall);
  if (auto error = before_act(fault, "ingress")) return *error;
  if (const auto region = serving()) return *region;
  return Error{After::unchanged_retry, "ingress: 503"};
}

Result<Done> FakeIngress::write_and_read(std::uint64_t transition, BootTime) {
  const Fault fault = trouble.take();
  stage_.run_for(kCall);
  if (auto error = before_act(fault, "ingress")) return *error;
  if (!serving()) return Error{After::unchanged_retry, "ingress: nobody writes"};
  marks.push_back(transition);
  if (auto error = after_act(fault, "ingress")) return *error;
  return Done{};
}

}  // namespace understudy::fake
