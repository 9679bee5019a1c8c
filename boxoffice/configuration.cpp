#include "configuration.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>

#include "system/http.h"

namespace understudy::boxoffice {
namespace {

std::string value(const Environment& environment, const char* name) {
  const char* text = environment(name);
  return text == nullptr ? "" : text;
}

Error wrong(std::string_view name, std::string_view is, std::string_view expected) {
  return {After::unchanged_final, fmt::format("{} {}; expected {}", name, is, expected)};
}

/// For variables that are no secrets.
std::string shown(const std::string& text) {
  return text.empty() ? "is not set" : fmt::format("is \"{}\"", text);
}

template <class Number>
std::optional<Number> to_number(std::string_view text, Number least, Number most) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (number < least || number > most) return std::nullopt;
  return number;
}

/// A database of which libpq can make sense; whether it answers is seen later.
bool is_conninfo(const std::string& text) {
  char* complaint = nullptr;
  PQconninfoOption* options = PQconninfoParse(text.c_str(), &complaint);
  PQfreemem(complaint);
  if (options == nullptr) return false;
  PQconninfoFree(options);
  return true;
}

std::optional<RedisAddress> to_redis(std::string_view url) {
  constexpr std::string_view kScheme = "redis://";
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  if (url.ends_with('/')) url.remove_suffix(1);
  RedisAddress address;
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    const auto colon = url.substr(0, at).find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto password = http::percent_decode(url.substr(colon + 1, at - colon - 1));
    if (!password) return std::nullopt;
    address.password = std::move(*password);
    url.remove_prefix(at + 1);
  }
  const auto colon = url.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const auto port = to_number<std::uint16_t>(url.substr(colon + 1), 1, 65535);
  if (!port) return std::nullopt;
  address.host = url.substr(0, colon);
  address.port = *port;
  return address;
}

std::optional<Error> read_place(const Environment& environment, Configuration& into) {
  into.region = value(environment, "REGION");
  if (into.region.empty()) return wrong("REGION", "is not set", "the name of this region");
  into.instance = value(environment, "INSTANCE");
  if (into.instance.empty())
    return wrong("INSTANCE", "is not set", "a name for this process, like api-web-1");
  into.host = value(environment, "HOST");
  const std::string port = value(environment, "PORT");
  if (port.empty() && into.role == Role::api_cron) return std::nullopt;
  if (into.host.empty()) return wrong("HOST", "is not set", "the address to listen on");
  into.port = to_number<std::uint16_t>(port, 1, 65535);
  if (!into.port) return wrong("PORT", shown(port), "a port from 1 to 65535");
  return std::nullopt;
}

std::optional<Error> read_stores(const Environment& environment, Configuration& into) {
  into.database = value(environment, "DATABASE_URL");
  if (into.database.empty() || !is_conninfo(into.database))
    return wrong("DATABASE_URL", into.database.empty() ? "is not set" : "cannot be read",
                 "a PostgreSQL connection string (its value is not shown: it holds a password)");
  if (const std::string url = value(environment, "REDIS_URL"); !url.empty()) {
    into.redis = to_redis(url);
    if (!into.redis)
      return wrong("REDIS_URL", "cannot be read",
                   "redis://:password@host:port (its value is not shown: it holds a password)");
  }
  if (const std::string text = value(environment, "DATABASE_CONNECTIONS"); !text.empty()) {
    const auto connections = to_number<unsigned>(text, 1, 200);
    if (!connections) return wrong("DATABASE_CONNECTIONS", shown(text), "a number from 1 to 200");
    into.connections = *connections;
    into.workers = 2 * *connections;
  }
  return std::nullopt;
}

std::optional<Error> read_fence(const Environment& environment, Configuration& into) {
  const std::string unprotected = value(environment, "UNDERSTUDY_UNPROTECTED");
  if (!unprotected.empty() && unprotected != "0" && unprotected != "1")
    return wrong("UNDERSTUDY_UNPROTECTED", shown(unprotected), "1 or nothing");
  into.unprotected = unprotected == "1";
  into.page = value(environment, "UNDERSTUDY_PAGE");
  if (into.page.empty() && !into.unprotected)
    return wrong("UNDERSTUDY_PAGE", "is not set",
                 "the path of the fence page that this region's agent writes");
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Role role) { return role == Role::api_web ? "api-web" : "api-cron"; }

Result<Configuration> read_configuration(const Environment& environment) {
  Configuration read;
  const std::string role = value(environment, "ROLE");
  if (role == "api-cron")
    read.role = Role::api_cron;
  else if (role != "api-web")
    return wrong("ROLE", shown(role), "api-web or api-cron");
  if (auto error = read_place(environment, read)) return *error;
  if (auto error = read_stores(environment, read)) return *error;
  if (auto error = read_fence(environment, read)) return *error;
  return read;
}

}  // namespace understudy::boxoffice
