#include "configuration.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>

#include "system/http.h"

namespace understudy::boxoffice {
namespace {

constexpr std::pair<Role, std::string_view> kRoles[] = {
    {Role::api_web, "api-web"},
    {Role::api_cron, "api-cron"},
    {Role::api_worker, "api-worker"},
    {Role::notifications, "notifications"},
    {Role::webapp, "webapp"},
    {Role::partner_dashboard, "partner-dashboard"},
    {Role::admin, "admin"},
    {Role::marketing, "marketing"},
    {Role::short_links, "short-links"}};

std::optional<Role> to_role(std::string_view text) {
  for (const auto& [role, name] : kRoles)
    if (name == text) return role;
  return std::nullopt;
}

std::string role_names() {
  std::string names;
  for (const auto& [role, name] : kRoles)
    names += (names.empty()                           ? ""
              : &name == &std::end(kRoles)[-1].second ? " or "
                                                      : ", ") +
             std::string(name);
  return names;
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
  into.region = value_of(environment, "REGION");
  if (into.region.empty()) return wrong_variable("REGION", "is not set", "the name of this region");
  into.instance = value_of(environment, "INSTANCE");
  if (into.instance.empty())
    return wrong_variable("INSTANCE", "is not set", "a name for this process, like api-web-1");
  into.host = value_of(environment, "HOST");
  const std::string port = value_of(environment, "PORT");
  const bool may_be_silent = into.role == Role::api_cron || into.role == Role::api_worker;
  if (port.empty() && may_be_silent) return std::nullopt;
  if (into.host.empty()) return wrong_variable("HOST", "is not set", "the address to listen on");
  into.port = to_number<std::uint16_t>(port, 1, 65535);
  if (!into.port) return wrong_variable("PORT", shown(port), "a port from 1 to 65535");
  return std::nullopt;
}

std::optional<Error> read_stores(const Environment& environment, Configuration& into) {
  into.database = value_of(environment, "DATABASE_URL");
  if (into.database.empty() || !is_conninfo(into.database))
    return wrong_variable(
        "DATABASE_URL", into.database.empty() ? "is not set" : "cannot be read",
        "a PostgreSQL connection string (its value is not shown: it holds a password)");
  if (const std::string url = value_of(environment, "REDIS_URL"); !url.empty()) {
    into.redis = to_redis(url);
    if (!into.redis)
      return wrong_variable(
          "REDIS_URL", "cannot be read",
          "redis://:password@host:port (its value is not shown: it holds a password)");
  }
  if (const std::string text = value_of(environment, "DATABASE_CONNECTIONS"); !text.empty()) {
    const auto connections = to_number<unsigned>(text, 1, 200);
    if (!connections)
      return wrong_variable("DATABASE_CONNECTIONS", shown(text), "a number from 1 to 200");
    into.connections = *connections;
    into.workers = 2 * *connections;
  }
  return std::nullopt;
}

std::optional<Error> read_fence(const Environment& environment, Configuration& into) {
  const std::string unprotected = value_of(environment, "UNDERSTUDY_UNPROTECTED");
  if (!unprotected.empty() && unprotected != "0" && unprotected != "1")
    return wrong_variable("UNDERSTUDY_UNPROTECTED", shown(unprotected), "1 or nothing");
  into.unprotected = unprotected == "1";
  into.page = value_of(environment, "UNDERSTUDY_PAGE");
  if (into.page.empty() && !into.unprotected)
    return wrong_variable("UNDERSTUDY_PAGE", "is not set",
                          "the path of the fence page that this region's agent writes");
  return std::nullopt;
}

}  // namespace

std::string value_of(const Environment& environment, const char* name) {
  const char* text = environment(name);
  return text == nullptr ? "" : text;
}

Error wrong_variable(std::string_view name, std::string_view is, std::string_view expected) {
  return {After::unchanged_final, fmt::format("{} {}; expected {}", name, is, expected)};
}

std::string_view to_string(Role role) {
  for (const auto& [each, name] : kRoles)
    if (each == role) return name;
  return "?";
}

Result<Configuration> read_configuration(const Environment& environment) {
  Configuration read;
  const std::string text = value_of(environment, "ROLE");
  const auto role = to_role(text);
  if (!role) return wrong_variable("ROLE", shown(text), role_names());
  read.role = *role;
  if (auto error = read_place(environment, read)) return *error;
  if (read.role != Role::notifications)
    if (auto error = read_stores(environment, read)) return *error;
  if (auto error = read_fence(environment, read)) return *error;
  return read;
}

}  // namespace understudy::boxoffice
