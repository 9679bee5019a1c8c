#include "partner_dashboard.h"

#include <set>

namespace understudy::boxoffice {

PartnerDashboard::PartnerDashboard(Site& site, OrderBook& book) : site_(site), book_(book) {
  site_.add("GET", "/", Access::signed_in, [this](Visit& visit) { return sales(visit); });
  site_.add("GET", "/payouts", Access::signed_in, [this](Visit& visit) { return payouts(visit); });
}

http::Response PartnerDashboard::sales(Visit& visit) {
  const auto lines = book_.sales();
  if (!lines) return site_.trouble(visit, lines.error());
  const std::string venue = visit.request.parameter("venue");
  View view("sales.html", "Sales");
  std::set<std::string> venues;
  std::int64_t sold = 0;
  std::int64_t revenue = 0;
  for (const SalesLine& line : *lines) {
    venues.insert(line.venue);
    if (!venue.empty() && line.venue != venue) continue;
    const std::int64_t earned = line.sold * line.price_cents;
    sold += line.sold;
    revenue += earned;
    auto* item = view.body().AddSectionDictionary("EVENT");
    (*item)["NAME"] = line.name;
    (*item)["VENUE"] = line.venue;
    (*item)["DATE"] = date(line.starts_at);
    (*item)["PRICE"] = money(line.price_cents);
    (*item)["SOLD"] = std::to_string(line.sold);
    (*item)["SEATS"] = std::to_string(line.seats);
    (*item)["REFUNDED"] = std::to_string(line.refunded);
    (*item)["REVENUE"] = money(earned);
  }
  for (const std::string& each : venues) {
    auto* item = view.body().AddSectionDictionary("CHOICE");
    (*item)["VENUE"] = each;
    if (each == venue) item->ShowSection("CHOSEN");
  }
  view.body()["SOLD"] = std::to_string(sold);
  view.body()["REVENUE"] = money(revenue);
  return site_.page(visit, view);
}

http::Response PartnerDashboard::payouts(Visit& visit) {
  const auto payouts = book_.payouts();
  if (!payouts) return site_.trouble(visit, payouts.error());
  View view("payouts.html", "Payouts");
  std::int64_t total = 0;
  for (const Payout& payout : *payouts) {
    total += payout.net_cents();
    auto* item = view.body().AddSectionDictionary("PAYOUT");
    (*item)["VENUE"] = payout.venue;
    (*item)["EVENTS"] = std::to_string(payout.events);
    (*item)["SOLD"] = std::to_string(payout.sold);
    (*item)["GROSS"] = money(payout.gross_cents);
    (*item)["FEE"] = money(payout.fee_cents);
    (*item)["NET"] = money(payout.net_cents());
  }
  view.body()["PERCENT"] = std::to_string(OrderBook::kFeePercent);
  view.body()["TOTAL"] = money(total);
  return site_.page(visit, view);
}

}  // namespace understudy::boxoffice
