#include "controller/sentry.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "recovery/record_changes.h"
#include "recovery/steps/common.h"

namespace understudy {

namespace {

/// How long a look at the record may take, and how long it waits for a change.
constexpr Duration kRecordWait = std::chrono::seconds(1);
constexpr Duration kRetry = milliseconds(50);
/// A region that is well says so within this part of the interval between looks.
constexpr int kAtOnceOfInterval = 8;
/// What a vantage may take beyond its look, to tell us.
constexpr Duration kTellUs = milliseconds(200);
/// How often the table is asked; while all is well, or a transition runs, less often. Each look
/// that sees the region down asks it, too, unless a transition runs.
constexpr Duration kDecideEvery = milliseconds(50);
constexpr Duration kDecideSeldom = milliseconds(200);
/// How often the other grantor is asked, once the registry's part of the lease is over; and the
/// longest that nobody looks whether it is.
constexpr Duration kAskPromiseEvery = milliseconds(100);
constexpr Duration kLookAtLeaseEvery = milliseconds(500);
/// A hold that lasts this long is told to a person.
constexpr Duration kHoldIsNews = std::chrono::seconds(3);
/// A registry that does not answer for so long is told to a person.
constexpr Duration kSilenceIsNews = std::chrono::seconds(10);
/// An outage that is over for so long is asked about no more.
constexpr Duration kOver = std::chrono::seconds(3);
/// After an attempt that ended without a switch.
constexpr Duration kPauseAfterAttempt = std::chrono::seconds(3);
/// An open transition that nobody moves for so long has lost its execution.
constexpr Duration kLost = std::chrono::seconds(10);

std::vector<std::string> names_of(const std::vector<Vantage*>& vantages) {
  std::vector<std::string> names;
  for (const Vantage* vantage : vantages) names.push_back(vantage->name());
  return names;
}

}  // namespace

Sentry::Sentry(Orchestration& world, ExecutionRunner& runner, OperatorControls& controls,
               std::string failover_document)
    : world_(world),
      runner_(runner),
      controls_(controls),
      failover_document_(std::move(failover_document)),
      decide_now_(world.tasks.signal()),
      health_(world.topology.probe, names_of(world.vantages), world.guards) {
  for (Vantage* vantage : world.vantages) lookouts_.push_back({*vantage});
}

void Sentry::start() {
  started_ = registry_ill_since_ = world_.clock.boot();
  world_.tasks.spawn("watch-record", [this] { watch_record(); });
  // A look that gets no answer lasts longer than the interval: several take turns, so that the next
  // one begins in time and a frozen region is found out as soon as a dead one.
  const ProbeTiming& timing = world_.topology.probe;
  const auto turns = static_cast<std::size_t>((timing.timeout + kTellUs) / timing.interval + 1);
  for (Lookout& lookout : lookouts_) {
    lookout.turns = std::vector<Turn>(turns);
    BootTime next = world_.clock.boot();
    for (Turn& turn : lookout.turns) {
      turn.moved = world_.tasks.signal();
      turn.next = std::exchange(next, next + timing.interval);
    }
    for (Turn& turn : lookout.turns)
      world_.tasks.spawn("look", [this, &lookout, &turn] { look_from(lookout, turn); });
  }
  world_.tasks.spawn("watch-promise", [this] { watch_promise(); });
  world_.tasks.spawn("decide", [this] { decide_for_ever(); });
}

void Sentry::stop() {
  stopped_ = true;
  decide_now_->notify();
  for (Lookout& lookout : lookouts_) {
    for (Turn& turn : lookout.turns) turn.moved->notify();
  }
}

/// Every change of the record is seen as soon as it is made, so that the wait for a lease begins
/// early.
void Sentry::watch_record() {
  std::uint64_t version = 0;
  while (!stopped_) {
    auto record = world_.registry.await_change(version, world_.clock.boot() + kRecordWait);
    const BootTime now = world_.clock.boot();
    if (record && !world_.lease_observer.note(*record, now))  // overtaken, by what a step has seen?
      record = world_.registry.read(now + kRecordWait);
    if (record && !world_.lease_observer.note(*record, now)) {
      record = Error{After::unchanged_retry,
                     fmt::format("it shows version {}, older than what was seen before: was it "
                                 "restored from a backup? (R7)",
                                 record->version)};
    }
    if (record) version = record->version;
    {
      const std::lock_guard held(lock_);
      if (record) {
        if (!registry_problem_.empty()) registry_well_since_ = now;
        registry_problem_.clear();
        if (!record_ || record_->transition != record->transition) transition_since_ = now;
        if (!record_ || record->version >= record_->version)
          record_ = std::make_shared<const Record>(*record);
      } else {
        if (registry_problem_.empty()) registry_ill_since_ = now;
        registry_problem_ = record.error().what;
      }
    }
    if (!record) {
      alert_of_registry(record.error().what);
      world_.clock.sleep_until(now + kRetry);
    }
  }
}

/// While all is well each vantage watches by itself, and the turns are spared. As soon as one sees
/// anything else, or not at once, all look by turns: no other's word of it is waited for.
void Sentry::look_from(Lookout& lookout, Turn& turn) {
  while (!stopped_) {
    if (turn.moved->wait_until(next_of(turn))) continue;
    std::string region;
    bool watch = false;
    bool spared = true;
    {
      const std::lock_guard held(lock_);
      if (record_) region = record_->active;
      const bool well =
          std::all_of(lookouts_.begin(), lookouts_.end(), [](const auto& at) { return at.well; });
      spared = region.empty() || (well && lookout.watches);
      watch = !spared && well;
      if (watch) lookout.watches = true;
      turn.next = world_.clock.boot() + lookout.turns.size() * world_.topology.probe.interval;
    }
    if (watch) {
      watch_once(lookout, turn, region);
    } else if (!spared) {
      look_once(lookout, region);
    }
  }
}

BootTime Sentry::next_of(const Turn& turn) const {
  const std::lock_guard held(lock_);
  return turn.next;
}

void Sentry::look_once(Lookout& lookout, const std::string& region) {
  const BootTime began = world_.clock.boot();
  const auto seen = lookout.vantage.look(region, began + world_.topology.probe.timeout);
  {
    const std::lock_guard held(lock_);
    if (seen) health_.note(lookout.vantage.name(), region, *seen, began);
    lookout.well = seen && seen->well();
  }
  if ((!seen || !seen->path || !seen->ready) && !runner_.transition_running())
    decide_now_->notify();
}

/// Once it is over, looks begin anew: this turn's at once, and the others' one after the other.
void Sentry::watch_once(Lookout& lookout, Turn& turn, const std::string& region) {
  const Sighting well{.path = true, .ready = true, .services = true, .database = true};
  const ProbeTiming& timing = world_.topology.probe;
  const BootTime began = world_.clock.boot();
  // The longest after which a view is half as old as what HealthView calls silence.
  const auto watched = lookout.vantage.watch(
      region,
      {timing.interval, timing.interval / kAtOnceOfInterval, timing.interval + timing.timeout});
  const BootTime now = world_.clock.boot();
  const std::lock_guard held(lock_);
  BootTime next = now;
  if (watched && watched->well_after) {
    const BootTime well_at = began + std::clamp(*watched->well_after, Duration(0), now - began);
    health_.note(lookout.vantage.name(), region, well, well_at);
    if (!watched->over) next = std::max(now, well_at + timing.interval);
  }
  lookout.well = watched && !watched->over;
  lookout.watches = false;
  turn.next = next;
  if (lookout.well) return;
  for (Turn& other : lookout.turns) {
    if (&other == &turn) continue;
    other.next = next += timing.interval;
    other.moved->notify();
  }
}

void Sentry::decide_for_ever() {
  while (!stopped_) {
    const bool well = decide_once() == Decision::stay;
    const bool nothing_to_decide = well || runner_.transition_running();
    decide_now_->wait_until(world_.clock.boot() +
                            (nothing_to_decide ? kDecideSeldom : kDecideEvery));
  }
}

/// A lease that the registry has not renewed for long may live on by the other grantor. That one is
/// asked once the registry's part is over.
void Sentry::watch_promise() {
  while (!stopped_) {
    std::vector<std::string> grantors;
    BootTime next = world_.clock.boot() + kLookAtLeaseEvery;
    {
      const std::lock_guard held(lock_);
      const auto until = record_ ? granted_by_registry_until(*record_) : std::nullopt;
      if (until && world_.clock.boot() >= *until) grantors = other_grantors(*record_);
      if (grantors.empty()) promise_over_at_.reset();
      if (until) next = std::min(next, std::max(*until, world_.clock.boot() + kAskPromiseEvery));
    }
    for (const std::string& grantor : grantors) {
      // One that nobody here knows never answers: no promise of it is known to be over.
      const auto agent = world_.agents.find(grantor);
      const auto status = agent == world_.agents.end()
                              ? Result<AgentStatus>(Error{After::unchanged_final, "not known"})
                              : agent->second->status(world_.clock.boot() + kTellUs);
      const std::lock_guard held(lock_);
      promise_over_at_.reset();
      if (status) promise_over_at_ = world_.clock.boot() + milliseconds(status->promise_rest_ms);
    }
    world_.clock.sleep_until(next);
  }
}

/// None: no end is in sight. Over only if time says so and the registry has been there all the
/// while: after its own outage the holder gets a chance to renew first.
std::optional<BootTime> Sentry::granted_by_registry_until(const Record& record) const {
  const auto over_at = world_.lease_observer.over_at(record);
  if (!over_at) return std::nullopt;
  return std::max(*over_at, registry_well_since_ + world_.topology.lease.ttl);
}

bool Sentry::lease_alive(const Record& record, BootTime now) const {
  const auto until = granted_by_registry_until(record);
  if (!until || now < *until) return true;
  return !other_grantors(record).empty() && (!promise_over_at_ || now < *promise_over_at_);
}

Decision Sentry::decide_once() {
  std::shared_ptr<const Record> record;
  const Row* row = nullptr;
  bool changed = false;
  bool may_start = false;
  bool lost = false;
  bool hold_lasts = false;
  bool well = false;
  std::vector<std::string> described;
  {
    const BootTime now = world_.clock.boot();
    const std::lock_guard held(lock_);
    if (!record_) return Decision::hold;
    record = record_;
    facts_ = health_.facts(record->active, now, lease_alive(*record, now));
    row = &decide(facts_);
    changed = row->id != row_;
    row_ = row->id;
    if (changed) {
      described = health_.describe(now);
      row_since_ = now;
    }
    hold_lasts = row->decision == Decision::hold && now - row_since_ >= kHoldIsNews;
    well = row->decision != Decision::fail_over && now - row_since_ >= kOver;
    seen_ready_ = seen_ready_ || (facts_.quorum && facts_.ready);
    // A controller that has only just begun to look, as when the whole platform is being started,
    // cannot tell an outage from a beginning: it gives the region the time to come up.
    const bool settled = seen_ready_ || now - started_ >= world_.topology.probe.patience;
    may_start = row->decision == Decision::fail_over && registry_problem_.empty() && settled &&
                now >= not_before_;
    lost = world_.guards.has(Guard::lost_transition_adopted) &&
           record->transition.phase != Phase::none && registry_problem_.empty() &&
           now - transition_since_ >= kLost && now >= not_before_;
  }
  if (changed) {
    boost::json::array seen(described.begin(), described.end());
    world_.events.emit("health.decided", {{"region", record->active},
                                          {"row", row->id},
                                          {"decision", to_string(row->decision)},
                                          {"because", row->because},
                                          {"vantages", std::move(seen)}});
  }
  if (hold_lasts) {
    world_.alerts.raise({.subject = record->active + ": " + std::string(row->because),
                         .done = "nothing: a failover would not mend it",
                         .ask = "look into it; understudy status",
                         .key = fmt::format("health.{}.{}", row->id, record->epoch)});
  }
  decline_lost_questions(*record);
  controls_.note_record(*record);
  controls_.expire();
  reconsider_question(*record, well);
  if (runner_.transition_running()) return row->decision;
  if (lost) {
    adopt(*record);
  } else if (may_start) {
    start_failover(*record, *row);
  }
  return row->decision;
}

/// A person is asked while the transition is revoked. Once the record shows another (R7), no answer
/// could change anything. What was seen last may be older than the question.
void Sentry::decline_lost_questions(const Record& record) {
  for (const auto& question : runner_.questions()) {
    if (question.state != kAskOperator) continue;  // the others ask before the lock
    const auto asked_for = [&](const Record& by) {
      const std::string& open = by.transition.execution;
      return by.transition.phase == Phase::revoked &&
             (question.execution == open || question.execution.starts_with(open + "-again-"));
    };
    if (asked_for(record)) continue;
    const auto read = steps::read_record(world_);
    const auto* now = std::get_if<Record>(&read);
    if (now == nullptr || asked_for(*now)) continue;
    (void)runner_.answer(question, false, "the record has moved on");
  }
}

/// R9: whoever finds an open transition may go on with it. Its execution may have ended without an
/// answer of the registry, or its journal may be gone. Nobody may write until somebody does.
void Sentry::adopt(const Record& record) {
  bool patience_over = false;
  {
    const std::lock_guard held(lock_);
    patience_over = facts_.patience_over;
    not_before_ = world_.clock.boot() + kPauseAfterAttempt;
  }
  const Transition& transition = record.transition;
  const std::string from = transition.phase == Phase::switched
                               ? world_.topology.other(transition.target).name
                               : record.active;
  const std::string name = fmt::format("{}-again-{}", transition.execution, ++adoptions_);
  auto started = runner_.start(name, failover_document_,
                               {{"kind", to_string(transition.kind)},
                                {"platform", world_.topology.platform},
                                {"number", transition.number},
                                {"from", from},
                                {"target", transition.target},
                                {"decision", {{"patience_over", patience_over}}}});
  world_.events.emit("transition.adopted", {{"execution", name},
                                            {"transition", transition.number},
                                            {"phase", to_string(transition.phase)},
                                            {"ok", started.ok()},
                                            {"why_not", started ? "" : started.error().what}});
  if (started || started.error().after != After::unchanged_final) return;
  const std::lock_guard held(lock_);
  not_before_ = BootTime{};  // the name was used before: the next one, at once
}

void Sentry::start_failover(const Record& record, const Row& row) {
  {
    const std::lock_guard held(lock_);
    not_before_ = world_.clock.boot() + kPauseAfterAttempt;
  }
  std::string obstacle;
  if (record.transition.phase != Phase::none)
    obstacle = record.transition.execution + " is still open in the record";
  if (!record.standby) obstacle = "no standby is attached";
  if (!obstacle.empty()) return alert_of_obstacle(record, row, obstacle);
  const Permission& permitted = controls_.permission_now(record.epoch);
  if (permitted.verdict == Verdict::no && world_.guards.has(Guard::orders_obeyed))
    return alert_of_refusal(record, row, permitted);
  begin_failover(record, row, permitted);
}

void Sentry::begin_failover(const Record& record, const Row& row, const Permission& permitted) {
  bool patience_over = false;
  {
    const std::lock_guard held(lock_);
    patience_over = facts_.patience_over;
  }
  // A name is used up even by an execution that never took the lock.
  const std::uint64_t number = std::max(record.transition.number, number_tried_) + 1;
  number_tried_ = number;
  const std::string name = "failover-" + world_.topology.platform + "-" + std::to_string(number);
  if (permitted.verdict == Verdict::go) {
    // Before it begins: a controller that dies over it must not forget that there was one.
    auto noted = controls_.beginning(name, record.epoch);
    for (unsigned tries = 1; !noted && noted.error().after == After::unchanged_retry && tries < 3;
         ++tries) {  // somebody's order is just being written
      world_.clock.sleep_until(world_.clock.boot() + kRetry);
      noted = controls_.beginning(name, record.epoch);
    }
    if (!noted) return alert_of_obstacle(record, row, noted.error().what);
  }
  boost::json::object input{{"kind", "failover"},
                            {"platform", world_.topology.platform},
                            {"number", number},
                            {"from", record.active},
                            {"target", *record.standby},
                            {"decision",
                             {{"row", row.id},
                              {"because", row.because},
                              {"patience_over", patience_over},
                              {"permission",
                               {{"row", permitted.id},
                                {"verdict", to_string(permitted.verdict)},
                                {"because", permitted.because}}}}}};
  if (const auto over_at = world_.lease_observer.over_at(record)) {
    // First sight of this serial, for the fence: a controller that takes over has seen it later.
    const Duration until = *over_at - world_.topology.lease.margin - world_.clock.boot();
    input["lease"] = {{"serial", record.lease.serial},
                      {"lease_ends", format_wall(world_.clock.wall() + until)}};
  }
  auto started = runner_.start(name, failover_document_, std::move(input));
  world_.events.emit("failover.started", {{"execution", name},
                                          {"row", row.id},
                                          {"because", row.because},
                                          {"permission", permitted.id},
                                          {"ok", started.ok()},
                                          {"why_not", started ? "" : started.error().what}});
  if (started || started.error().after != After::unchanged_final) return;
  const std::lock_guard held(lock_);
  not_before_ = BootTime{};  // the name was used before: the next number, at once
}

void Sentry::alert_of_obstacle(const Record& record, const Row& row, const std::string& obstacle) {
  world_.alerts.raise(
      {.subject = record.active + ": " + std::string(row.because),
       .done = "no failover: " + obstacle,
       .ask = "bring " + record.active + " back, or remove the obstacle; understudy status",
       .key = "failover.obstacle." + obstacle});
}

/// An outage that the operators' own orders hide is told as what it would have been.
void Sentry::alert_of_refusal(const Record& record, const Row& row, const Permission& refused) {
  const boost::json::object orders = controls_.view(record.epoch);
  const bool maintenance = orders.contains("maintenance");
  const std::string order(
      orders.at(maintenance ? "maintenance_described" : "described").as_string());
  const std::string order_now = maintenance
                                    ? "understudy maintenance off, unless this is the maintenance"
                                    : "understudy automation on (fail over) or ask (be asked)";
  world_.alerts.raise({.subject = record.active + ": " + std::string(row.because),
                       .done = fmt::format("nothing; would have failed over to {} now, but {}: {}",
                                           *record.standby, refused.because, order),
                       .ask = order_now + "; or bring " + record.active + " back",
                       .key = fmt::format("failover.refused.{}.{}", refused.id, record.epoch)});
}

/// A question whose occasion is gone is taken back: the outage is over, or people have ordered
/// otherwise since.
void Sentry::reconsider_question(const Record& record, bool well) {
  if (well) controls_.note_well();
  for (const auto& question : runner_.questions()) {
    if (question.state != kAskToStart || !question.execution.starts_with("failover-")) continue;
    const Permission& permitted = controls_.permission_now(record.epoch);
    std::string why;
    if (well) why = record.active + " is not to be left any more";
    if (record.transition.phase != Phase::none) why = record.transition.execution + " is open";
    if (permitted.verdict != Verdict::ask) why = permitted.because;
    if (why.empty()) continue;
    runner_.withdraw(question, why);
    world_.alerts.raise({.subject = question.execution + " asks no more: " + why,
                         .done = "nothing was changed by it",
                         .ask = "",
                         .key = question.execution + ".withdrawn"});
  }
}

void Sentry::alert_of_registry(const std::string& problem) {
  const BootTime now = world_.clock.boot();
  {
    const std::lock_guard held(lock_);
    if (now - registry_ill_since_ < kSilenceIsNews) return;
  }
  world_.alerts.raise({.subject = "the registry does not answer, or not as it should",
                       .done = "starts no failover meanwhile; the active region goes on as long as "
                               "the standby extends its lease. " +
                               problem,
                       .ask = "bring the registry back; understudy logs witness registry",
                       .key = "registry.problem"});
}

Sentry::View Sentry::view() const {
  const BootTime now = world_.clock.boot();
  const std::lock_guard held(lock_);
  return {.record = record_ ? std::optional(*record_) : std::nullopt,
          .registry_problem = registry_problem_,
          .facts = facts_,
          .row = row_,
          .vantages = health_.describe(now)};
}

}  // namespace understudy
