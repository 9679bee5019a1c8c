#include "simulation/order_book.h"

namespace understudy::simulation {

namespace {
/// What was decided just before an order was answered may still be on its way.
constexpr Duration kUnderWay = std::chrono::seconds(1);
constexpr int kWitness = 2;
/// Nobody's clock drifts more: of a length, the part in so many that it may be off.
constexpr int kDriftPart = 10;
}  // namespace

OrderBook::OrderBook(const Plan& plan)
    : default_(plan.topology.policy.automatic_failover),
      interval_(plan.topology.policy.failover_interval_min) {
  for (const Fault& fault : plan.faults) {
    if (fault.kind == FaultKind::wall_jumps && fault.where == kWitness)
      clock_slack_ += std::chrono::abs(fault.by);
  }
}

void OrderBook::sent(const Fault& order, bool /*ends*/) {
  lost_since_sent_ = false;
  if (order.kind == FaultKind::automation_set) automation_in_doubt_ = true;
  if (order.kind == FaultKind::maintenance_begins) maintenance_in_doubt_ = true;
  if (order.kind != FaultKind::failover_acknowledged) return;
  failed_over_at_.reset();
  acknowledging_ = true;
}

void OrderBook::answered(const Fault& order, bool ends, TrueTime now) {
  if (order.kind == FaultKind::failover_acknowledged) {
    failed_over_at_.reset();
    acknowledging_ = false;
  }
  if (lost_since_sent_) return;  // perhaps after it was obeyed
  Standing standing{.since = now, .until = {}};
  if (order.by != Duration::zero()) standing.until = now + order.by;
  if (order.kind == FaultKind::automation_set) {
    automation_in_doubt_ = false;
    set_since_ = standing;
    set_ = static_cast<Automation>(order.other);
  } else if (order.kind == FaultKind::maintenance_begins) {
    maintenance_in_doubt_ = false;
    maintenance_ = ends ? std::nullopt : std::optional(standing);
  }
}

void OrderBook::forgotten(TrueTime now) {
  lost_since_sent_ = true;
  forgotten_at_ = now;
  automatic_.clear();
  set_since_.reset();
  maintenance_.reset();
  failed_over_at_.reset();
  interval_since_.reset();
}

void OrderBook::failed_over(TrueTime now) { failed_over_at_ = interval_since_ = now; }

/// One whose controller has just lost its memory may not be in it.
void OrderBook::began(const std::string& execution, TrueTime now) {
  if (forced_.contains(execution) || approved_.contains(execution)) return;
  if (!forgotten_at_ || now - *forgotten_at_ > kUnderWay) automatic_.insert(execution);
}

/// How long ago it began, only the controller knows.
void OrderBook::switched(const std::string& execution, TrueTime now) {
  if (automatic_.contains(execution) && !acknowledging_) failed_over_at_ = now;
}

/// Its end is by the controller's wall clock.
OrderBook::Held OrderBook::held(const Standing& order, TrueTime now) const {
  if (now < order.since + kUnderWay) return Held::perhaps;
  if (!order.until) return Held::yes;
  const Duration slack = kUnderWay + clock_slack_ + (*order.until - TrueTime{}) / kDriftPart;
  if (now < *order.until - slack) return Held::yes;
  return now < *order.until + slack ? Held::perhaps : Held::no;
}

std::optional<Automation> OrderBook::automation(TrueTime now) const {
  if (automation_in_doubt_) return std::nullopt;
  if (!set_since_) return default_;
  switch (held(*set_since_, now)) {
    case Held::yes: return set_;
    case Held::no: return default_;
    case Held::perhaps: return std::nullopt;
  }
  return std::nullopt;
}

std::string OrderBook::objection(const std::string& execution, TrueTime now) const {
  if (approved_.contains(execution) || forced_.contains(execution)) return "";
  if (!maintenance_in_doubt_ && maintenance_ && held(*maintenance_, now) == Held::yes)
    return "maintenance mode is on";
  const auto is = automation(now);
  if (is == Automation::off) return "automation is off";
  if (is == Automation::ask) return "nobody was asked";
  if (failed_over_at_) return "nobody has acknowledged the last automatic failover";
  if (interval_since_ && now + clock_slack_ + interval_ / kDriftPart < *interval_since_ + interval_)
    return "the last automatic failover was a moment ago";
  return "";
}

}  // namespace understudy::simulation
