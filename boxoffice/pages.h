#pragma once
// The services that answer with pages, each made of its parts.

#include <memory>

#include "catalog.h"
#include "configuration.h"
#include "database.h"
#include "orders.h"
#include "page_settings.h"
#include "seat_feed.h"
#include "system/http.h"
#include "wide_event.h"
#include "writer_page.h"

namespace understudy::boxoffice {

/// What a service with pages shares with the API's; all of it outlives the pages.
struct PageParts {
  DatabasePool& pool;
  Orders& orders;
  Catalog& catalog;
  SeatFeed& feed;
  const WriterPage& page;
  WideEvents& events;
};

/// Thread-safe.
class Pages {
 public:
  virtual ~Pages() = default;
  [[nodiscard]] virtual http::Response answer(const http::Request& request) = 0;
};

/// The pages of the configuration's role; null if it has none.
[[nodiscard]] std::unique_ptr<Pages> make_pages(const Configuration& configuration,
                                                const PageSettings& settings,
                                                const PageParts& parts);

}  // namespace understudy::boxoffice
