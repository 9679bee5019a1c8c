#include "simulation/plan_people.h"

#include "simulation/dice.h"

namespace understudy::simulation {

namespace {

using std::chrono::seconds;

unsigned draw_count(Dice& dice, unsigned least, unsigned most) {
  return least + static_cast<unsigned>(dice.below(most - least + 1));
}

/// Of a posture, as many as it allows.
Service draw_service(Dice& dice, std::string name, Posture posture) {
  Service service{.name = name, .command = {name}, .posture = posture};
  const bool once = posture == Posture::active_only;
  service.instances_active = once ? 1 : draw_count(dice, 1, 4);
  service.instances_standby = 0;
  if (posture == Posture::warm) service.instances_standby = service.instances_active;
  if (posture == Posture::minimal) service.instances_standby = 1;
  return service;
}

int automation(Automation is) { return static_cast<int>(is); }

Fault draw_order(Dice& dice, TrueTime from, TrueTime until) {
  Fault order{.at = from + dice.between({}, until - from)};
  switch (dice.below(4)) {
    case 0: order.kind = FaultKind::failover_acknowledged; break;
    case 1:
      order.kind = FaultKind::maintenance_begins;
      order.by = dice.between(seconds(1), seconds(20));
      // Some end it themselves, some let its time run out.
      if (dice.one_in(2)) order.lasts = dice.between(milliseconds(500), order.by);
      break;
    default:
      order.kind = FaultKind::automation_set;
      order.other = static_cast<int>(dice.below(3));
      if (dice.one_in(3)) order.by = dice.between(seconds(1), seconds(20));
  }
  return order;
}

/// The hardest case for an order: a failover has begun and cannot reach the registry.
void add_order_amid_start(Plan& plan, Dice& dice, TrueTime begin, TrueTime end) {
  plan.topology.policy.automatic_failover = Automation::on;
  const TrueTime at = begin + dice.between({}, end - begin);
  plan.faults.push_back({.kind = FaultKind::region_dies, .at = at});
  const TrueTime deaf = at + milliseconds(300) + dice.between({}, milliseconds(1500));
  plan.faults.push_back({.kind = FaultKind::registry_dies,
                         .at = deaf,
                         .lasts = dice.between(seconds(2), seconds(5))});
  plan.faults.push_back({.kind = FaultKind::automation_set,
                         .at = deaf + dice.between(milliseconds(200), milliseconds(1500)),
                         .other = automation(Automation::off)});
}

/// The hardest case for an order's memory: the controller dies after it answered.
void add_order_before_crash(Plan& plan, Dice& dice, TrueTime begin, TrueTime end) {
  plan.topology.policy.automatic_failover = Automation::on;
  const TrueTime at = begin + dice.between({}, end - begin);
  plan.faults.push_back({.kind = FaultKind::automation_set,
                         .at = at,
                         .other = automation(dice.one_in(2) ? Automation::off : Automation::ask)});
  const TrueTime dies = at + dice.between(milliseconds(50), seconds(1));
  plan.faults.push_back({.kind = FaultKind::controller_dies, .at = dies});
  plan.faults.push_back(
      {.kind = FaultKind::region_dies, .at = dies + dice.between({}, seconds(2))});
}

void draw_policy(Plan& plan, Dice& dice) {
  Policy& policy = plan.topology.policy;
  if (dice.one_in(16)) policy.automatic_failover = Automation::ask;
  if (dice.one_in(32)) policy.automatic_failover = Automation::off;
  if (!dice.one_in(16)) return;
  plan.earlier_failover = EarlierFailover{.acknowledged = dice.one_in(2)};
  policy.failover_interval_min =
      dice.one_in(4) ? Duration(std::chrono::hours(1)) : dice.between(seconds(2), seconds(15));
}

}  // namespace

void draw_postures(Plan& plan) {
  Dice dice(plan.seed ^ 0x905704e5905704e5ULL);
  if (dice.one_in(2)) return;
  Service web = draw_service(dice, "web",
                             dice.one_in(3) ? Posture::scaled_on_failover
                                            : (dice.one_in(2) ? Posture::minimal : Posture::warm));
  web.listens = true;
  std::vector<Service> services = {web};
  services.push_back(draw_service(dice, "cron", Posture::active_only));
  if (dice.one_in(2)) services.push_back(draw_service(dice, "worker", Posture::scaled_on_failover));
  if (dice.one_in(3)) services.push_back(draw_service(dice, "search", Posture::minimal));
  if (dice.one_in(4)) services.push_back(draw_service(dice, "pages", Posture::edge_cached));
  if (dice.one_in(4)) services.push_back(draw_service(dice, "billing", Posture::active_only));
  plan.topology.services = std::move(services);
}

void draw_people(Plan& plan, TrueTime begin, TrueTime end, bool against_faults) {
  Dice dice(plan.seed ^ 0x9e09e09e9e09e09eULL);
  draw_policy(plan, dice);
  if (dice.one_in(8)) {
    const std::uint64_t count = 1 + dice.below(3);
    for (std::uint64_t at = 0; at < count; ++at)
      plan.faults.push_back(draw_order(dice, begin, end));
  }
  if (against_faults && dice.one_in(40)) add_order_amid_start(plan, dice, begin, end);
  if (against_faults && dice.one_in(40)) add_order_before_crash(plan, dice, begin, end);
  // Who is asked mostly answers.
  const bool asks = plan.topology.policy.automatic_failover == Automation::ask ||
                    plan.earlier_failover.has_value();
  if (asks && !dice.one_in(3)) {
    plan.faults.push_back({.kind = FaultKind::operator_meddles,
                           .at = begin + dice.between({}, end - begin),
                           .other = dice.one_in(4) ? 0 : 1});
  }
}

}  // namespace understudy::simulation
