#include "controller/capacity_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "recovery/steps/common.h"

namespace understudy {

namespace {

constexpr Duration kLookEvery = std::chrono::seconds(2);
constexpr Duration kCall = std::chrono::seconds(2);
/// Longer than a service takes to start, or a deployment to start its instances anew.
constexpr Duration kLackIsNews = std::chrono::seconds(10);

}  // namespace

void CapacityWatch::start() {
  world_.tasks.spawn("watch-capacity", [this] {
    while (!stopped_) {
      const BootTime next = world_.clock.boot() + kLookEvery;
      look();
      while (!stopped_ && world_.clock.boot() < next)
        world_.clock.sleep_until(std::min(next, world_.clock.boot() + milliseconds(500)));
    }
  });
}

void CapacityWatch::look() {
  const auto read = steps::read_record(world_);
  const auto* record = std::get_if<Record>(&read);
  if (record == nullptr || record->transition.phase != Phase::none) return;
  if (record->active != watched_) lacks_.clear();
  watched_ = record->active;
  const auto services = inspectors_.at(watched_)->services(world_.clock.boot() + kCall);
  if (!services) return;  // the sentry's business
  for (const ServiceState& state : *services) {
    if (const Service* service = world_.topology.service(state.name))
      note(watched_, *service, state);
  }
}

void CapacityWatch::note(const std::string& region, const Service& service,
                         const ServiceState& state) {
  const auto known = lacks_.find(service.name);
  if (state.up >= service.instances(true)) {
    if (known == lacks_.end()) return;
    if (known->second.told) tell_well(region, service);
    lacks_.erase(known);
    return;
  }
  const BootTime now = world_.clock.boot();
  Lack& lack = lacks_.try_emplace(service.name, Lack{now, false}).first->second;
  if (lack.told || now - lack.since < kLackIsNews) return;
  lack.told = true;
  tell(region, service, state);
}

void CapacityWatch::tell(const std::string& region, const Service& service,
                         const ServiceState& state) {
  ++occasions_;
  const unsigned wanted = service.instances(true);
  world_.events.emit("capacity.missing", {{"region", region},
                                          {"service", service.name},
                                          {"up", state.up},
                                          {"wanted", wanted},
                                          {"trouble", state.trouble}});
  world_.alerts.raise(
      {.subject =
           fmt::format("{}: only {} of {} instances of {} are well for {} s", region, state.up,
                       wanted, service.name, kLackIsNews / std::chrono::seconds(1)),
       .done = fmt::format("{} goes on without; the supervisor starts it again and again{}{}",
                           region, state.trouble.empty() ? "" : ". ", state.trouble),
       .ask = fmt::format("understudy logs {} {}; mend it, or deploy what starts", region,
                          service.name),
       .key = fmt::format("capacity.{}.{}.{}", region, service.name, occasions_)});
}

void CapacityWatch::tell_well(const std::string& region, const Service& service) {
  world_.events.emit("capacity.restored", {{"region", region}, {"service", service.name}});
  world_.alerts.raise(
      {.subject = fmt::format("{}: all instances of {} are well again", region, service.name),
       .done = "nothing",
       .ask = "",
       .key = fmt::format("capacity.{}.{}.well.{}", region, service.name, occasions_)});
}

}  // namespace understudy
