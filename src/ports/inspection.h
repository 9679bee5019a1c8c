#pragma once
// What a region's agent finds out about its own side when it is asked whether a failover could
// succeed. Asked seldom; what is asked all the time is AgentStatus.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace understudy {

/// The instances of a service in one region.
struct ServiceState {
  std::string name;
  unsigned places = 0;   ///< instances that could be started
  unsigned wanted = 0;   ///< that are to run
  unsigned running = 0;  ///< of those, with a process
  /// Of those, that have run for two seconds and, if the service listens, say at its live path that
  /// they are well.
  unsigned up = 0;
  std::string trouble;  ///< why fewer are up than wanted; ""
  bool operator==(const ServiceState&) const = default;
};

/// What an instance would be started with. No value leaves the region, only its digest.
struct ServiceConfiguration {
  std::string name;
  std::string program;          ///< its file
  std::string program_digest;   ///< "": it cannot be executed
  std::string program_problem;  ///< why not
  /// By variable (and "arguments"): equal digests are equal values, once what is a region's own in
  /// them (its address, name and folders) is taken out.
  std::map<std::string, std::string> variables;
  std::vector<std::string> missing;  ///< variables that it needs, and that are absent or empty
  /// What names the other region: "REDIS_URL names 127.0.1.1". Without the value.
  std::vector<std::string> foreign;
  bool operator==(const ServiceConfiguration&) const = default;
};

/// What must agree between two databases, one of which may replace the other.
struct DatabaseInspection {
  std::string version;                            ///< of the server: "15.14"
  std::map<std::string, std::string> settings;    ///< those that readiness compares
  std::map<std::string, std::string> extensions;  ///< installed, by the version its files offer; ""
  std::string collation_recorded;                 ///< version it was made with; "" if it has none
  std::string collation_actual;                   ///< version of the machine's library
  bool fence_loaded = false;                      ///< no commit without an open page
  std::uint64_t wal_bytes = 0;                    ///< of the log that is kept
  std::map<std::string, std::string> slots;       ///< replication slots, by their wal_status
  bool operator==(const DatabaseInspection&) const = default;
};

struct Inspection {
  std::string region;
  std::string build;  ///< of the agent's program
  std::optional<DatabaseInspection> database;
  std::string database_problem;  ///< why there is none
  /// Of the disk that holds the database; 0: not known.
  std::uint64_t disk_bytes = 0;
  std::uint64_t disk_free_bytes = 0;
  std::optional<WallTime> certificate_ends;  ///< the agent's
  std::vector<ServiceState> services;
  std::string services_problem;  ///< why there are none
  std::vector<ServiceConfiguration> configurations;
  bool operator==(const Inspection&) const = default;
};

/// One region, asked of its agent. Thread-safe. Nothing it does changes anything.
class RegionInspector {
 public:
  virtual ~RegionInspector() = default;
  [[nodiscard]] virtual Result<Inspection> inspect(BootTime deadline) = 0;
  /// The part that is quick.
  [[nodiscard]] virtual Result<std::vector<ServiceState>> services(BootTime deadline) = 0;
  /// Its wall clock, at once.
  [[nodiscard]] virtual Result<WallTime> wall(BootTime deadline) = 0;
};

}  // namespace understudy
