#include "bodies.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <limits>

namespace understudy::boxoffice {
namespace {

namespace json = boost::json;

constexpr std::size_t kTextBytesMax = 200;
constexpr std::size_t kEventsOnPage = 50;
constexpr std::int64_t kHoldSecondsMax = 3600;

Error wrong(std::string what) { return {After::unchanged_final, std::move(what)}; }

Result<json::object> to_object(std::string_view body) {
  json::error_code failed;
  auto value = json::parse(json::string_view(body.data(), body.size()), failed);
  if (failed || !value.is_object()) return wrong("the body is no JSON object");
  return std::move(value.get_object());
}

/// None if absent or null.
Result<std::optional<std::int64_t>> number(const json::object& body, std::string_view name,
                                           std::int64_t most) {
  const json::value* value = body.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr || value->is_null()) return std::optional<std::int64_t>();
  const std::int64_t* found = value->if_int64();
  if (found == nullptr || *found < 1 || *found > most)
    return wrong(fmt::format("\"{}\" is wrong; expected a whole number from 1 to {}", name, most));
  return std::optional<std::int64_t>(*found);
}

/// None if absent or null. Boost.JSON has checked that it is UTF-8; PostgreSQL takes no zeroes.
Result<std::optional<std::string>> text(const json::object& body, std::string_view name) {
  const json::value* value = body.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr || value->is_null()) return std::optional<std::string>();
  const json::string* found = value->if_string();
  if (found == nullptr || found->empty() || found->size() > kTextBytesMax ||
      std::string_view(found->data(), found->size()).find('\0') != std::string_view::npos)
    return wrong(
        fmt::format("\"{}\" is wrong; expected a text of 1 to {} bytes", name, kTextBytesMax));
  return std::optional<std::string>(std::in_place, found->data(), found->size());
}

Result<Wish> to_wish(const json::object& body) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  Wish wish;
  auto event = number(body, "event", kMost);
  if (!event) return event.error();
  if (!*event) return wrong("\"event\" is missing; expected the number of an event");
  wish.event = **event;
  auto seat = number(body, "seat", kMost);
  if (!seat) return seat.error();
  wish.seat = *seat;
  auto buyer = text(body, "buyer");
  if (!buyer) return buyer.error();
  if (!*buyer) return wrong("\"buyer\" is missing; expected who buys");
  wish.buyer = **buyer;
  auto hold = text(body, "hold");
  if (!hold) return hold.error();
  wish.hold = *hold;
  if (wish.hold && !wish.seat) return wrong("\"hold\" needs the \"seat\" that is held");
  return wish;
}

void escape_html(std::string& out, std::string_view raw) {
  for (const char c : raw) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
}

}  // namespace

std::string quoted(std::string_view raw) { return json::serialize(json::string(raw)); }

Result<Wish> read_wish(std::string_view body) {
  auto object = to_object(body);
  if (!object) return object.error();
  return to_wish(*object);
}

Result<HoldWish> read_hold_wish(std::string_view body) {
  auto object = to_object(body);
  if (!object) return object.error();
  auto wish = to_wish(*object);
  if (!wish) return wish.error();
  auto seconds = number(*object, "seconds", kHoldSecondsMax);
  if (!seconds) return seconds.error();
  return HoldWish{std::move(*wish), seconds->value_or(HoldWish{}.seconds)};
}

std::string sale_body(const Sale& sale, std::string_view region, std::int64_t epoch) {
  return fmt::format(
      R"({{"order":{},"event":{},"seat":{},"epoch":{},"region":{},"acknowledged_by":{{"region":{},"epoch":{}}}}})",
      sale.order, sale.event, sale.seat, sale.epoch, quoted(sale.region), quoted(region), epoch);
}

std::string hold_body(const Hold& hold) {
  return fmt::format(R"({{"hold":{},"event":{},"seat":{},"expires_at":{}}})", quoted(hold.token),
                     hold.event, hold.seat, quoted(hold.expires_at));
}

std::string events_body(const std::vector<Event>& events) {
  std::string out = R"({"events":[)";
  for (const Event& event : events)
    fmt::format_to(std::back_inserter(out), R"({}{{"id":{},"name":{},"venue":{},"starts_at":{}}})",
                   &event == events.data() ? "" : ",", event.id, quoted(event.name),
                   quoted(event.venue), quoted(event.starts_at));
  return out += "]}";
}

std::string seats_body(std::int64_t event, const std::vector<SeatChange>& seats) {
  std::string out = fmt::format(R"({{"type":"snapshot","event":{},"seats":[)", event);
  for (const SeatChange& seat : seats)
    fmt::format_to(std::back_inserter(out), R"({}[{},"{}",{}])", &seat == seats.data() ? "" : ",",
                   seat.seat, seat.state, seat.version);
  return out += "]}";
}

std::string change_body(const SeatChange& change) {
  return fmt::format(R"({{"type":"seat","event":{},"seat":{},"state":"{}","version":{}}})",
                     change.event, change.seat, change.state, change.version);
}

std::string events_page(const std::vector<Event>& events, std::string_view region) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<title>Boxoffice</title></head>\n<body><h1>Boxoffice</h1>\n<ul>\n";
  for (std::size_t i = 0; i < events.size() && i < kEventsOnPage; ++i) {
    out += fmt::format("<li><a href=\"/api/events/{}\">", events[i].id);
    escape_html(out, events[i].name);
    out += "</a>, ";
    escape_html(out, events[i].venue);
    out += ", " + events[i].starts_at + "</li>\n";
  }
  out += "</ul>\n<footer>Served from ";
  escape_html(out, region);
  return out += "</footer></body></html>\n";
}

}  // namespace understudy::boxoffice
