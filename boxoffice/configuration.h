#pragma once
// What the environment says of this process.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"

namespace understudy::boxoffice {

enum class Role : std::uint8_t {
  api_web,
  api_cron,
  api_worker,
  notifications,
  webapp,
  partner_dashboard,
  admin,
  marketing,
  short_links
};

[[nodiscard]] std::string_view to_string(Role role);

struct RedisAddress {
  std::string host;
  std::uint16_t port = 0;
  std::string password;  ///< never logged; "": none is asked for
};

struct Configuration {
  Role role = Role::api_web;
  std::string host;
  std::optional<std::uint16_t> port;  ///< none: listens nowhere; only api-cron and -worker may
  std::string database;               ///< libpq's conninfo, with a password: never logged; "" only
                                      ///< for notifications, which has none
  std::optional<RedisAddress> redis;  ///< none: the seat feed stays within this process
  std::string region;
  std::string instance;
  std::string page;          ///< path of the fence page; "" only if unprotected
  bool unprotected = false;  ///< obeys no fence: for the drill that shows what this leads to
  unsigned connections = 16;
  unsigned workers = 32;
};

/// The value of a variable, or null.
using Environment = std::function<const char*(const char*)>;

/// The value of a variable, "" if it is not set.
[[nodiscard]] std::string value_of(const Environment& environment, const char* name);
/// "NAME is ...; expected ...", unchanged_final.
[[nodiscard]] Error wrong_variable(std::string_view name, std::string_view is,
                                   std::string_view expected);

/// The error names the first variable that is missing or wrong and what was expected; no secrets.
[[nodiscard]] Result<Configuration> read_configuration(const Environment& environment);

}  // namespace understudy::boxoffice
