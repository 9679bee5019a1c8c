#pragma once
// Every setting of understudy.yaml, once: its name, its bounds, whether it must be there. The YAML
// reader, the checks, and JSON in both directions are visitors of this list, so none can forget
// one.

#include <array>
#include <string_view>

#include "topology/topology.h"

namespace understudy {

enum class Need : bool { optional, required };

struct LengthBounds {
  Duration least, most;
};

struct CountBounds {
  unsigned least, most;
};

/// What a text must look like.
enum class TextRule {
  any,
  name,        ///< usable as host and as file name
  address,     ///< IPv4, loopback
  url_path,    ///< begins with '/', no spaces
  url_prefix,  ///< whole segments: "/s/"
  identifier,  ///< of PostgreSQL, without quotes
  file,        ///< a path; '~' is not expanded
  user,        ///< of the operating system
};

/// The environment variables by which Understudy tells a service of its place.
inline constexpr std::array<std::string_view, 9> kSetByUnderstudy = {
    "API_URL", "CDN_URL",   "DATABASE_URL", "HOST",           "INSTANCE",
    "PORT",    "REDIS_URL", "REGION",       "UNDERSTUDY_PAGE"};

/// Postures in which a standby region runs nothing; in the others it runs as much as the active
/// one unless told otherwise.
constexpr bool stands_by_empty(Posture posture) {
  return posture == Posture::edge_cached || posture == Posture::scaled_on_failover ||
         posture == Posture::active_only;
}

inline void assume_standby_instances(Service& service) {
  service.instances_standby = stands_by_empty(service.posture) ? 0 : service.instances_active;
}
inline void assume_standby_instances(const Service& /*service*/) {}

template <class Visitor, class S>
void visit_service(Visitor& visit, S& service) {
  visit.texts("command", service.command, Need::required);
  visit.pairs("environment", service.environment);
  visit.variables("secrets", service.secrets);
  visit.flag("listens", service.listens);
  visit.text("ready_path", service.ready_path, Need::optional, TextRule::url_path);
  visit.text("live_path", service.live_path, Need::optional, TextRule::url_path);
  visit.choice("ingress", service.ingress);
  visit.optional_text("path", service.path, TextRule::url_prefix);
  visit.choice("posture", service.posture);
  visit.count("instances_active", service.instances_active, CountBounds{1, 64});
  assume_standby_instances(service);
  visit.count("instances_standby", service.instances_standby, CountBounds{0, 64});
}

template <class Visitor, class D>
void visit_database(Visitor& visit, D& database) {
  visit.text("name", database.name, Need::optional, TextRule::identifier);
  visit.text("application_role", database.application_role, Need::optional, TextRule::identifier);
  visit.optional_text("schema_file", database.schema_file, TextRule::file);
  visit.choice("replication", database.replication);
  visit.count("connections_max", database.connections_max, CountBounds{20, 5000});
}

template <class Visitor, class L>
void visit_lease(Visitor& visit, L& lease) {
  using namespace std::chrono_literals;
  visit.length("ttl", lease.ttl, LengthBounds{500ms, 60s});
  visit.length("renew_interval", lease.renew_interval, LengthBounds{50ms, 20s});
  visit.length("margin", lease.margin, LengthBounds{1ms, 60s});
  visit.length("answer_max", lease.answer_max, LengthBounds{1ms, 10s});
  visit.count("clock_drift_ppm_max", lease.clock_drift_ppm_max, CountBounds{1, 100'000});
}

template <class Visitor, class P>
void visit_probe(Visitor& visit, P& probe) {
  using namespace std::chrono_literals;
  visit.length("interval", probe.interval, LengthBounds{20ms, 60s});
  visit.length("timeout", probe.timeout, LengthBounds{20ms, 60s});
  visit.count("failures", probe.failures, CountBounds{1, 100});
  visit.length("patience", probe.patience, LengthBounds{100ms, 1h});
}

template <class Visitor, class P>
void visit_policy(Visitor& visit, P& policy) {
  using namespace std::chrono_literals;
  visit.choice("automatic_failover", policy.automatic_failover);
  visit.length("lag_budget", policy.lag_budget, LengthBounds{0s, 24h});
  visit.choice("over_budget", policy.over_budget);
  visit.choice("rpo", policy.rpo);
  visit.length("rpo_hold_max", policy.rpo_hold_max, LengthBounds{1s, 24h});
  visit.length("detach_after", policy.detach_after, LengthBounds{1s, 24h});
  visit.length("failover_interval_min", policy.failover_interval_min, LengthBounds{0s, 720h});
  visit.flag("automatic_rejoin", policy.automatic_rejoin);
}

template <class Visitor, class T>
void visit_alert_target(Visitor& visit, T& target) {
  visit.texts("command", target.command, Need::optional);
  visit.optional_text("webhook_file", target.webhook_file, TextRule::file);
  visit.choice("format", target.format);
  visit.group("smtp", [&](auto& inner) {
    inner.text("url", target.smtp.url, Need::required, TextRule::any);
    inner.text("from", target.smtp.from, Need::required, TextRule::any);
    inner.texts("to", target.smtp.to, Need::optional);
    inner.text("user", target.smtp.user, Need::optional, TextRule::any);
    inner.optional_text("password_file", target.smtp.password_file, TextRule::file);
  });
}

template <class Visitor, class A>
void visit_alerts(Visitor& visit, A& alerts) {
  using namespace std::chrono_literals;
  visit.length("repeat_interval", alerts.repeat_interval, LengthBounds{1min, 168h});
  visit.named("targets", alerts.targets, Need::optional,
              [](auto& inner, auto& target) { visit_alert_target(inner, target); });
}

template <class Visitor, class O>
void visit_objectives(Visitor& visit, O& objectives) {
  using namespace std::chrono_literals;
  visit.length("rto", objectives.rto, LengthBounds{1ms, 24h});
  visit.length("rto_full", objectives.rto_full, LengthBounds{1ms, 24h});
  visit.length("rpo", objectives.rpo, LengthBounds{0s, 24h});
}

template <class Visitor, class L>
void visit_local(Visitor& visit, L& local) {
  visit.text("data", local.data, Need::optional, TextRule::file);
  visit.count("port_base", local.port_base, CountBounds{1024, 60'000});
  visit.text("run_as", local.run_as, Need::optional, TextRule::user);
}

/// The most is what fits between the edge's own time-outs: src/local/render_haproxy.cpp.
inline constexpr LengthBounds kEdgeWait{Duration::zero(), std::chrono::seconds(10)};

template <class Visitor, class T>
void visit_topology(Visitor& visit, T& topology) {
  visit.text("platform", topology.platform, Need::required, TextRule::name);
  visit.named("regions", topology.regions, Need::required, [](auto& inner, auto& region) {
    inner.text("address", region.address, Need::required, TextRule::address);
  });
  visit.text("home", topology.home, Need::required, TextRule::any);
  visit.group("witness", [&](auto& inner) {
    inner.text("address", topology.witness_address, Need::optional, TextRule::address);
  });
  visit.group("edge", [&](auto& inner) {
    inner.text("address", topology.edge_address, Need::optional, TextRule::address);
    inner.length("wait_max", topology.edge_wait_max, kEdgeWait);
  });
  visit.named("services", topology.services, Need::required,
              [](auto& inner, auto& service) { visit_service(inner, service); });
  visit.group("database", [&](auto& inner) { visit_database(inner, topology.database); });
  visit.flag("redis", topology.redis);
  visit.group("lease", [&](auto& inner) { visit_lease(inner, topology.lease); });
  visit.group("probe", [&](auto& inner) { visit_probe(inner, topology.probe); });
  visit.group("policy", [&](auto& inner) { visit_policy(inner, topology.policy); });
  visit.group("alerts", [&](auto& inner) { visit_alerts(inner, topology.alerts); });
  visit.group("objectives", [&](auto& inner) { visit_objectives(inner, topology.objectives); });
  visit.group("local", [&](auto& inner) { visit_local(inner, topology.local); });
}

}  // namespace understudy
