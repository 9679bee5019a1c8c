#include "page_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace understudy::boxoffice {
namespace {

/// "http://host:port" or "https://...", its last '/' left out.
std::optional<Error> read_url(const Environment& environment, const char* name, std::string& into) {
  into = value_of(environment, name);
  if (into.ends_with('/')) into.pop_back();
  const bool is_url = into.starts_with("http://") || into.starts_with("https://");
  // It becomes part of headers and of a policy that a space or semicolon would end.
  if (is_url && into.find_first_of(" ;,'\\\"<>\r\n") == std::string::npos) return std::nullopt;
  return wrong_variable(name, into.empty() ? "is not set" : fmt::format("is \"{}\"", into),
                        "a URL such as http://127.0.4.1:7080");
}

}  // namespace

Result<PageSettings> read_page_settings(const Configuration& configuration,
                                        const Environment& environment) {
  const auto is = [&](std::initializer_list<Role> roles) {
    return std::find(roles.begin(), roles.end(), configuration.role) != roles.end();
  };
  PageSettings read;
  if (is({Role::webapp, Role::partner_dashboard, Role::admin, Role::short_links}) &&
      !configuration.redis)
    return wrong_variable("REDIS_URL", "is not set",
                          "redis://:password@host:port, for sessions and counts");
  if (is({Role::webapp}) && !value_of(environment, "API_URL").empty())
    if (auto error = read_url(environment, "API_URL", read.api_url)) return *error;
  if (is({Role::marketing, Role::short_links}))
    if (auto error = read_url(environment, "WEBAPP_URL", read.webapp_url)) return *error;
  if (!is({Role::partner_dashboard, Role::admin})) return read;
  read.staff_password = value_of(environment, "STAFF_PASSWORD");
  if (!read.staff_password.empty()) return read;
  return wrong_variable("STAFF_PASSWORD", "is not set",
                        "the password with which the staff signs in");
}

}  // namespace understudy::boxoffice
