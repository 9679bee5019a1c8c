#pragma once
// ROLE=admin: what the staff may do: look orders up, refund them, send dead letters again, make
// short links.

#include "dead_letters.h"
#include "order_book.h"
#include "orders.h"
#include "seat_feed.h"
#include "short_links.h"
#include "site.h"

namespace understudy::boxoffice {

/// Adds its pages to a site. Everything outlives the site's last request.
class Admin {
 public:
  struct Parts {
    Orders& orders;
    OrderBook& book;
    DeadLetters& letters;
    ShortLinks& links;
    SeatFeed& feed;
  };
  Admin(Site& site, Parts parts);
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

 private:
  http::Response orders(Visit& visit);
  http::Response refund(Visit& visit);
  http::Response letters(Visit& visit);
  http::Response requeue(Visit& visit);
  http::Response links(Visit& visit);
  http::Response make_link(Visit& visit);
  http::Response show_links(Visit& visit, const std::string& complaint, unsigned status);

  Site& site_;
  Parts parts_;
};

}  // namespace understudy::boxoffice
