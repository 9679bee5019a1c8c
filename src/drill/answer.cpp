#include "drill/answer.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <optional>

namespace understudy::drill {
namespace {

namespace json = boost::json;

std::optional<json::object> parse_object(std::string_view body) {
  json::error_code failed;
  auto value = json::parse(json::string_view(body.data(), body.size()), failed);
  if (failed || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

std::string text(const json::object& body, std::string_view name) {
  const auto* value = body.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::int64_t> number(const json::object& body, std::string_view name) {
  const auto* value = body.if_contains(name);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

std::optional<Sold> read_sale(const json::object& body) {
  Sold sold;
  const auto event = number(body, "event");
  const auto seat = number(body, "seat");
  if (!event || !seat) return std::nullopt;
  sold.event = *event;
  sold.seat = *seat;
  const auto id = number(body, "order");
  sold.order = id ? std::to_string(*id) : text(body, "order");
  const auto* by = body.if_contains("acknowledged_by");
  const json::object& who = by != nullptr && by->is_object() ? by->get_object() : body;
  sold.epoch = number(who, "epoch").value_or(0);  // a service without fencing knows no epoch
  sold.region = text(who, "region");
  if (sold.order.empty() || sold.region.empty()) return std::nullopt;
  return sold;
}

Answer judge_status(unsigned status, const std::optional<json::object>& body) {
  const std::string said = body ? text(*body, "error") : std::string();
  const std::string reason = said.empty() ? fmt::format("HTTP {}", status) : said;
  if (status == 200 || status == 201) {
    if (auto sold = body ? read_sale(*body) : std::nullopt) return *std::move(sold);
    return CannotKnow{fmt::format("HTTP {} without a readable order", status)};
  }
  const std::string outcome = body ? text(*body, "outcome") : std::string();
  if (outcome == "refused") return NotSold{reason};
  if (outcome == "unknown") return CannotKnow{reason};
  if (status >= 400 && status < 500) return NotSold{reason};
  if (status == 503) return NotSold{"HTTP 503 from a proxy: no server"};
  return CannotKnow{reason};
}

}  // namespace

Answer judge_answer(const Exchange& exchange) {
  switch (exchange.delivery) {
    case Delivery::answered: return judge_status(exchange.status, parse_object(exchange.body));
    case Delivery::never_sent: return NotSold{"never sent: " + exchange.error};
    case Delivery::cut: return CannotKnow{"cut: " + exchange.error};
    case Delivery::timed_out: return CannotKnow{"timed out: " + exchange.error};
  }
  return CannotKnow{"no outcome"};
}

}  // namespace understudy::drill
