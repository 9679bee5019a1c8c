#pragma once
// The public API: which request does what, and what its outcome is called in HTTP.

#include <string>

#include "catalog.h"
#include "health.h"
#include "orders.h"
#include "readiness.h"
#include "request_parts.h"
#include "seat_feed.h"
#include "system/http_server.h"
#include "wide_event.h"
#include "writer_page.h"

namespace understudy::boxoffice {

/// Everything a request may need; all of it outlives the server.
struct Parts {
  Orders& orders;
  Catalog& catalog;
  SeatFeed& feed;
  ReadinessCheck& readiness;
  const WriterPage& page;
  WideEvents& events;
  std::string region;
};

/// Thread-safe.
///
/// What tells of a write (also of one asked about later) is an acknowledgement: it leaves only if
/// the page still permits it right before it is sent, and says until when it is worth anything.
class Api {
 public:
  explicit Api(Parts parts)
      : parts_(std::move(parts)),
        health_([this] { return parts_.readiness.ask(); }, parts_.events, parts_.region) {}

  [[nodiscard]] http::Response answer(const http::Request& request);
  /// Only health: what a process without public API answers.
  [[nodiscard]] http::Response answer_health(const http::Request& request) {
    return health_.answer(request);
  }
  void open_feed(const http::Request& request, std::shared_ptr<http::WebSocket> socket);

 private:
  using Handle = http::Response (Api::*)(const http::Request&, std::string_view rest, WideEvent&);
  static const Route<Handle> kRoutes[];

  http::Response dispatch(const http::Request& request, WideEvent& event);
  http::Response buy(const http::Request& request, std::string_view rest, WideEvent& event);
  http::Response find_order(const http::Request& request, std::string_view key, WideEvent& event);
  http::Response hold(const http::Request& request, std::string_view rest, WideEvent& event);
  http::Response release(const http::Request& request, std::string_view token, WideEvent& event);
  http::Response events(const http::Request& request, std::string_view rest, WideEvent& event);
  http::Response seats(const http::Request& request, std::string_view id, WideEvent& event);
  http::Response page(const http::Request& request, std::string_view rest, WideEvent& event);
  http::Response feed(const http::Request& request, std::string_view rest, WideEvent& event);

  void acknowledge(http::Response& response, const Permission& permission, std::string_view what);

  Parts parts_;
  Health health_;
};

}  // namespace understudy::boxoffice
