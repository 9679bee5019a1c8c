#pragma once
// ROLE=partner-dashboard: what halls see of their events, and what they are paid. It only reads.

#include "order_book.h"
#include "site.h"

namespace understudy::boxoffice {

/// Adds its pages to a site. Everything outlives the site's last request.
class PartnerDashboard {
 public:
  PartnerDashboard(Site& site, OrderBook& book);
  PartnerDashboard(const PartnerDashboard&) = delete;
  PartnerDashboard& operator=(const PartnerDashboard&) = delete;

 private:
  http::Response sales(Visit& visit);
  http::Response payouts(Visit& visit);

  Site& site_;
  OrderBook& book_;
};

}  // namespace understudy::boxoffice
