#include "controller/rejoin_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "recovery/steps/common.h"

namespace understudy {

namespace {

constexpr Duration kLookEvery = std::chrono::seconds(2);
constexpr Duration kCall = std::chrono::seconds(2);
/// A standby that was only restarted streams again by itself within this.
constexpr Duration kSettle = std::chrono::seconds(8);
constexpr Duration kFirstPause = std::chrono::seconds(20);
constexpr Duration kLongestPause = std::chrono::minutes(10);
/// Names that are tried, one farther from the other: after a restart many may be used up, by a
/// standby that could not be rebuilt for days.
constexpr std::uint64_t kNames = 1000;

}  // namespace

RejoinWatch::RejoinWatch(Orchestration& world, ExecutionRunner& runner, std::string rejoin_document)
    : world_(world), runner_(runner), document_(std::move(rejoin_document)), pause_(kFirstPause) {}

void RejoinWatch::start() {
  if (!world_.topology.policy.automatic_rejoin) return;
  world_.tasks.spawn("watch-rejoin", [this] {
    while (!stopped_) {
      const BootTime next = world_.clock.boot() + kLookEvery;
      look();
      world_.clock.sleep_until(next);
    }
  });
}

void RejoinWatch::look() {
  const auto read = steps::read_record(world_);
  const auto* record = std::get_if<Record>(&read);
  const bool alone =
      record != nullptr && record->transition.phase == Phase::none && !record->standby;
  const std::string region = alone ? world_.topology.other(record->active).name : "";
  const auto settles = alone ? needs_it(region) : std::nullopt;
  if (!settles) {
    needed_since_.reset();
    tried_ = false;
    pause_ = kFirstPause;
    not_before_ = BootTime{};
    return;
  }
  const BootTime now = world_.clock.boot();
  if (!needed_since_) needed_since_ = now;
  if (now - *needed_since_ < *settles || now < not_before_ || runs()) return;
  if (std::exchange(tried_, true)) tell_of_failure(region);
  not_before_ = now + pause_;
  pause_ = std::min(2 * pause_, kLongestPause);
  (void)start(*record, {.who = "controller"});
}

/// Its agent answers, and its database is not a standby that streams: the active region's agent
/// attaches such a one by itself.
std::optional<Duration> RejoinWatch::needs_it(const std::string& region) const {
  const auto agent = world_.agents.at(region)->status(world_.clock.boot() + kCall);
  if (!agent) return std::nullopt;
  const auto& database = agent->database;
  if (database && database->role == DatabaseRole::primary) return Duration::zero();
  if (database && database->streaming) return std::nullopt;
  return kSettle;
}

bool RejoinWatch::runs() const {
  const auto running = runner_.running_now();
  return std::any_of(running.begin(), running.end(),
                     [](const auto& each) { return each.name.starts_with("rejoin-"); });
}

void RejoinWatch::tell_of_failure(const std::string& region) {
  const auto agent = world_.agents.at(region)->status(world_.clock.boot() + kCall);
  world_.alerts.raise(
      {.subject = region + " could not be rebuilt as standby",
       .done = fmt::format("tries again; nothing can fail over meanwhile. {}",
                           agent ? agent->rebuild.problem : agent.error().what),
       .ask = "understudy logs " + region + " agent; then understudy rejoin, or rejoin --copy",
       .key = "rejoin.failed." + region});
}

Result<std::string> RejoinWatch::begin(const Wish& wish) {
  if (runs()) return Error{After::unchanged_final, "a region is just being rebuilt"};
  const auto read = steps::read_record(world_);
  if (const auto* failure = std::get_if<StepFailure>(&read))
    return Error{After::unchanged_retry, failure->cause};
  const auto& record = std::get<Record>(read);
  if (record.transition.phase != Phase::none)
    return Error{After::unchanged_retry, record.transition.execution + " is under way"};
  if (record.standby) {
    return Error{After::unchanged_final,
                 *record.standby +
                     " is attached already; to rebuild it all the same: understudy "
                     "detach, then once more"};
  }
  return start(record, wish);
}

Result<std::string> RejoinWatch::start(const Record& record, const Wish& wish) {
  const std::string region = world_.topology.other(record.active).name;
  for (std::uint64_t tries = 0; tries < kNames; ++tries) {
    const std::uint64_t attempt = names_used_ += 1 + tries / 10;
    const std::string name =
        fmt::format("rejoin-{}-{}-{}", world_.topology.platform, record.epoch, attempt);
    const auto started = runner_.start(name, document_,
                                       {{"region", region},
                                        {"epoch", record.epoch},
                                        {"copy", wish.copy},
                                        {"by", wish.who},
                                        {"reason", wish.reason}});
    if (!started && started.error().after == After::unchanged_final) continue;  // the name was used
    if (!started) return started.error();
    world_.events.emit(
        "rejoin.started",
        {{"execution", name}, {"region", region}, {"by", wish.who}, {"reason", wish.reason}});
    return name;
  }
  return Error{After::unchanged_final, "no name for another attempt is free"};
}

}  // namespace understudy
