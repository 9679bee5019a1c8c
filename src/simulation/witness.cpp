#include "simulation/witness.h"

#include "simulation/planned_moves.h"

#include <algorithm>
#include <iterator>

namespace understudy::simulation {

namespace {

constexpr Duration kControllerRestart = milliseconds(700);
constexpr Duration kHealthCheck = milliseconds(100);
/// What HAProxy waits for a health check's answer.
constexpr Duration kHealthTimeout = milliseconds(300);

}  // namespace

// -------------------------------------------------------------------------------------- journal

Result<Done> SimulatedJournal::flushed(const std::function<void()>& write) {
  // As with any disk: a crash in the flush leaves it written or not.
  const bool early = stage_.dice.one_in(2);
  if (early) write();
  (void)stage_.scheduler.wait_until(stage_.scheduler.now() +
                                    stage_.dice.between(Duration(1), stage_.plan.fsync_most));
  if (!early) write();
  return Done{};
}

Result<Done> SimulatedJournal::begin(const ExecutionEntry& entry) {
  bool known = false;
  (void)flushed([&] {
    known = std::any_of(entries_.begin(), entries_.end(),
                        [&](const ExecutionEntry& other) { return other.name == entry.name; });
    if (!known) entries_.push_back(entry);
  });
  if (known) return Error{After::unchanged_final, "an execution of that name exists"};
  return Done{};
}

Result<Done> SimulatedJournal::append(const std::string& execution,
                                      std::vector<states::HistoryEvent>&& events) {
  return flushed([&] {
    auto& log = events_[execution];
    log.resize(std::min<std::size_t>(log.size(), events.front().id - 1));
    log.insert(log.end(), std::make_move_iterator(events.begin()),
               std::make_move_iterator(events.end()));
  });
}

Result<Done> SimulatedJournal::finish(const std::string& execution, const std::string& status) {
  return flushed([&] {
    for (ExecutionEntry& entry : entries_) {
      if (entry.name == execution) entry.status = status;
    }
  });
}

/// As a journal on a disk gives them back: read from their texts.
Result<std::vector<states::HistoryEvent>> SimulatedJournal::events(const std::string& execution) {
  std::vector<states::HistoryEvent> events;
  for (const states::HistoryEvent& written : events_[execution]) {
    auto event = states::event_from_text(states::to_text(written));
    if (!event) return event.error();
    events.push_back(std::move(*event));
  }
  return events;
}

// ------------------------------------------------------------------------------------- vantages

Sighting LookFrom::see(Process& process, const std::string& region, BootTime deadline) {
  Region& seen = *regions_[regions_[0]->name() == region ? 0 : 1];
  Machine& here = process.machine();
  Machine& there = seen.machine();
  const Link& forth = stage_.network.link(here, there);
  const Link& back = stage_.network.link(there, here);
  const auto lost = [&] {
    return forth.cut || back.cut || !there.on() || there.frozen() ||
           stage_.dice.chance_ppm(forth.loss_ppm) || stage_.dice.chance_ppm(back.loss_ppm);
  };
  Sighting sighting;
  const TrueTime until = here.true_time(deadline);
  (void)stage_.scheduler.wait_until(
      std::min(until, stage_.scheduler.now() + stage_.dice.between(forth.least, forth.most)));
  if (lost()) {
    (void)stage_.scheduler.wait_until(until);
  } else {
    sighting.path = seen.path;
    sighting.ready = seen.takes_traffic();
    sighting.services = seen.application().services_alive();
    sighting.database = seen.database().answers();
    (void)stage_.scheduler.wait_until(
        std::min(until, stage_.scheduler.now() + stage_.dice.between(back.least, back.most)));
  }
  return sighting;
}

Sighting LookFrom::look(Process& process, const std::string& region, BootTime deadline) {
  const Sighting sighting = see(process, region, deadline);
  stage_.observers.looked(name_, region, sighting);
  return sighting;
}

/// Only what it says counts as seen by anybody: that all is well.
Result<Watched> LookFrom::watch(Process& process, const std::string& region, const Pace& pace) {
  ProcessClock clock(process);
  return watch_by(
      [&](BootTime deadline) {
        const Sighting sighting = see(process, region, deadline);
        if (sighting.well()) stage_.observers.looked(name_, region, sighting);
        return Result<Sighting>(sighting);
      },
      clock, pace);
}

namespace {

class OwnVantage final : public Vantage {
 public:
  OwnVantage(Process& process, LookFrom& from) : process_(process), from_(from) {}
  [[nodiscard]] std::string name() const override { return from_.name(); }
  Result<Sighting> look(const std::string& region, BootTime deadline) override {
    return from_.look(process_, region, deadline);
  }
  Result<Watched> watch(const std::string& region, const Pace& pace) override {
    return from_.watch(process_, region, pace);
  }

 private:
  Process& process_;
  LookFrom& from_;
};

/// Another process looks, and tells. `place` may depend on the region looked at.
class FarVantage final : public Vantage {
 public:
  FarVantage(Stage& stage, Process& caller, LookFrom& from,
             std::function<Process&(const std::string&)> place)
      : stage_(stage), caller_(caller), from_(from), place_(std::move(place)) {}
  [[nodiscard]] std::string name() const override { return from_.name(); }
  Result<Sighting> look(const std::string& region, BootTime deadline) override {
    Process& far = place_(region);
    const Duration longest = deadline - caller_.machine().boot();
    return stage_.network.call_fiber<Result<Sighting>>(
        caller_, far, deadline + milliseconds(100),
        [&from = from_, &far, region, longest]() -> Result<Sighting> {
          return from.look(far, region, far.machine().boot() + longest);
        });
  }
  Result<Watched> watch(const std::string& region, const Pace& pace) override {
    Process& far = place_(region);
    return stage_.network.call_fiber<Result<Watched>>(
        caller_, far, caller_.machine().boot() + pace.longest + pace.at_once + milliseconds(100),
        [&from = from_, &far, region, pace] { return from.watch(far, region, pace); });
  }

 private:
  Stage& stage_;
  Process& caller_;
  LookFrom& from_;
  const std::function<Process&(const std::string&)> place_;
};

class PublicWay final : public Ingress {
 public:
  PublicWay(Stage& stage, Process& caller, Edge& edge)
      : stage_(stage), caller_(caller), edge_(edge) {}

  Result<std::string> serving_region(BootTime deadline) override {
    return stage_.network.call<Result<std::string>>(
        caller_, edge_.process(), deadline, [&edge = edge_](const auto& reply) {
          Region* target = edge.target();
          if (target == nullptr) return reply(Error{After::unchanged_retry, "no region is ready"});
          reply(target->name());
        });
  }

  Result<Done> write_and_read(std::uint64_t transition, BootTime deadline) override {
    const Duration longest = deadline - caller_.machine().boot();
    return stage_.network.call_fiber<Result<Done>>(
        caller_, edge_.process(), deadline,
        [&stage = stage_, &edge = edge_, transition, longest]() -> Result<Done> {
          Region* target = edge.target();
          if (target == nullptr) return Error{After::unchanged_retry, "no region is ready"};
          return stage.network.call_fiber<Result<Done>>(
              edge.process(), target->application().process(), edge.machine().boot() + longest,
              [target, transition] { return target->application().write_and_read(transition); });
        });
  }

 private:
  Stage& stage_;
  Process& caller_;
  Edge& edge_;
};

}  // namespace

// ----------------------------------------------------------------------------------------- edge

Edge::Edge(Stage& stage, std::array<Region*, 2> regions)
    : stage_(stage),
      machine_(stage.scheduler, "edge"),
      process_(machine_, "edge"),
      regions_(regions) {}

void Edge::start() {
  process_.start();
  check(0);
  check(1);
}

/// One question on its way there and back; no answer in time counts as not ready.
void Edge::check(std::size_t index) {
  Region& region = *regions_[index];
  stage_.observers.led(static_cast<int>(index), target() == &region, region.can_serve());
  stage_.network.send(machine_, region.machine(), [this, &region, index] {
    if (!region.machine().on() || region.machine().frozen()) return;
    const bool ready = region.takes_traffic();
    stage_.network.send(region.machine(), machine_, [this, index, ready] {
      ready_[index] = ready;
      heard_[index] = stage_.scheduler.now();
      if (!ready) return;
      for (const Waiter& waiter : std::exchange(waiting_, {})) stage_.scheduler.wake(waiter);
    });
  });
  stage_.scheduler.after(kHealthCheck, [this, index] { check(index); });
}

Region* Edge::target() {
  for (std::size_t index : {0U, 1U}) {
    if (ready_[index] && stage_.scheduler.now() - heard_[index] < kHealthTimeout)
      return regions_[index];
  }
  return nullptr;
}

Region* Edge::await_target(TrueTime deadline) {
  while (true) {
    Region* const region = target();
    if (region != nullptr || stage_.over || stage_.scheduler.now() >= deadline) return region;
    stage_.chronicle.reached(Mark::waited_at_edge);
    waiting_.push_back(stage_.scheduler.self());
    (void)stage_.scheduler.wait_until(deadline);
  }
}

// ----------------------------------------------------------------------------------- controller

struct Witness::Parts {
  Parts(Stage& stage, Witness& of)
      : clock(of.process_),
        tasks(of.process_),
        random(stage.dice),
        registry(stage, of.process_, of.registry_),
        ingress(stage, of.process_, of.edge_),
        events(stage, "controller"),
        alerts(stage),
        observer(stage.plan.topology.lease, stage.guards),
        first(stage, of.process_, *of.regions_[0]),
        second(stage, of.process_, *of.regions_[1]),
        own(of.process_, of.from_witness_),
        edge(stage, of.process_, of.from_edge_,
             [&of](const std::string&) -> Process& { return of.edge_.process(); }),
        other(stage, of.process_, of.from_other_,
              [&of](const std::string& region) -> Process& {
                return of.regions_[of.regions_[0]->name() == region ? 1 : 0]->agent_process();
              }),
        world{stage.plan.topology,
              clock,
              random,
              tasks,
              registry,
              observer,
              {{of.regions_[0]->name(), &first}, {of.regions_[1]->name(), &second}},
              {&own, &edge, &other},
              ingress,
              events,
              alerts,
              stage.guards},
        runner(world, of.journal_),
        controls(world, of.journal_) {}

  ProcessClock clock;
  ProcessTasks tasks;
  SimulatedRandom random;
  RegistryClient registry;
  PublicWay ingress;
  SimulatedEvents events;
  SimulatedAlerts alerts;
  LeaseObserver observer;
  AgentClient first;
  AgentClient second;
  OwnVantage own;
  FarVantage edge;
  FarVantage other;
  Orchestration world;
  ExecutionRunner runner;
  OperatorControls controls;
  std::optional<Sentry> sentry;
  std::optional<StandbyWatch> standby_watch;
  std::optional<RejoinWatch> rejoin_watch;
  std::optional<TransitionDesk> desk;
};

Witness::Witness(Stage& stage, Machine& machine, RegistryProcess& registry,
                 std::array<Region*, 2> regions, Edge& edge)
    : stage_(stage),
      registry_(registry),
      regions_(regions),
      edge_(edge),
      process_(machine, "controller"),
      journal_(stage),
      from_witness_(stage, "witness", regions),
      from_edge_(stage, "edge", regions),
      from_other_(stage, "other-region", regions) {
  process_.on_death = [this] {
    if (!idle()) stage_.chronicle.reached(Mark::controller_crashed_in_transition);
    stage_.chronicle.reached(Mark::controller_crashed);
    parts_.reset();
    stage_.scheduler.after(kControllerRestart, [this] { start(); });
  };
}

Witness::~Witness() {
  process_.on_death = [this] { parts_.reset(); };
  process_.kill();
}

void Witness::start() {
  if (process_.alive() || !process_.machine().on()) return;
  process_.start();
  parts_ = std::make_unique<Parts>(stage_, *this);
  process_.spawn([this] {
    Parts& is = *parts_;
    const auto remembered = is.controls.load();
    ensure(remembered.ok(), "what a journal kept can be read");
    if (!began_) recall_earlier_failover();
    began_ = true;
    const auto resumed = is.runner.resume_all();
    ensure(resumed.ok(), "a journal that was written can be resumed");
    is.sentry.emplace(is.world, is.runner, is.controls, stage_.workflow);
    is.sentry->start();
    is.standby_watch.emplace(is.world);
    is.standby_watch->start();
    is.rejoin_watch.emplace(is.world, is.runner, std::string(rejoin_workflow()));
    is.rejoin_watch->start();
    is.desk.emplace(is.world, is.runner, stage_.workflow, stage_.switchover);
  });
}

void Witness::stop() {
  if (parts_ == nullptr || process_.stalled()) return;
  if (parts_->sentry) parts_->sentry->stop();
  if (parts_->standby_watch) parts_->standby_watch->stop();
  if (parts_->rejoin_watch) parts_->rejoin_watch->stop();
  parts_->runner.stop();
}

/// It led to this epoch.
void Witness::recall_earlier_failover() {
  const auto& earlier = stage_.plan.earlier_failover;
  if (!earlier) return;
  OperatorControls& controls = parts_->controls;
  ensure(controls.beginning(kEarlierFailover, 0).ok(), "a journal of nobody else's is written");
  stage_.observers.orders().failed_over(stage_.scheduler.now());
  if (!earlier->acknowledged) return;
  Fault order{.kind = FaultKind::failover_acknowledged};
  stage_.observers.orders().sent(order, false);
  ensure(obey(order, false).ok(), "there is one to be acknowledged");
}

void Witness::lose_journal() {
  process_.kill();
  journal_.lose();
  stage_.observers.orders().forgotten(stage_.scheduler.now());
}

Result<Done> Witness::obey(const Fault& order, bool ends) {
  if (parts_ == nullptr) return Error{After::unchanged_retry, "the controller is starting"};
  if (is_move(order)) {
    if (!parts_->desk) return Error{After::unchanged_retry, "the controller is starting"};
    return obey_move(
        {stage_, parts_->runner, *parts_->desk, *parts_->rejoin_watch, *parts_->standby_watch},
        order);
  }
  OperatorControls& controls = parts_->controls;
  const WallTime now = parts_->clock.wall();
  Order given{.who = "somebody", .reason = "a bad moment", .at = now};
  if (order.by != Duration::zero()) given.until = now + order.by;
  switch (order.kind) {
    case FaultKind::automation_set:
      return controls.set_automation(static_cast<Automation>(order.other), given);
    case FaultKind::maintenance_begins:
      return ends ? controls.end_maintenance("somebody") : controls.begin_maintenance(given);
    default: return controls.acknowledge("somebody", registry_.record().epoch);
  }
}

bool Witness::idle() const {
  return parts_ == nullptr || (!process_.stalled() && !parts_->runner.transition_running());
}

bool Witness::asks() const {
  if (parts_ == nullptr || process_.stalled()) return false;
  // A failback that is planned is no answer to an outage.
  const auto open = parts_->runner.questions();
  return std::any_of(open.begin(), open.end(), [](const auto& question) {
    return question.state != kAskToStart || question.execution.starts_with("failover-");
  });
}

void Witness::operate(bool approve) {
  if (parts_ == nullptr || !process_.runs()) return;
  for (const auto& question : parts_->runner.questions()) {
    const bool to_start = question.state == kAskToStart;
    if (approve && to_start) stage_.observers.orders().approved(question.execution);
    if (approve && !to_start) stage_.observers.person_accepted_the_loss();
    if (parts_->runner.answer(question, approve, "somebody"))
      parts_->controls.note_answer(question, approve);
  }
}

}  // namespace understudy::simulation
