#include "local/machine.h"

#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "system/process.h"

namespace understudy {

namespace {
Error missing(const std::string& what, const std::string& package) {
  return {After::unchanged_final,
          what + " is not installed: scripts/setup, or apt-get install " + package};
}
}  // namespace

Result<Programs> find_programs(const Topology& topology) {
  const char* elsewhere = std::getenv("UNDERSTUDY_POSTGRES_BIN");
  const std::string postgres_folder = elsewhere != nullptr && *elsewhere != '\0'
                                          ? std::string(elsewhere)
                                          : std::string("/usr/lib/postgresql/15/bin");
  Programs programs{
      .postgres_folder = postgres_folder, .redis_server = {}, .haproxy = {}, .nginx = {}};
  for (const char* tool :
       {"postgres", "initdb", "pg_basebackup", "pg_controldata", "pg_rewind", "pg_waldump"}) {
    if (access((postgres_folder + "/" + tool).c_str(), X_OK) != 0)
      return missing(postgres_folder + "/" + tool + ": PostgreSQL 15", "postgresql-15");
  }
  if (access((postgres_folder + "/../lib/wal2json.so").c_str(), R_OK) != 0)
    return missing(postgres_folder + "/../lib/wal2json.so", "postgresql-15-wal2json");
  const auto redis = process::find_program("redis-server");
  if (!redis) return missing("Redis", "redis-server");
  programs.redis_server = *redis;
  const auto haproxy = process::find_program("haproxy");
  if (!haproxy) return missing("HAProxy", "haproxy");
  programs.haproxy = *haproxy;
  if (topology.reached_by(IngressKind::cdn).empty()) return programs;
  const auto nginx = process::find_program("nginx");
  if (!nginx) return missing("nginx, which services with ingress cdn need,", "nginx");
  programs.nginx = *nginx;
  return programs;
}

Result<std::optional<User>> user_to_run_as(const std::string& wanted) {
  if (geteuid() != 0) return std::optional<User>();
  for (const std::string& name : {wanted, std::string("understudy"), std::string("postgres")}) {
    if (name.empty()) continue;
    if (const passwd* found = getpwnam(name.c_str()))
      return std::optional(User{name, found->pw_uid, found->pw_gid});
    if (name == wanted)
      return Error{After::unchanged_final, "local.run_as: no user named \"" + name + "\""};
  }
  return Error{After::unchanged_final,
               "as root the stack runs as the user \"understudy\" or \"postgres\"; neither exists: "
               "run scripts/setup"};
}

Result<Done> become(const User& user) {
  if (initgroups(user.name.c_str(), user.gid) != 0 || setgid(user.gid) != 0 ||
      setuid(user.uid) != 0) {
    return Error{After::unchanged_final,
                 "becoming the user " + user.name + ": " + std::strerror(errno)};
  }
  setenv("HOME", "/", 1);
  return Done{};
}

std::string default_data_folder(const std::string& platform) {
  if (geteuid() == 0) return "/var/lib/understudy/" + platform;
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  const std::string base = state != nullptr && *state == '/'
                               ? std::string(state)
                               : std::string(home != nullptr ? home : "/tmp") + "/.local/state";
  return base + "/understudy/" + platform;
}

Result<Done> check_free(const Endpoint& endpoint) {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  inet_pton(AF_INET, endpoint.address.c_str(), &address.sin_addr);
  const int yes = 1;  // as the servers do; a socket that still closes does not count as taken
  setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool bound =
      bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      listen(probe, 1) == 0;
  const int code = errno;
  close(probe);
  if (bound) return Done{};
  return Error{After::unchanged_final, endpoint.text() + ": " + std::strerror(code)};
}

}  // namespace understudy
