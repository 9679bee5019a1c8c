#pragma once
// The platform described: understudy.yaml as values. Pure data; reading it is in load.h.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace understudy {

/// How much of a service runs in a standby region, and what a failover does to it.
enum class Posture : std::uint8_t {
  warm,                ///< runs in both regions, ready to serve
  minimal,             ///< runs in both, at reduced capacity in the standby
  edge_cached,         ///< served from the edge; runs in the active region
  scaled_on_failover,  ///< not in the standby; started by the failover
  active_only,         ///< a singleton: exactly one, in the active region, or none
};

/// How requests from outside reach a service.
enum class IngressKind : std::uint8_t {
  none,         ///< they do not
  accelerator,  ///< API and WebSocket traffic: moved as a whole by health (Global Accelerator)
  cdn,          ///< pages: failed over per request (CloudFront)
  internal,     ///< from the region's own services only
};

/// What to do when the standby may lack more than the lag budget.
enum class OverBudget : std::uint8_t { ask, wait, go_on };

/// What gives way while the standby is behind.
enum class RpoPolicy : std::uint8_t {
  availability_first,  ///< the loss that a failover may bring
  budget_first,        ///< commits, which wait, so that the lag budget is a guarantee
};

enum class Replication : std::uint8_t { asynchronous, synchronous };

enum class Automation : std::uint8_t { on, ask, off };

/// How a webhook wants its alerts packed.
enum class AlertFormat : std::uint8_t { json, slack, teams, discord };

/// Any command with environment, ports, health paths, ingress and posture.
struct Service {
  std::string name;
  std::vector<std::string>
      command;  ///< command[0] resolved against the file's folder if it has a '/'
  std::map<std::string, std::string> environment;
  /// Names of further variables, each a random value: made once a stack, the same in both regions.
  std::vector<std::string> secrets;
  bool listens = false;               ///< it serves HTTP on $PORT
  std::string ready_path = "/ready";  ///< 2xx only while it may take this region's traffic
  std::string live_path = "/live";    ///< 2xx while the process itself is well
  IngressKind ingress = IngressKind::none;
  /// Of an accelerator service: it gets the requests whose path begins so ("/s/"); the one without
  /// gets the rest.
  std::optional<std::string> path;
  Posture posture = Posture::warm;
  unsigned instances_active = 1;
  unsigned instances_standby = 1;

  /// How many run in a region, by whether it is the active one.
  [[nodiscard]] unsigned instances(bool active) const {
    return active ? instances_active : instances_standby;
  }
};

/// A place. Which one is active is in the registry, never here.
struct Region {
  std::string name;
  std::string address;  ///< the first of its address range: 127.0.1.1
};

struct DatabaseSettings {
  std::string name = "app";
  std::string application_role = "app";
  std::optional<std::string>
      schema_file;  ///< SQL run once, as the application role, when it is made
  Replication replication = Replication::asynchronous;
  unsigned connections_max = 200;
};

struct LeaseTiming {
  Duration ttl = std::chrono::seconds(2);
  Duration renew_interval = milliseconds(600);
  /// What a grantor or observer waits beyond the ttl.
  Duration margin = milliseconds(100);
  /// g in the protocol: longest time from a last check until that answer has left the process.
  Duration answer_max = milliseconds(50);
  /// ρ in the protocol, in parts per million: how far a clock's rate may be off.
  unsigned clock_drift_ppm_max = 1000;
};

struct ProbeTiming {
  Duration interval = milliseconds(200);
  Duration timeout = milliseconds(500);
  unsigned failures = 3;  ///< so many looks in a row before a vantage says "down"
  /// How long a database or an unready region may take to recover in place before we leave it.
  Duration patience = std::chrono::seconds(10);
};

/// From when a standby is too far behind until commits wait for it, at most: the agent looks ten
/// times a second, and the database takes a moment to obey.
inline constexpr Duration kHoldObeyed = milliseconds(300);

struct Policy {
  Automation automatic_failover = Automation::on;
  /// The loss that is accepted without asking: the standby may lack at most this much.
  Duration lag_budget = std::chrono::seconds(3);
  OverBudget over_budget = OverBudget::ask;
  RpoPolicy rpo = RpoPolicy::availability_first;
  /// With budget_first: commits wait for the standby at most so long at a time.
  Duration rpo_hold_max = std::chrono::seconds(30);
  /// A standby that nobody has heard of for so long is detached: the active region goes on alone,
  /// with an endless lease, until it streams again.
  Duration detach_after = std::chrono::seconds(30);
  /// Sooner than this after an automatic failover, the next one asks a person.
  Duration failover_interval_min = std::chrono::hours(1);
  /// A region that was left and is back is rebuilt as the standby without being asked for. What it
  /// alone has is kept first.
  bool automatic_rejoin = true;
};

/// A mail server and who is written to.
struct AlertMail {
  std::string url;  ///< smtp://host:port, or smtps://; "": no mail
  std::string from;
  std::vector<std::string> to;
  std::string user;                          ///< "": no login
  std::optional<std::string> password_file;  ///< its first line is the password
};

/// One way to reach people: exactly one of command, webhook_file and smtp. What is secret is in a
/// file, so that no copy of the topology holds it.
struct AlertTarget {
  std::string name;
  std::vector<std::string> command;         ///< gets the alert as JSON on standard input
  std::optional<std::string> webhook_file;  ///< its first line is the URL
  AlertFormat format = AlertFormat::json;   ///< of the webhook
  AlertMail smtp;
};

struct AlertSettings {
  /// A matter that goes on is told again after this time.
  Duration repeat_interval = std::chrono::hours(1);
  std::vector<AlertTarget> targets;
};

/// What the platform promises its users; drills are judged against it.
struct Objectives {
  Duration rto = milliseconds(3200);       ///< fault to the first order acknowledged again
  Duration rto_full = milliseconds(5000);  ///< fault to full service
  Duration rpo = milliseconds(3000);       ///< oldest acknowledged order that may be lost
};

/// How `understudy up` runs the platform on one machine.
struct LocalStack {
  std::string data;                ///< "": a folder of the user's state directory
  std::uint16_t port_base = 7000;  ///< every port of the stack is this plus a fixed offset
  std::string run_as;  ///< "": `understudy` if it exists, else `postgres`; only when root
};

struct Topology {
  std::string platform;
  std::vector<Region> regions;  ///< exactly two, in the order of the file
  std::string home;             ///< the region that is active when nothing is wrong
  std::string witness_address = "127.0.3.1";
  std::string edge_address = "127.0.4.1";
  /// How long a request to the accelerator waits at the edge while no region takes new ones; 0: it
  /// is refused at once. Short of the two seconds after which clients begin to give up, so that one
  /// who waited is still there for the answer.
  Duration edge_wait_max = milliseconds(1500);
  std::vector<Service> services;
  DatabaseSettings database;
  bool redis = true;
  LeaseTiming lease;
  ProbeTiming probe;
  Policy policy;
  AlertSettings alerts;
  Objectives objectives;
  LocalStack local;
  std::string directory;  ///< of the file; relative paths count from here

  /// None if there is no region of that name.
  [[nodiscard]] const Region* region(std::string_view name) const;
  /// Requires: `name` is one of the two regions.
  [[nodiscard]] const Region& other(std::string_view name) const;
  [[nodiscard]] const Service* service(std::string_view name) const;
  /// In the order of the file.
  [[nodiscard]] std::vector<const Service*> reached_by(IngressKind ingress) const;
};

/// The environment variable that tells a region's services where an internal one is:
/// "NOTIFICATIONS_URL".
[[nodiscard]] std::string url_variable(const Service& service);

[[nodiscard]] std::string_view to_string(Posture posture);
[[nodiscard]] std::string_view to_string(IngressKind ingress);
[[nodiscard]] std::string_view to_string(OverBudget over_budget);
[[nodiscard]] std::string_view to_string(RpoPolicy rpo);
[[nodiscard]] std::string_view to_string(Replication replication);
[[nodiscard]] std::string_view to_string(Automation automation);
[[nodiscard]] std::string_view to_string(AlertFormat format);

}  // namespace understudy
