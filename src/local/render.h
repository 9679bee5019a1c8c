#pragma once
// The configuration files of the local stack, as text. Pure: a function of layout and secrets.

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "local/layout.h"
#include "local/secrets.h"
#include "local/units.h"

namespace understudy {

/// Programs of the machine that the stack runs.
struct Programs {
  std::string postgres_folder;  ///< initdb, postgres, pg_basebackup, pg_ctl
  std::string redis_server;
  std::string haproxy;
  std::string nginx;  ///< "" if no service has ingress cdn
};

[[nodiscard]] std::string postgres_configuration(const Layout& layout, const std::string& region);
/// Who may connect. `admitting`: applications, too.
[[nodiscard]] std::string postgres_admission(const Layout& layout, bool admitting);
/// The one-line password file by which a standby reaches the other region.
[[nodiscard]] std::string replication_passfile(const Layout& layout, const std::string& region,
                                               const StackSecrets& secrets);
/// Roles, the application's database, and Understudy's own schema in it. Run once, as superuser, in
/// database "postgres" (first) and in the application's (second).
[[nodiscard]] std::string bootstrap_cluster(const Layout& layout, const StackSecrets& secrets);
[[nodiscard]] std::string bootstrap_database(const Layout& layout);

[[nodiscard]] std::string redis_configuration(const Layout& layout, const std::string& region,
                                              const StackSecrets& secrets);

/// What a HAProxy reads: its configuration, and in files of their own, at the paths that the
/// configuration names, that each of its servers is down until a check has said otherwise, and at
/// the edge how requests wait.
struct HaproxyFiles {
  struct File {
    std::string path, content;
  };
  std::string configuration;
  std::vector<File> beside;
};
[[nodiscard]] HaproxyFiles load_balancer_files(const Layout& layout, const std::string& region);
[[nodiscard]] HaproxyFiles edge_files(const Layout& layout);
/// Backend and server of a region's load balancer that are in maintenance while the region takes no
/// new requests. No service can be called so.
inline constexpr std::string_view kGateServer = "region_gate/open";

/// How long the CDN waits for an origin. CloudFront's least for connecting; it tries once.
struct CdnTimeouts {
  milliseconds connect = milliseconds(1000);
  /// For a request that has another origin to go to: between two pieces of an answer.
  milliseconds read = milliseconds(2000);
  /// For one that has not; the accelerator gives up before.
  milliseconds write = milliseconds(30'000);
};
/// nginx as CDN. Requires: a service has ingress cdn.
[[nodiscard]] std::string cdn_configuration(const Layout& layout, const CdnTimeouts& timeouts = {});

/// The runtime sockets of the HAProxies; their folder is only their user's.
[[nodiscard]] std::string haproxy_socket(const Layout& layout, const std::string& domain);

/// Where the socket of a region's server lies while only we are to reach it.
[[nodiscard]] std::string private_socket_folder(const Layout& layout, const std::string& region);

/// The replication slot of a region's standby, on the other region's primary.
[[nodiscard]] std::string replication_slot(const std::string& region);
/// How a region's standby reaches the other region: its password is in the passfile.
[[nodiscard]] std::string replication_conninfo(const Layout& layout, const std::string& region);

/// libpq connection strings. They hold passwords.
[[nodiscard]] std::string understudy_conninfo(const Layout& layout, const std::string& region,
                                              const StackSecrets& secrets);
[[nodiscard]] std::string superuser_conninfo(const Layout& layout, const std::string& region,
                                             const StackSecrets& secrets);
[[nodiscard]] std::string application_conninfo(const Layout& layout, const std::string& region,
                                               const StackSecrets& secrets);

/// What the supervisor of a domain runs, in starting order.
[[nodiscard]] std::vector<Unit> units_of(const Layout& layout, const std::string& domain,
                                         const Programs& programs, const StackSecrets& secrets);

/// Where a service's program stands in a region, if it is a file that `up` deploys.
[[nodiscard]] std::string deployed_program(const Layout& layout, const std::string& region,
                                           const Service& service);

}  // namespace understudy
