#pragma once
// What this machine offers the stack: programs, and a user without privileges.

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "local/render.h"

namespace understudy {

/// PostgreSQL 15 (Debian's folder, or the one that UNDERSTUDY_POSTGRES_BIN names), Redis, HAProxy,
/// and nginx if a service has ingress cdn. Error, unchanged_final: what is missing and how to get
/// it.
[[nodiscard]] Result<Programs> find_programs(const Topology& topology);

/// Whom the stack runs as when we are root, since PostgreSQL refuses to be root.
struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

/// `wanted`, or `understudy`, or `postgres`; none when we are not root. Error: no such user.
[[nodiscard]] Result<std::optional<User>> user_to_run_as(const std::string& wanted);

/// Becomes that user for good. Requires: one thread.
[[nodiscard]] Result<Done> become(const User& user);

/// The folder of a stack that names none: below /var/lib for root, else the user's state directory.
[[nodiscard]] std::string default_data_folder(const std::string& platform);

/// Whether somebody listens at, or nobody may bind, that address. Error: the text names which.
[[nodiscard]] Result<Done> check_free(const Endpoint& endpoint);

}  // namespace understudy
