// PlanServices and ScaleService: the target gets its active share of every service, singletons last
// and only once (I2).

#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

namespace {
constexpr Duration kScale = std::chrono::seconds(1);
}

StepOutput plan_services(Orchestration& world, const boost::json::object&) {
  boost::json::array first;
  boost::json::array singletons;
  for (const Service& service : world.topology.services) {
    boost::json::object order{{"service", service.name}, {"count", service.instances(true)}};
    (service.posture == Posture::active_only ? singletons : first).push_back(std::move(order));
  }
  return boost::json::object{{"first", std::move(first)}, {"singletons", std::move(singletons)}};
}

StepOutput scale_service(Orchestration& world, const boost::json::object& input) {
  const std::string target = text_at(input, "target");
  const auto agent = world.agents.find(target);
  const ScaleOrder order{.epoch = static_cast<std::uint64_t>(number_at(input, "epoch", 0)),
                         .service = text_at(input, "service"),
                         .count = static_cast<unsigned>(number_at(input, "count", 0))};
  if (agent == world.agents.end() || order.epoch == 0 || order.service.empty()) {
    return StepFailure{std::string(kBadInput), "needed: target, epoch, service, count"};
  }
  auto scaled = agent->second->scale(order, within_time(world, kScale));
  if (!scaled) return StepFailure{std::string(kNotYet), scaled.error().what};
  world.events.emit("service.scaled",
                    {{"region", target}, {"service", order.service}, {"count", order.count}});
  return boost::json::object{{"service", order.service}, {"count", order.count}};
}

}  // namespace understudy
