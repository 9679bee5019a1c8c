#include "recovery/steps/common.h"

#include <fmt/format.h>

#include <algorithm>

namespace understudy::steps {

namespace json = boost::json;

namespace {

constexpr Duration kRegistryCall = milliseconds(500);
constexpr Duration kRegistryPatience = std::chrono::seconds(5);
constexpr Duration kRevocation = milliseconds(500);
constexpr Duration kRegistryRetry = milliseconds(20);
constexpr int kReads = 3;

StepFailure bad_input(std::string_view what) {
  return {std::string(kBadInput), fmt::format("the step's input lacks {}", what)};
}

}  // namespace

std::variant<TransitionInput, StepFailure> read_input(const Orchestration& world,
                                                      const json::object& input) {
  TransitionInput transition;
  const std::int64_t number = number_at(input, "number", 0);
  if (number <= 0) return bad_input("a transition number");
  transition.number = static_cast<std::uint64_t>(number);
  const auto kind = transition_kind_from(text_at(input, "kind"));
  if (!kind) return bad_input("a kind: failover, switchover or failback");
  transition.kind = *kind;
  transition.execution = execution_name(*kind, world.topology.platform, transition.number);
  transition.from = text_at(input, "from");
  transition.target = text_at(input, "target");
  for (const std::string& name : {transition.from, transition.target}) {
    if (world.topology.region(name) == nullptr)
      return bad_input("the regions \"from\" and \"target\"");
  }
  return transition;
}

bool graceful(const Orchestration& world, const TransitionInput& transition,
              const json::object& input) {
  if (transition.kind == TransitionKind::failover || flag_at(input, "ungraceful")) return false;
  return world.execution_orders == nullptr ||
         !world.execution_orders->ungraceful(transition.execution);
}

std::int64_t number_at(const json::object& object, std::string_view key, std::int64_t otherwise) {
  const json::value* found = object.if_contains(key);
  if (found == nullptr || !found->is_number()) return otherwise;
  boost::system::error_code not_whole;
  const auto number = found->to_number<std::int64_t>(not_whole);
  return not_whole ? otherwise : number;
}

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

bool flag_at(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_bool() && found->get_bool();
}

const json::object& object_at(const json::object& object, std::string_view key) {
  static const json::object kEmpty;
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_object() ? found->get_object() : kEmpty;
}

RecordOrFailure read_record(Orchestration& world) {
  std::uint64_t shown = 0;
  // A read that was on its way while another task saw a newer record is no sign of a registry that
  // went back in time (R7); one that began after that is.
  for (int attempt = 0; attempt < kReads; ++attempt) {
    auto record = world.registry.read(within_time(world, kRegistryCall));
    if (!record) return StepFailure{std::string(kRegistryUnavailable), record.error().what};
    if (world.lease_observer.note(*record, world.clock.boot())) return *record;
    shown = record->version;
  }
  return StepFailure{
      std::string(kRegistryUnavailable),
      fmt::format("the registry shows version {}, older than what was seen before", shown)};
}

RecordOrFailure read_own_record(Orchestration& world, const TransitionInput& transition) {
  auto record = read_record(world);
  const auto* seen = std::get_if<Record>(&record);
  if (seen == nullptr || seen->transition.number == transition.number) return record;
  return StepFailure{
      std::string(kTransitionLost),
      fmt::format("the record shows transition {} ({}), not {}", seen->transition.number,
                  seen->transition.execution, transition.number)};
}

RecordOrFailure change_record(
    Orchestration& world, const TransitionInput& transition,
    const std::function<bool(const Record&)>& done,
    const std::function<Change(const Record&, const std::string&)>& change) {
  const BootTime give_up = within_time(world, kRegistryPatience);
  StepFailure last{std::string(kRegistryUnavailable), "the registry did not answer"};
  while (world.clock.boot() < give_up) {
    auto read = read_record(world);
    if (const auto* failure = std::get_if<StepFailure>(&read)) {
      last = *failure;
      world.clock.sleep_until(within_time(world, kRegistryRetry));
      continue;
    }
    const Record& seen = std::get<Record>(read);
    if (done(seen)) return seen;
    const auto next =
        change(seen, fmt::format("{}-{:016x}", transition.execution, world.random.next()));
    if (!next) {
      const bool later = next.error().after == After::unchanged_retry;
      return StepFailure{std::string(later ? kNotYet : kTransitionLost), next.error().what};
    }
    const Replaced replaced = world.registry.replace(*next, within_time(world, kRegistryCall));
    if (const auto* applied = std::get_if<Record>(&replaced)) {
      world.lease_observer.note(*applied, world.clock.boot());
      return *applied;
    }
    // A conflict, or an unknown outcome: read, and decide anew.
    if (const auto* error = std::get_if<Error>(&replaced)) last.cause = error->what;
  }
  return last;
}

std::variant<BootTime, StepFailure> revoke_other_grantors(Orchestration& world,
                                                          const Record& record) {
  BootTime over_at{};
  if (!world.guards.has(Guard::other_grantor_revoked)) return over_at;
  for (const std::string& grantor : other_grantors(record)) {
    const auto agent = world.agents.find(grantor);
    if (agent == world.agents.end())
      return StepFailure{std::string(kBadInput), "nobody knows the grantor " + grantor};
    const auto ack = agent->second->revoke(record.term, within_time(world, kRevocation));
    if (!ack || ack->term != record.term) {
      return StepFailure{std::string(kTargetUnavailable),
                         grantor + " may still extend the lease: " +
                             (ack ? "it answered for another term" : ack.error().what)};
    }
    if (world.guards.has(Guard::promise_waited_for))
      over_at = std::max(over_at, within_time(world, ack->rest));
  }
  return over_at;
}

BootTime within_time(const Orchestration& world, Duration length) {
  return world.clock.boot() + length;
}

void emit(Orchestration& world, std::string_view name, const TransitionInput& transition,
          json::object fields) {
  fields["execution"] = transition.execution;
  fields["transition"] = transition.number;
  world.events.emit(name, std::move(fields));
}

}  // namespace understudy::steps
