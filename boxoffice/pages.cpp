#include "pages.h"

#include "admin.h"
#include "dead_letters.h"
#include "marketing.h"
#include "order_book.h"
#include "partner_dashboard.h"
#include "redirects.h"
#include "sign_in.h"
#include "webapp.h"

namespace understudy::boxoffice {
namespace {

/// "http://host:port" to "ws://host:port".
std::string feed_origin(const std::string& api_url) {
  return api_url.empty() ? "" : "ws" + api_url.substr(std::string_view("http").size());
}

/// Members are destroyed before those that they use.
class WebappPages : public Pages {
 public:
  WebappPages(const Configuration& configuration, const PageSettings& settings,
              const PageParts& parts)
      : store_(*configuration.redis),
        sessions_(store_, "webapp"),
        book_(parts.pool),
        site_({.brand = "Boxoffice",
               .region = configuration.region,
               .page = parts.page,
               .events = parts.events,
               .sessions = &sessions_,
               .navigation = {{"/", "Events"}, {"/tickets", "My tickets"}},
               .feed_origin = feed_origin(settings.api_url)}),
        sign_in_(site_, sessions_, store_),
        webapp_(site_, {parts.orders, parts.catalog, book_, parts.feed, feed(settings)}) {}
  http::Response answer(const http::Request& request) override { return site_.answer(request); }

 private:
  static std::string feed(const PageSettings& settings) {
    const std::string origin = feed_origin(settings.api_url);
    return origin.empty() ? "" : origin + "/feed";
  }

  RedisStore store_;
  Sessions sessions_;
  OrderBook book_;
  Site site_;
  SignIn sign_in_;
  Webapp webapp_;
};

class PartnerPages : public Pages {
 public:
  PartnerPages(const Configuration& configuration, const PageSettings& settings,
               const PageParts& parts)
      : store_(*configuration.redis),
        sessions_(store_, "partner-dashboard"),
        book_(parts.pool),
        site_({.brand = "Boxoffice for partners",
               .region = configuration.region,
               .page = parts.page,
               .events = parts.events,
               .sessions = &sessions_,
               .navigation = {{"/", "Sales"}, {"/payouts", "Payouts"}}}),
        sign_in_(site_, sessions_, store_, settings.staff_password),
        dashboard_(site_, book_) {}
  http::Response answer(const http::Request& request) override { return site_.answer(request); }

 private:
  RedisStore store_;
  Sessions sessions_;
  OrderBook book_;
  Site site_;
  SignIn sign_in_;
  PartnerDashboard dashboard_;
};

class AdminPages : public Pages {
 public:
  AdminPages(const Configuration& configuration, const PageSettings& settings,
             const PageParts& parts)
      : store_(*configuration.redis),
        sessions_(store_, "admin"),
        book_(parts.pool),
        letters_(parts.pool, configuration.region),
        links_(parts.pool, configuration.region),
        site_({.brand = "Boxoffice admin",
               .region = configuration.region,
               .page = parts.page,
               .events = parts.events,
               .sessions = &sessions_,
               .navigation = {{"/", "Orders"},
                              {"/dead-letters", "Dead letters"},
                              {"/links", "Short links"}}}),
        sign_in_(site_, sessions_, store_, settings.staff_password),
        admin_(site_, {parts.orders, book_, letters_, links_, parts.feed}) {}
  http::Response answer(const http::Request& request) override { return site_.answer(request); }

 private:
  RedisStore store_;
  Sessions sessions_;
  OrderBook book_;
  DeadLetters letters_;
  ShortLinks links_;
  Site site_;
  SignIn sign_in_;
  Admin admin_;
};

class MarketingPages : public Pages {
 public:
  MarketingPages(const Configuration& configuration, const PageSettings& settings,
                 const PageParts& parts)
      : site_({.brand = "Boxoffice",
               .region = configuration.region,
               .page = parts.page,
               .events = parts.events}),
        marketing_(site_, parts.catalog, settings.webapp_url) {}
  http::Response answer(const http::Request& request) override { return site_.answer(request); }

 private:
  Site site_;
  Marketing marketing_;
};

class ShortLinkPages : public Pages {
 public:
  ShortLinkPages(const Configuration& configuration, const PageSettings& settings,
                 const PageParts& parts)
      : store_(*configuration.redis),
        links_(parts.pool, configuration.region),
        site_({.brand = "Boxoffice",
               .region = configuration.region,
               .page = parts.page,
               .events = parts.events}),
        redirects_(site_, {links_, store_, parts.events, settings.webapp_url}) {}
  http::Response answer(const http::Request& request) override { return site_.answer(request); }

 private:
  RedisStore store_;
  ShortLinks links_;
  Site site_;
  Redirects redirects_;
};

}  // namespace

std::unique_ptr<Pages> make_pages(const Configuration& configuration, const PageSettings& settings,
                                  const PageParts& parts) {
  switch (configuration.role) {
    case Role::webapp: return std::make_unique<WebappPages>(configuration, settings, parts);
    case Role::partner_dashboard:
      return std::make_unique<PartnerPages>(configuration, settings, parts);
    case Role::admin: return std::make_unique<AdminPages>(configuration, settings, parts);
    case Role::marketing: return std::make_unique<MarketingPages>(configuration, settings, parts);
    case Role::short_links: return std::make_unique<ShortLinkPages>(configuration, settings, parts);
    default: return nullptr;
  }
}

}  // namespace understudy::boxoffice
