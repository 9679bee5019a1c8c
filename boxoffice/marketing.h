#pragma once
// ROLE=marketing: a home page and two teasers, the same for everybody, so that a CDN may keep them.

#include <string>

#include "catalog.h"
#include "site.h"

namespace understudy::boxoffice {

/// Adds its pages to a site. Everything outlives the site's last request.
class Marketing {
 public:
  /// `webapp_url`: where tickets are bought, without '/' at the end.
  Marketing(Site& site, Catalog& catalog, std::string webapp_url);
  Marketing(const Marketing&) = delete;
  Marketing& operator=(const Marketing&) = delete;

 private:
  http::Response home(Visit& visit);
  http::Response teaser(Visit& visit);

  Site& site_;
  Catalog& catalog_;
  const std::string webapp_url_;
};

}  // namespace understudy::boxoffice
