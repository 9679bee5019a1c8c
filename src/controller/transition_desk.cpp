#include "controller/transition_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "ports/wire.h"
#include "recovery/record_changes.h"
#include "recovery/steps/common.h"

namespace understudy {

namespace json = boost::json;

namespace {

constexpr std::uint64_t kNumbers = 1000;
constexpr Duration kAsks = std::chrono::seconds(1);
constexpr Duration kLook = milliseconds(5);

Error refused(std::string what) { return {After::unchanged_final, std::move(what)}; }

}  // namespace

TransitionDesk::TransitionDesk(Orchestration& world, ExecutionRunner& runner,
                               std::string failover_document, std::string switchover_document)
    : world_(world),
      runner_(runner),
      failover_document_(std::move(failover_document)),
      switchover_document_(std::move(switchover_document)) {}

/// One on which a transition could begin.
Result<Record> TransitionDesk::quiet_record() {
  const auto read = steps::read_record(world_);
  if (const auto* failure = std::get_if<StepFailure>(&read))
    return Error{After::unchanged_retry, failure->cause};
  const auto& record = std::get<Record>(read);
  if (record.transition.phase != Phase::none)
    return Error{After::unchanged_retry, record.transition.execution + " is under way"};
  if (!record.standby) return refused("no standby is attached: understudy status");
  return record;
}

Result<std::string> TransitionDesk::switchover(const TransitionWish& wish) {
  const auto record = quiet_record();
  if (!record) return record.error();
  return start(TransitionKind::switchover, switchover_document_, *record,
               {{"decision", {{"by", wish.who}, {"because", wish.reason}}},
                {"ungraceful", wish.ungraceful}});
}

Result<std::string> TransitionDesk::plan_failback(const TransitionWish& wish) {
  const auto record = quiet_record();
  if (!record) return record.error();
  const std::string& home = world_.topology.home;
  if (record->active == home) return refused(home + " is the home region, and active already");
  for (const auto& running : runner_.running_now()) {
    if (running.name.starts_with("failback-"))
      return refused(running.name + " is planned already: approve or decline it");
  }
  auto planned = start(TransitionKind::failback, switchover_document_, *record,
                       {{"decision", {{"by", wish.who}, {"because", wish.reason}}},
                        {"ungraceful", wish.ungraceful}});
  if (planned) await_question(*planned);
  return planned;
}

/// Whoever is told that it is planned may answer at once.
void TransitionDesk::await_question(const std::string& execution) {
  const BootTime give_up = world_.clock.boot() + kAsks;
  while (world_.clock.boot() < give_up) {
    const auto open = runner_.questions();
    if (std::any_of(open.begin(), open.end(),
                    [&](const auto& asked) { return asked.execution == execution; }))
      return;
    world_.clock.sleep_until(world_.clock.boot() + kLook);
  }
}

Result<std::string> TransitionDesk::force_failover(const TransitionWish& wish) {
  if (wish.reason.empty()) return refused("a forced failover needs a reason");
  const auto record = quiet_record();
  if (!record) return record.error();
  return start(TransitionKind::failover, failover_document_, *record,
               {{"decision",
                 {{"by", wish.who},
                  {"because", wish.reason},
                  {"forced", {{"who", wish.who}, {"reason", wish.reason}}}}}});
}

Result<std::string> TransitionDesk::start(TransitionKind kind, const std::string& document,
                                          const Record& record, json::object input) {
  input["kind"] = to_string(kind);
  input["platform"] = world_.topology.platform;
  input["from"] = record.active;
  input["target"] = *record.standby;
  // A name is used up even by an execution that never took the lock.
  // Farther and farther from the last one, since many may be used up.
  std::uint64_t number = record.transition.number;
  for (std::uint64_t tries = 0; tries < kNumbers; ++tries) {
    number += 1 + tries / 10;
    const std::string name = execution_name(kind, world_.topology.platform, number);
    input["number"] = number;
    const auto started = runner_.start(name, document, input);
    if (!started && started.error().after == After::unchanged_final) continue;
    if (!started) return started.error();
    world_.events.emit("transition.ordered",
                       {{"execution", name},
                        {"kind", to_string(kind)},
                        {"who", steps::text_at(input["decision"].as_object(), "by")},
                        {"why", steps::text_at(input["decision"].as_object(), "because")}});
    return name;
  }
  return refused("no name for another attempt is free");
}

}  // namespace understudy
