#pragma once
// ROLE=short-links: /s/<code> leads to an event of the webapp, in either region.

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "redis_store.h"
#include "short_links.h"
#include "site.h"

namespace understudy::boxoffice {

/// Adds its route to a site. Everything outlives this.
///
/// Clicks are counted in the region's Redis, and brought into the database once a second while this
/// region may write: a standby's clicks wait in its Redis until it becomes active. At most once: if
/// Redis is lost, so are the clicks that were still in it, and a bringing of which nobody knows how
/// it ended is not repeated.
class Redirects {
 public:
  struct Parts {
    ShortLinks& links;
    RedisStore& store;
    WideEvents& events;
    std::string webapp_url;  ///< "http://host:port", without '/' at the end
  };
  Redirects(Site& site, Parts parts);
  /// Brings the counts of this moment, if it may.
  ~Redirects();
  Redirects(const Redirects&) = delete;
  Redirects& operator=(const Redirects&) = delete;

 private:
  http::Response follow(Visit& visit);
  void run();
  void bring_counts();

  Site& site_;
  Parts parts_;
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace understudy::boxoffice
