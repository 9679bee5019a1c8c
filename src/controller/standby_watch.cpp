#include "controller/standby_watch.h"

#include <fmt/format.h>

#include "recovery/record_changes.h"
#include "recovery/steps/common.h"

namespace understudy {

namespace {

constexpr Duration kLookEvery = std::chrono::seconds(1);
constexpr Duration kCall = milliseconds(500);
constexpr int kAttempts = 5;

}  // namespace

void StandbyWatch::start() {
  world_.tasks.spawn("watch-standby", [this] { watch(); });
}

void StandbyWatch::watch() {
  while (!stopped_) {
    const BootTime next = world_.clock.boot() + kLookEvery;
    look();
    world_.clock.sleep_until(next);
  }
}

void StandbyWatch::look() {
  const auto read = steps::read_record(world_);
  const auto* record = std::get_if<Record>(&read);
  // Without the registry nothing can be detached, and it may be we who are cut off.
  if (record == nullptr || !record->standby || record->transition.phase != Phase::none ||
      *record->standby != watched_) {
    watched_ = record != nullptr && record->standby ? *record->standby : "";
    seen_at_ = world_.clock.boot();
    return;
  }
  // An agent without its database stands by for nobody, and may hold up commits that wait for it.
  const auto status = world_.agents.at(watched_)->status(world_.clock.boot() + kCall);
  if (status && status->database) {
    seen_at_ = world_.clock.boot();
    return;
  }
  const Duration silent = world_.clock.boot() - seen_at_;
  if (silent < world_.topology.policy.detach_after || !holder_misses_it(*record)) return;
  if (!detach("")) return;
  world_.alerts.raise(
      {.subject = fmt::format("{}: silent for {} s", watched_, to_ms(silent) / 1000),
       .done =
           fmt::format("detached it: {} goes on alone, and nothing can fail over", record->active),
       .ask = fmt::format("bring {} back; it is attached again as soon as it streams", watched_),
       .key = fmt::format("standby.detached.{}.{}", record->epoch, record->lease.serial)});
}

/// Not only we: the holder has had no promise from it for as long. A holder that we cannot ask may
/// live by it alone.
bool StandbyWatch::holder_misses_it(const Record& record) const {
  const auto holder = world_.agents.at(record.active)->status(world_.clock.boot() + kCall);
  return holder && milliseconds(holder->other_silent_ms) >= world_.topology.policy.detach_after;
}

Result<Record> StandbyWatch::detach(const std::string& who) {
  std::optional<Error> unknown;  // what became of the change that was asked for last
  std::string region;
  const auto told = [&](const Record& record) {
    world_.events.emit("standby.detached",
                       {{"region", region}, {"by", who.empty() ? "controller" : who}});
    return record;
  };
  // The holder's renewals change the record, too: a conflict means once more.
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    const auto read = steps::read_record(world_);
    if (const auto* failure = std::get_if<StepFailure>(&read))
      return unknown.value_or(Error{After::unchanged_retry, failure->cause});
    const auto& seen = std::get<Record>(read);
    if (unknown && !seen.standby) return told(seen);  // it was applied, and its answer was lost
    auto next = detached(seen, fmt::format("detach-{:016x}", world_.random.next()));
    if (!next) return next.error();
    region = *seen.standby;
    const Replaced answer = world_.registry.replace(*next, world_.clock.boot() + kCall);
    if (const auto* applied = std::get_if<Record>(&answer)) return told(*applied);
    if (const auto* error = std::get_if<Error>(&answer)) {
      if (error->after != After::unknown) return *error;
      unknown = *error;
    }
  }
  return unknown.value_or(
      Error{After::unchanged_retry, "the record changes all the time: ask again"});
}

}  // namespace understudy
