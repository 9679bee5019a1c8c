#pragma once
// ROLE=webapp: what people who buy tickets see.

#include <string>

#include "catalog.h"
#include "order_book.h"
#include "orders.h"
#include "seat_feed.h"
#include "site.h"

namespace understudy::boxoffice {

/// Adds its pages to a site. Everything outlives the site's last request.
class Webapp {
 public:
  struct Parts {
    Orders& orders;
    Catalog& catalog;
    OrderBook& book;
    SeatFeed& feed;
    std::string feed_url;  ///< of api-web's feed, without the query; "": the map is not live
  };
  Webapp(Site& site, Parts parts);
  Webapp(const Webapp&) = delete;
  Webapp& operator=(const Webapp&) = delete;

 private:
  /// What an event's page shows chosen, and what it says above the map.
  struct Choice {
    std::string seat;  ///< "": the best one free
    std::string key;   ///< of the purchase that the form is for
    std::string complaint;
    unsigned status = 200;
  };

  http::Response events(Visit& visit);
  http::Response event(Visit& visit);
  http::Response show_event(Visit& visit, std::int64_t id, const Choice& choice);
  void show_seats(const std::vector<SeatChange>& seats, const Choice& choice, View& view) const;
  http::Response buy(Visit& visit);
  http::Response tickets(Visit& visit);

  Site& site_;
  Parts parts_;
};

}  // namespace understudy::boxoffice
