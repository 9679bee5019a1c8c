#include "controller/operator_controls.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

namespace understudy {

namespace json = boost::json;

namespace {

constexpr const char* kKeptAs = "operator_controls";

bool in_force(const Order& order, WallTime now) { return !order.until || now < *order.until; }

std::string describe(const Order& order) {
  std::string text = fmt::format("since {} by {}", format_wall(order.at), order.who);
  if (!order.reason.empty()) text += " (" + order.reason + ")";
  if (order.until) text += " until " + format_wall(*order.until);
  return text;
}

json::object order_to_json(const Order& order) {
  json::object object{{"who", order.who}, {"reason", order.reason}, {"at", format_wall(order.at)}};
  if (order.until) object["until"] = format_wall(*order.until);
  return object;
}

/// Throws what Boost.JSON throws when it is none of ours.
WallTime wall_at(const json::object& object, std::string_view key) {
  const auto time = parse_wall(json::value_to<std::string>(object.at(key)));
  if (!time) throw std::invalid_argument("not a time");
  return *time;
}

Order order_from_json(const json::object& object) {
  Order order{.who = json::value_to<std::string>(object.at("who")),
              .reason = json::value_to<std::string>(object.at("reason")),
              .at = wall_at(object, "at")};
  if (object.contains("until")) order.until = wall_at(object, "until");
  return order;
}

Automation automation_from(std::string_view text) {
  for (const auto each : {Automation::on, Automation::ask, Automation::off}) {
    if (to_string(each) == text) return each;
  }
  throw std::invalid_argument("not on, ask or off");
}

}  // namespace

json::object OperatorControls::to_json(const Kept& kept) {
  json::object object;
  if (kept.automation) {
    object["automation"] = order_to_json(kept.automation->order);
    object["automation"].as_object()["set"] = to_string(kept.automation->automation);
  }
  if (kept.maintenance) object["maintenance"] = order_to_json(*kept.maintenance);
  if (kept.last) {
    json::object last{{"execution", kept.last->execution},
                      {"epoch", kept.last->epoch},
                      {"at", format_wall(kept.last->at)},
                      {"moved", kept.last->moved}};
    if (kept.last->acknowledged) last["acknowledged"] = order_to_json(*kept.last->acknowledged);
    object["last_automatic_failover"] = std::move(last);
  }
  return object;
}

OperatorControls::Kept OperatorControls::from_json(const json::object& object) {
  Kept kept;
  if (const auto* found = object.if_contains("automation")) {
    const json::object& set = found->as_object();
    kept.automation = Switch{automation_from(set.at("set").as_string()), order_from_json(set)};
  }
  if (const auto* found = object.if_contains("maintenance"))
    kept.maintenance = order_from_json(found->as_object());
  if (const auto* found = object.if_contains("last_automatic_failover")) {
    const json::object& last = found->as_object();
    kept.last = Failover{.execution = json::value_to<std::string>(last.at("execution")),
                         .epoch = last.at("epoch").to_number<std::uint64_t>(),
                         .at = wall_at(last, "at")};
    const auto* moved = last.if_contains("moved");
    kept.last->moved = moved == nullptr || moved->as_bool();  // an earlier release did not know
    if (const auto* by = last.if_contains("acknowledged"))
      kept.last->acknowledged = order_from_json(by->as_object());
  }
  return kept;
}

Result<Done> OperatorControls::load() {
  auto text = journal_.kept(kKeptAs);
  if (!text) return within("what operators ordered", text.error());
  if (text->empty()) return Done{};
  try {
    Kept kept = from_json(json::parse(*text).as_object());
    const std::lock_guard held(lock_);
    kept_ = std::move(kept);
    return Done{};
  } catch (const std::exception& unreadable) {
    return Error{After::unchanged_final,
                 std::string("what operators ordered cannot be read: ") + unreadable.what()};
  }
}

/// Writers take turns without holding a lock over the journal.
Result<Done> OperatorControls::change(const std::function<void(Kept&)>& edit) {
  Kept next;
  {
    const std::lock_guard held(lock_);
    if (writing_)
      return Error{After::unchanged_retry, "another order is just being written; try again"};
    writing_ = true;
    next = kept_;
  }
  edit(next);
  Result<Done> written = Done{};
  if (world_.guards.has(Guard::orders_durable))
    written = journal_.keep(kKeptAs, json::serialize(to_json(next)));
  const std::lock_guard held(lock_);
  writing_ = false;
  if (!written) return within("the order is not in force", written.error());
  kept_ = std::move(next);
  declined_ = false;
  return Done{};
}

Result<Done> OperatorControls::set_automation(Automation automation, const Order& order) {
  auto changed = change([&](Kept& kept) { kept.automation = Switch{automation, order}; });
  if (!changed) return changed;
  world_.events.emit("automation.set", {{"automation", to_string(automation)},
                                        {"who", order.who},
                                        {"reason", order.reason},
                                        {"until", order.until ? format_wall(*order.until) : ""}});
  return Done{};
}

Result<Done> OperatorControls::begin_maintenance(const Order& order) {
  auto changed = change([&](Kept& kept) { kept.maintenance = order; });
  if (!changed) return changed;
  world_.events.emit("maintenance.began", order_to_json(order));
  world_.alerts.raise({.subject = "maintenance mode is on " + describe(order),
                       .done = "fails over by itself no more, and tells of any outage it would "
                               "have failed over",
                       .ask = "understudy maintenance off, once the work is done",
                       .key = "maintenance." + format_wall(order.at)});
  return Done{};
}

void OperatorControls::tell_maintenance_over(const Order& was, const std::string& how) {
  world_.events.emit("maintenance.ended", {{"how", how}, {"began", format_wall(was.at)}});
  world_.alerts.raise({.subject = "maintenance mode " + how,
                       .done = "automatic failover is " + describe_automation() + " again",
                       .ask = "",
                       .key = "maintenance." + format_wall(was.at) + ".over"});
}

Result<Done> OperatorControls::end_maintenance(const std::string& who) {
  const auto was = now_in_force().maintenance;
  if (!was) return Error{After::unchanged_final, "maintenance mode is not on"};
  auto changed = change([](Kept& kept) { kept.maintenance.reset(); });
  if (changed) tell_maintenance_over(*was, "was ended by " + who);
  return changed;
}

Result<Done> OperatorControls::acknowledge(const std::string& who, std::uint64_t epoch) {
  const auto kept = now_in_force();
  if (!kept.last || epoch <= kept.last->epoch || kept.last->acknowledged)
    return Error{After::unchanged_final, "no automatic failover waits to be acknowledged"};
  const Order order{.who = who, .reason = "", .at = world_.clock.wall()};
  auto changed = change([&](Kept& next) { next.last->acknowledged = order; });
  if (changed) {
    world_.events.emit("failover.acknowledged",
                       {{"execution", kept.last->execution}, {"who", who}});
  }
  return changed;
}

Result<Done> OperatorControls::beginning(const std::string& execution, std::uint64_t epoch) {
  const WallTime now = world_.clock.wall();
  return change([&](Kept& kept) { kept.last = Failover{execution, epoch, now}; });
}

/// Whoever raises the epoch stands in the record until the next transition begins.
void OperatorControls::note_record(const Record& record) {
  {
    const std::lock_guard held(lock_);
    if (!kept_.last || kept_.last->moved || record.epoch <= kept_.last->epoch) return;
  }
  (void)change([&](Kept& kept) {  // not written: noted the next time
    if (!kept.last) return;
    const std::string& by = record.transition.execution;
    kept.last->moved =
        by == kept.last->execution || by.starts_with(kept.last->execution + "-again-");
    if (!kept.last->moved) kept.last.reset();
  });
}

void OperatorControls::note_answer(const ExecutionRunner::Question& question, bool approved) {
  if (approved || !question.execution.starts_with("failover-")) return;
  const std::lock_guard held(lock_);
  declined_ = true;
}

void OperatorControls::note_well() {
  const std::lock_guard held(lock_);
  declined_ = false;
}

OperatorControls::Kept OperatorControls::now_in_force() const {
  const WallTime now = world_.clock.wall();
  Kept kept;
  {
    const std::lock_guard held(lock_);
    kept = kept_;
  }
  if (kept.automation && !in_force(kept.automation->order, now)) kept.automation.reset();
  if (kept.maintenance && !in_force(*kept.maintenance, now)) kept.maintenance.reset();
  return kept;
}

void OperatorControls::expire() {
  Kept kept;
  {
    const std::lock_guard held(lock_);
    if (!kept_.automation && !kept_.maintenance) return;
    kept = kept_;
  }
  const Kept left = now_in_force();
  const bool automation = kept.automation && !left.automation;
  const bool maintenance = kept.maintenance && !left.maintenance;
  if (!automation && !maintenance) return;
  const WallTime now = world_.clock.wall();
  auto changed = change([&](Kept& next) {  // what was ordered anew meanwhile stays
    if (next.automation && !in_force(next.automation->order, now)) next.automation.reset();
    if (next.maintenance && !in_force(*next.maintenance, now)) next.maintenance.reset();
  });
  if (!changed) return;  // out of force all the same; told the next time
  if (automation) world_.events.emit("automation.expired", {{"automation", describe_automation()}});
  if (maintenance) tell_maintenance_over(*kept.maintenance, "ended by itself, its time being over");
}

Circumstances OperatorControls::circumstances(std::uint64_t epoch) const {
  const Kept kept = now_in_force();
  const Policy& policy = world_.topology.policy;
  const WallTime now = world_.clock.wall();
  const Automation automation =
      kept.automation ? kept.automation->automation : policy.automatic_failover;
  Circumstances is{.maintenance = kept.maintenance.has_value(),
                   .off = automation == Automation::off,
                   .ask = automation == Automation::ask};
  const bool remembered = world_.guards.has(Guard::last_failover_remembered);
  if (remembered && kept.last && epoch > kept.last->epoch) {
    is.acknowledged = kept.last->acknowledged.has_value();
    // A wall clock that was put back does not make it long ago.
    is.interval_over = now >= kept.last->at + policy.failover_interval_min;
  }
  const std::lock_guard held(lock_);
  is.declined = declined_;
  return is;
}

const Permission& OperatorControls::permission_now(std::uint64_t epoch) const {
  return permission(circumstances(epoch));
}

std::string OperatorControls::describe_automation() const {
  const Kept kept = now_in_force();
  if (!kept.automation)
    return std::string(to_string(world_.topology.policy.automatic_failover)) + " (understudy.yaml)";
  return fmt::format("{} {}", to_string(kept.automation->automation),
                     describe(kept.automation->order));
}

json::object OperatorControls::view(std::uint64_t epoch) const {
  const Kept kept = now_in_force();
  const Permission& row = permission_now(epoch);
  json::object object = to_json(kept);
  object["default"] = to_string(world_.topology.policy.automatic_failover);
  object["described"] = describe_automation();
  object["maintenance_described"] = kept.maintenance ? describe(*kept.maintenance) : "";
  object["to_acknowledge"] = !circumstances(epoch).acknowledged;
  object["permission"] =
      json::object{{"row", row.id}, {"verdict", to_string(row.verdict)}, {"because", row.because}};
  return object;
}

}  // namespace understudy
