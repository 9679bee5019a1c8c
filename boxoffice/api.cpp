#include "api.h"

#include <fmt/format.h>

#include "bodies.h"
#include "request_parts.h"

namespace understudy::boxoffice {
namespace {

http::Response json_answer(unsigned status, std::string body) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

http::Response refusal(unsigned status, std::string_view why, WideEvent& event) {
  event.add("outcome", "refused").add("error", why);
  return json_answer(status, fmt::format(R"({{"error":{},"outcome":"refused"}})", quoted(why)));
}

/// A write that failed: certainly, or perhaps not.
http::Response trouble(const Error& error, WideEvent& event) {
  const bool unknown = error.after == After::unknown;
  event.add("outcome", unknown ? "unknown" : "refused").add("error", error.what);
  return json_answer(error.after == After::unchanged_final ? 500 : 503,
                     fmt::format(R"({{"error":{},"outcome":"{}"}})", quoted(error.what),
                                 unknown ? "unknown" : "refused"));
}

http::Response read_trouble(const Error& error, WideEvent& event) {
  event.add("outcome", "failed").add("error", error.what);
  return json_answer(error.after == After::unchanged_final ? 500 : 503,
                     fmt::format(R"({{"error":{}}})", quoted(error.what)));
}

struct Meaning {
  std::string_view outcome;
  unsigned status;
  std::string_view text;
};

/// What the outcomes of schema.sql's functions are in HTTP.
constexpr Meaning kMeanings[] = {
    {"other_request", 422, "this key was used for another request"},
    {"taken", 409, "the seat is taken"},
    {"held", 409, "the seat is held by somebody"},
    {"hold_over", 409, "the hold is over, or is not this one"},
    {"sold_out", 409, "the event is sold out"},
    {"no_event", 404, "there is no such event"},
    {"no_seat", 404, "the event has no such seat"},
    {"no_hold", 404, "there is no such hold (any more)"},
    {"other_epoch", 503, "the database belongs to another epoch or region"},
};

http::Response refusal_for(std::string_view outcome, WideEvent& event) {
  for (const Meaning& meaning : kMeanings)
    if (meaning.outcome == outcome) return refusal(meaning.status, meaning.text, event);
  return refusal(500, fmt::format("the database answered \"{}\"", outcome), event);
}

}  // namespace

const Route<Api::Handle> Api::kRoutes[] = {
    {"POST", "/api/orders", &Api::buy},
    {"GET", "/api/orders/", &Api::find_order},
    {"POST", "/api/holds", &Api::hold},
    {"DELETE", "/api/holds/", &Api::release},
    {"GET", "/api/events", &Api::events},
    {"GET", "/api/events/", &Api::seats},
    {"GET", "/", &Api::page},
    {"GET", "/feed", &Api::feed},
};

http::Response Api::answer(const http::Request& request) {
  if (Health::is_health(request)) return answer_health(request);
  return answer_logged(parts_.events, request,
                       [&](WideEvent& event) { return dispatch(request, event); });
}

http::Response Api::dispatch(const http::Request& request, WideEvent& event) {
  const auto found = find_route<Handle>(kRoutes, request);
  if (found.route != nullptr) {
    event.add("route", found.route->path);
    return (this->*found.route->handle)(request, found.rest, event);
  }
  if (found.allowed.empty()) return refusal(404, "there is nothing here", event);
  auto response = refusal(405, "this method is not for this path", event);
  response.headers.emplace_back("Allow", found.allowed);
  return response;
}

void Api::acknowledge(http::Response& response, const Permission& permission,
                      std::string_view what) {
  boxoffice::acknowledge(response, parts_.page, parts_.events, permission, what);
}

http::Response Api::buy(const http::Request& request, std::string_view, WideEvent& event) {
  auto wish = read_wish(request.body);
  if (!wish) return refusal(400, wish.error().what, event);
  wish->key = request.header("Idempotency-Key");
  if (!is_printable(wish->key))
    return refusal(400,
                   "the header Idempotency-Key is missing or wrong; expected 1 to 200 "
                   "printable characters, the same for every try of one purchase",
                   event);
  event.add("key", wish->key);
  const Permission permission = parts_.page.judge();
  event.add("epoch", permission.epoch);
  if (!permission.open)
    return refusal(503, fmt::format("this region may not write: {}", permission.reason), event);
  auto sale = parts_.orders.buy(*wish, permission);
  if (!sale) return trouble(sale.error(), event);
  if (!sale->exists()) return refusal_for(sale->outcome, event);
  const bool is_new = sale->outcome == "sold";
  if (is_new) parts_.feed.changed({sale->event, sale->seat, "sold", sale->version});
  event.add("outcome", sale->outcome).add("order", sale->order);
  auto response = json_answer(is_new ? 201 : 200,
                              sale_body(*sale, parts_.region, permission.epoch.value_or(0)));
  acknowledge(response, permission, sale->order);
  return response;
}

/// "It was sold" acknowledges a write, however late, so it needs what a sale needs: a region that
/// lost its lease may hold an order that the world will never see again.
http::Response Api::find_order(const http::Request&, std::string_view key, WideEvent& event) {
  event.add("key", key);
  const Permission permission = parts_.page.judge();
  event.add("epoch", permission.epoch);
  if (!permission.open)
    return refusal(503, fmt::format("this region may not say: {}", permission.reason), event);
  if (!is_printable(key)) return refusal(404, "no order has this key", event);
  auto sale = parts_.orders.find(std::string(key));
  if (!sale) return read_trouble(sale.error(), event);
  const bool sold = sale->exists();
  event.add("outcome", sale->outcome).add("order", sale->order);
  auto response =
      sold ? json_answer(200, sale_body(*sale, parts_.region, permission.epoch.value_or(0)))
           : json_answer(404, R"({"error":"no order has this key"})");
  acknowledge(response, permission, sale->order);
  return response;
}

http::Response Api::hold(const http::Request& request, std::string_view, WideEvent& event) {
  auto asked = read_hold_wish(request.body);
  if (!asked) return refusal(400, asked.error().what, event);
  const Permission permission = parts_.page.judge();
  event.add("epoch", permission.epoch);
  if (!permission.open)
    return refusal(503, fmt::format("this region may not write: {}", permission.reason), event);
  auto hold = parts_.orders.hold(asked->wish, asked->seconds, random_name(), permission);
  if (!hold) return trouble(hold.error(), event);
  if (hold->outcome != "held") return refusal_for(hold->outcome, event);
  parts_.feed.changed({hold->event, hold->seat, "held", hold->version});
  event.add("outcome", "held");
  auto response = json_answer(201, hold_body(*hold));
  acknowledge(response, permission, "hold");
  return response;
}

http::Response Api::release(const http::Request&, std::string_view token, WideEvent& event) {
  const Permission permission = parts_.page.judge();
  event.add("epoch", permission.epoch);
  if (!permission.open)
    return refusal(503, fmt::format("this region may not write: {}", permission.reason), event);
  if (!is_printable(token)) return refusal_for("no_hold", event);
  auto hold = parts_.orders.release(std::string(token), permission);
  if (!hold) return trouble(hold.error(), event);
  if (hold->outcome != "released") return refusal_for(hold->outcome, event);
  parts_.feed.changed({hold->event, hold->seat, "free", hold->version});
  event.add("outcome", "released");
  http::Response response = json_answer(204, "");
  acknowledge(response, permission, "hold");
  return response;
}

http::Response Api::events(const http::Request&, std::string_view, WideEvent& event) {
  auto known = parts_.catalog.events();
  return known ? json_answer(200, events_body(**known)) : read_trouble(known.error(), event);
}

http::Response Api::seats(const http::Request&, std::string_view id, WideEvent& event) {
  const auto number = to_id(id);
  if (!number) return refusal_for("no_event", event);
  auto seats = parts_.catalog.seats(*number);
  if (!seats) return read_trouble(seats.error(), event);
  if (seats->empty()) return refusal_for("no_event", event);
  return json_answer(200, seats_body(*number, *seats));
}

http::Response Api::page(const http::Request&, std::string_view, WideEvent& event) {
  auto known = parts_.catalog.events();
  if (!known) return read_trouble(known.error(), event);
  http::Response response = json_answer(200, events_page(**known, parts_.region));
  response.content_type = "text/html; charset=utf-8";
  return response;
}

http::Response Api::feed(const http::Request&, std::string_view, WideEvent& event) {
  auto response = refusal(426, "this is a WebSocket; expected an upgrade", event);
  response.headers.emplace_back("Upgrade", "websocket");
  return response;
}

void Api::open_feed(const http::Request& request, std::shared_ptr<http::WebSocket> socket) {
  const auto event = to_id(request.parameter("event"));
  if (request.path != "/feed" || !event) return socket->close();
  parts_.feed.join(*event, std::move(socket));
}

}  // namespace understudy::boxoffice
