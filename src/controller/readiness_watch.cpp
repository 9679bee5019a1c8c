#include "controller/readiness_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "controller/readiness_view.h"
#include "recovery/steps/common.h"

namespace understudy {

namespace {

using std::chrono::seconds;

constexpr Duration kLookEvery = seconds(60);
/// A stack that is just being started is not ready, and that is no news.
constexpr Duration kFirstLook = seconds(10);
/// What blocks is looked at again so soon, and told if it still does.
constexpr Duration kBlockedIsNews = seconds(10);
constexpr Duration kStep = milliseconds(500);
constexpr Duration kStatus = milliseconds(500);
constexpr Duration kInspect = seconds(4);
constexpr Duration kClock = milliseconds(500);
constexpr int kClockTries = 3;
constexpr Duration kIngress = milliseconds(500);

}  // namespace

void ReadinessWatch::start() {
  world_.tasks.spawn("watch-readiness", [this] { watch(); });
}

void ReadinessWatch::watch() {
  sleep(kFirstLook);
  while (!stopped_) sleep(consider(look()));
}

/// In steps, so that it ends soon after stop().
void ReadinessWatch::sleep(Duration length) {
  const BootTime until = world_.clock.boot() + length;
  while (!stopped_ && world_.clock.boot() < until)
    world_.clock.sleep_until(std::min(until, world_.clock.boot() + kStep));
}

Readiness ReadinessWatch::look() {
  Readiness readiness = judge_readiness(world_.topology, gather());
  world_.events.emit("readiness.checked", readiness_event(readiness));
  const std::lock_guard held(lock_);
  last_ = readiness;
  return readiness;
}

std::optional<Readiness> ReadinessWatch::last() const {
  const std::lock_guard held(lock_);
  return last_;
}

Duration ReadinessWatch::consider(const Readiness& readiness) {
  const BootTime now = world_.clock.boot();
  if (readiness.ready()) {
    blocked_since_.reset();
    if (told_) tell_well(readiness);
    return kLookEvery;
  }
  if (!blocked_since_) blocked_since_ = now;
  if (!told_ && now - *blocked_since_ < kBlockedIsNews) return kBlockedIsNews;
  tell_blocked(readiness);
  return kLookEvery;
}

namespace {

/// The questions that block and are of that state.
std::vector<Question> blocking(const Readiness& readiness, Answer::State state) {
  std::vector<Question> questions;
  for (const auto& [question, answer] : readiness.answers) {
    if (answer.state == state && answer.severity == Severity::blocks) questions.push_back(question);
  }
  return questions;
}

}  // namespace

/// Only what stays the same while it lasts: figures would be news every minute. Of what is not
/// known only if nothing is found.
void ReadinessWatch::tell_blocked(const Readiness& readiness) {
  if (!told_) ++occasions_;
  told_ = true;
  auto questions = blocking(readiness, Answer::State::finding);
  const bool only_unknown = questions.empty();
  if (only_unknown) questions = blocking(readiness, Answer::State::unknown);
  std::vector<std::string> names;
  std::vector<std::string> expected;
  for (const Question& question : questions) {
    names.push_back(fmt::format("{} ({})", question.name, question.id));
    expected.emplace_back(question.asks);
  }
  const std::string whom =
      readiness.active.empty()
          ? "nobody could take over now"
          : fmt::format("{} could not take over from {} now", readiness.target, readiness.active);
  world_.alerts.raise(
      {.subject = fmt::format("{}: {}", whom, fmt::join(names, ", ")),
       .done = fmt::format("nothing. Expected, and {}: {}", only_unknown ? "not known" : "not so",
                           fmt::join(expected, "; ")),
       .ask = "understudy check says why, and what to do",
       .key = fmt::format("readiness.blocked.{}", occasions_)});
}

void ReadinessWatch::tell_well(const Readiness& readiness) {
  told_ = false;
  world_.alerts.raise({.subject = fmt::format("{} could take over from {} again", readiness.target,
                                              readiness.active),
                       .done = fmt::format("nothing; readiness is {} of 100", readiness.score()),
                       .ask = "",
                       .key = fmt::format("readiness.well.{}", occasions_)});
}

ReadinessFacts ReadinessWatch::gather() {
  ReadinessFacts facts;
  const auto read = steps::read_record(world_);
  if (const auto* record = std::get_if<Record>(&read)) {
    facts.record = *record;
  } else {
    facts.record_problem = std::get<StepFailure>(read).cause;
  }
  // The active region first: what the standby has replayed afterwards covers what it had written.
  std::vector<std::string> order;
  for (const Region& region : world_.topology.regions) order.push_back(region.name);
  if (facts.record && order.front() != facts.record->active)
    std::reverse(order.begin(), order.end());
  for (const std::string& region : order) {
    RegionFacts& said = facts.regions[region];
    said.status_at = world_.clock.wall();
    auto status = world_.agents.at(region)->status(world_.clock.boot() + kStatus);
    if (status) {
      said.status = std::move(*status);
    } else {
      said.status_problem = status.error().what;
    }
  }
  for (const std::string& region : order) inspect(region, facts.regions[region]);
  if (facts.record) look_at_standby(*facts.record, facts);
  auto serving = world_.ingress.serving_region(world_.clock.boot() + kIngress);
  if (serving) {
    facts.serving = *serving;
  } else {
    facts.serving_problem = serving.error().what;
  }
  auto drills = sources_.drills.past();
  if (drills) {
    facts.drills = std::move(*drills);
  } else {
    facts.drills_problem = drills.error().what;
  }
  OwnFacts own = sources_.own(facts.record ? facts.record->epoch : 0);
  facts.build = std::move(own.build);
  facts.deployed = std::move(own.deployed);
  facts.agent_deployed = std::move(own.agent_deployed);
  facts.certificates = std::move(own.certificates);
  facts.hindrance = std::move(own.hindrance);
  facts.alerts_problem = std::move(own.alerts_problem);
  facts.platform_digest = std::move(own.platform_digest);
  facts.now = world_.clock.wall();
  return facts;
}

void ReadinessWatch::inspect(const std::string& region, RegionFacts& into) {
  if (!into.status) {  // it would only cost time
    into.inspection_problem = into.status_problem;
    return;
  }
  auto inspection = sources_.inspectors.at(region)->inspect(world_.clock.boot() + kInspect);
  if (inspection) {
    into.inspection = std::move(*inspection);
  } else {
    into.inspection_problem = inspection.error().what;
  }
  into.clock = read_clock(region);
}

/// The quickest of some answers tells most.
std::optional<ClockReading> ReadinessWatch::read_clock(const std::string& region) {
  std::optional<ClockReading> best;
  for (int i = 0; i < kClockTries; ++i) {
    const WallTime wall = world_.clock.wall();
    const BootTime asked = world_.clock.boot();
    const auto said = sources_.inspectors.at(region)->wall(asked + kClock);
    if (!said) continue;
    const Duration half = (world_.clock.boot() - asked) / 2;
    if (!best || half < best->uncertain)
      best = ClockReading{.ahead = *said - (wall + half), .uncertain = half};
  }
  return best;
}

void ReadinessWatch::look_at_standby(const Record& record, ReadinessFacts& facts) {
  const std::string& standby = world_.topology.other(record.active).name;
  for (Vantage* vantage : world_.vantages) {
    auto seen = vantage->look(standby, world_.clock.boot() + world_.topology.probe.timeout);
    auto& into = facts.standby_seen[vantage->name()];
    if (seen) into = *seen;
  }
}

}  // namespace understudy
