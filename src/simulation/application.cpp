#include "simulation/application.h"

namespace understudy::simulation {

namespace {

constexpr Duration kCronInterval = milliseconds(250);
constexpr Duration kStartLeast = milliseconds(20);
constexpr Duration kStartMost = milliseconds(800);
constexpr Duration kWriteTimeout = std::chrono::seconds(1);

}  // namespace

Application::Application(Stage& stage, Machine& machine, SimulatedPage& page, Postgres& postgres,
                         int region)
    : stage_(stage),
      process_(machine, machine.name() + " application"),
      page_(page),
      postgres_(postgres),
      region_(region) {
  for (const Service& service : stage.plan.topology.services)
    services_[service.name].wanted = service.instances(false);
}

void Application::start() {
  if (process_.alive() || !process_.machine().on()) return;
  process_.start();
  gate_open_ = true;
  for (const Service& service : stage_.plan.topology.services) {
    if (service.posture != Posture::active_only) continue;
    process_.spawn(
        [this, &name = service.name, life = process_.life()] { run_singleton(name, life); });
  }
}

bool Application::ready() const {
  if (!services_alive() || !postgres_.answers() || !postgres_.is_primary()) return false;
  return may_write() || !stage_.guards.has(Guard::readiness_asks_page);
}

bool Application::may_write() const {
  const auto page = page_.in_force();
  return page && page->epoch == postgres_.epoch_row();
}

bool Application::can_serve() const {
  return services_alive() && postgres_.answers() && postgres_.is_primary() && may_write();
}

bool Application::runs(const std::string& service) const {
  const auto found = services_.find(service);
  if (found == services_.end()) return false;
  const Instances& is = found->second;
  return (stage_.scheduler.now() >= is.since ? is.wanted : is.before) > 0;
}

std::map<std::string, unsigned> Application::running() const {
  std::map<std::string, unsigned> now;
  for (const auto& [name, is] : services_)
    now[name] = stage_.scheduler.now() >= is.since ? is.wanted : is.before;
  return now;
}

void Application::want(const std::string& service, unsigned count) {
  Instances& is = services_[service];
  if (is.wanted == count) return;
  const TrueTime now = stage_.scheduler.now();
  is.before = now >= is.since ? is.wanted : is.before;
  // Stopping is as quick as starting is slow.
  is.since = count > is.before ? now + stage_.dice.between(kStartLeast, kStartMost) : now;
  is.wanted = count;
}

Result<Committed> Application::commit(Writes what, std::uint64_t id, std::uint64_t epoch) {
  return stage_.network.call<Result<Committed>>(
      process_, postgres_.process(), process_.machine().boot() + kWriteTimeout,
      [this, what, id, epoch](const auto& reply) { postgres_.commit(what, id, epoch, reply); });
}

Result<Done> Application::sell(std::uint64_t order) {
  if (!services_alive()) return Error{After::unchanged_retry, "no instance runs"};
  const auto page = page_.in_force();
  if (!page && stage_.guards.has(Guard::page_judged_by_services))
    return Error{After::unchanged_retry, "this region may not write"};
  const std::uint64_t epoch = page ? page->epoch : postgres_.epoch_row();
  auto done = commit(Writes::order, order, epoch);
  if (!done) return done.error();
  // The lease once more, before the acknowledgement leaves.
  const auto still = page_.in_force();
  if ((!still || still->epoch != epoch) && stage_.guards.has(Guard::page_judged_by_services)) {
    stage_.chronicle.reached(Mark::acknowledgement_withheld);
    return Error{After::unknown, "the lease ran out before the answer"};
  }
  stage_.observers.acknowledged(region_, postgres_.timeline(), order);
  return Done{};
}

Result<Done> Application::write_and_read(std::uint64_t mark) {
  auto done = stage_.network.call<Result<Committed>>(
      process_, postgres_.process(), process_.machine().boot() + kWriteTimeout,
      [this, mark](const auto& reply) {
        postgres_.commit(Writes::verification, mark, std::nullopt, reply);
      });
  if (!done) return done.error();
  return Done{};
}

/// Each unit of work begins with a committed claim, so that the page fences it, whoever forgot to
/// stop it.
void Application::run_singleton(const std::string& service, std::uint64_t life) {
  while (life == process_.life()) {
    if (runs(service) && !broken_ && !stage_.guards.has(Guard::cron_commits_claims)) {
      stage_.observers.claimed(region_, postgres_.timeline());
    } else if (runs(service) && !broken_) {
      if (const auto page = page_.in_force()) {
        (void)commit(Writes::cron_claim, ++ticks_, page->epoch);
      } else if (!stage_.guards.has(Guard::page_judged_by_services)) {
        (void)commit(Writes::cron_claim, ++ticks_, postgres_.epoch_row());
      }
    }
    (void)stage_.scheduler.wait_until(stage_.scheduler.now() + kCronInterval);
    if (stage_.over) return;
  }
}

Result<std::map<std::string, unsigned>> ComputeClient::running(BootTime deadline) {
  return stage_.network.call<Result<std::map<std::string, unsigned>>>(
      agent_, application_.process(), deadline,
      [&application = application_](const auto& reply) { reply(application.running()); });
}

Result<Done> ComputeClient::want(const std::string& service, unsigned count, BootTime deadline) {
  return stage_.network.call<Result<Done>>(
      agent_, application_.process(), deadline,
      [&application = application_, service = service, count](const auto& reply) {
        application.want(service, count);
        reply(Done{});
      });
}

Result<Done> GateClient::set_open(bool open, BootTime deadline) {
  return stage_.network.call<Result<Done>>(agent_, application_.process(), deadline,
                                           [&application = application_, open](const auto& reply) {
                                             application.set_gate(open);
                                             reply(Done{});
                                           });
}

}  // namespace understudy::simulation
