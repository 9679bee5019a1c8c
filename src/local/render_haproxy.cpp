// HAProxy's two parts in the local stack: a region's load balancer, and the edge.

#include <fmt/format.h>

#include <algorithm>

#include "local/render.h"

namespace understudy {

namespace {

// Checks every 100 ms; two in a row must fail, since one alone may be a busy machine.
constexpr std::string_view kCheck =
    "check inter 100ms fall 2 rise 1 on-marked-down shutdown-sessions";

/// HAProxy reads the clock once a round of its loop, and one round may serve many answers: stopped
/// in the middle of it, it would judge the rest by the time before the stop
/// (kLateAcknowledgements). So a round takes one event. Measured with 20 requests in flight on a
/// busy machine: 128 late answers in 400 stops without it, 2 with it; what remains is the way from
/// the rule to the send() of the same answer. (`tune.runqueue-depth 1` as well starves the health
/// checks.)
std::string common(const std::string& socket, const std::string& states_file) {
  return fmt::format(R"(# Written by understudy up.
global
  maxconn 4000
  nbthread 1
  tune.maxpollevents 1
  stats socket {} mode 600 level admin
  server-state-file {}
  tune.ssl.default-dh-param 2048

defaults
  mode http
  timeout connect 500ms
  timeout client 60s
  timeout server 10s
  timeout tunnel 1h
  timeout http-request 5s
  timeout check 500ms
  retries 0
  load-server-state-from-file global
)",
                     socket, states_file);
}

/// A server of a backend, by the numbers that the file of states repeats.
struct Server {
  unsigned backend_id;
  std::string backend;
  unsigned id;
  std::string name;
  Endpoint endpoint;
};

/// HAProxy takes a server for healthy until its first check has ended: for as long as a service
/// that starts takes to say that it is not ready, a region that may not write would be called
/// ready. So every server begins as one whose check failed (management guide, "show servers
/// state"; `init-state` says it from HAProxy 3.1 on).
std::string all_down(const std::vector<Server>& servers) {
  std::string text =
      "1\n"
      "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
      "srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health "
      "srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord "
      "srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n";
  for (const Server& each : servers) {
    text +=
        fmt::format("{} {} {} {} {} 0 0 1 1 0 8 2 0 6 0 1 1 - {} - 0 0 - - 0\n", each.backend_id,
                    each.backend, each.id, each.name, each.endpoint.address, each.endpoint.port);
  }
  return text;
}

/// A service says how long after the request its acknowledgement may be given. One that was held up
/// here beyond that (this process was frozen with the answer in its hands) is not given: the
/// outcome is unknown.
constexpr std::string_view kLateAcknowledgements = R"(
  http-request set-var(txn.came) date(0,ms)
  http-response set-var(txn.within) res.hdr(Understudy-Acknowledge-Within),add(0) if { res.hdr(Understudy-Acknowledge-Within) -m found }
  http-response return status 503 content-type application/json string "{\"error\":\"the lease ran out before this answer could leave\",\"outcome\":\"unknown\"}" if { var(txn.within) -m found } { date(0,ms),sub(txn.came),sub(txn.within) ge 0 }
)";

/// Above the numbers that HAProxy itself gives to the few frontends.
constexpr unsigned kFirstBackend = 101;

std::vector<Server> servers_of(const Layout& layout, const std::string& region,
                               const Service& service, unsigned backend_id) {
  std::vector<Server> servers;
  for (unsigned i = 0; i < Layout::instances_max(service); ++i) {
    servers.push_back({backend_id, service.name, i + 1, fmt::format("{}.{}", service.name, i),
                       layout.service(region, service.name, i)});
  }
  return servers;
}

/// What a target must say to get requests. A page is asked of any region whose process is well: a
/// standby answers it from its own database.
const std::string& check_path(const Service& service) {
  return service.ingress == IngressKind::cdn ? service.live_path : service.ready_path;
}

std::string service_backend(const Service& service, const std::vector<Server>& servers) {
  std::string text =
      fmt::format("\nbackend {}\n  id {}\n  balance leastconn\n  option httpchk GET {}\n",
                  service.name, servers.front().backend_id, check_path(service));
  for (const Server& each : servers)
    text +=
        fmt::format("  server {} {} id {} {}\n", each.name, each.endpoint.text(), each.id, kCheck);
  return text;
}

/// The region is ready when every route of the accelerator has a healthy target; nothing else moves
/// the region's traffic.
std::string readiness(const Topology& topology, const std::string& region) {
  std::string ready;
  for (const Service* service : topology.reached_by(IngressKind::accelerator))
    ready += fmt::format(" {{ nbsrv({}) ge 1 }}", service->name);
  return fmt::format(
      "  http-request return status 200 content-type application/json string "
      "\"{{\\\"region\\\":\\\"{0}\\\",\\\"ready\\\":true}}\" "
      "if {{ path {1} }}{2}\n"
      "  http-request return status 503 content-type application/json string "
      "\"{{\\\"region\\\":\\\"{0}\\\",\\\"ready\\\":false}}\" "
      "if {{ path {1} }}\n",
      region, kRegionReadyPath, ready);
}

/// Pages by their host; of the rest, the longest path that fits.
std::string routes(const Topology& topology) {
  std::string text;
  for (const Service* service : topology.reached_by(IngressKind::cdn)) {
    text +=
        fmt::format("  use_backend {0} if {{ hdr(host),field(1,:),field(1,.) -m str -i {0} }}\n",
                    service->name);
  }
  auto services = topology.reached_by(IngressKind::accelerator);
  std::stable_sort(services.begin(), services.end(), [](const Service* a, const Service* b) {
    return a->path.value_or("").size() > b->path.value_or("").size();
  });
  for (const Service* service : services) {
    text += service->path ? fmt::format("  use_backend {} if {{ path_beg {} }}\n", service->name,
                                        *service->path)
                          : fmt::format("  default_backend {}\n", service->name);
  }
  return text;
}

/// For the region's own services alone: only they are told of it.
std::string internal_frontend(const Layout& layout, const std::string& region,
                              const Service& service) {
  return fmt::format("\nfrontend internal-{0}\n  bind {1}\n  default_backend {0}\n", service.name,
                     layout.internal(region, service.name).text());
}

/// The edge's two backends lead to the same regions.
constexpr unsigned kRegionsBackend = kFirstBackend;
constexpr unsigned kWritersBackend = kFirstBackend + 1;

}  // namespace

HaproxyFiles load_balancer_files(const Layout& layout, const std::string& region) {
  const Topology& topology = layout.topology();
  const std::string states = layout.domain(region).file("load-balancer.states");
  std::string text = common(haproxy_socket(layout, region), states);
  text += fmt::format("\nfrontend region\n  bind {}\n", layout.load_balancer(region).text());
  text += fmt::format("  http-request silent-drop if {{ src -f {} }}\n",
                      layout.domain(region).file("cut-off.acl"));
  text += readiness(topology, region);
  text += kLateAcknowledgements;
  text += routes(topology);
  for (const Service* service : topology.reached_by(IngressKind::internal))
    text += internal_frontend(layout, region, *service);
  std::vector<Server> all;
  unsigned backend_id = kFirstBackend;
  for (const Service& service : topology.services) {
    if (service.ingress == IngressKind::none) continue;
    const auto servers = servers_of(layout, region, service, backend_id++);
    text += service_backend(service, servers);
    all.insert(all.end(), servers.begin(), servers.end());
  }
  return {text, states, all_down(all)};
}

HaproxyFiles edge_files(const Layout& layout) {
  const std::string states = layout.file("edge/edge.states");
  std::vector<Server> all;
  std::string text = common(haproxy_socket(layout, "edge"), states);
  text += fmt::format("\nfrontend accelerator\n  bind {}\n", layout.edge_http().text());
  text += kLateAcknowledgements;
  text += fmt::format(
      "  default_backend regions\n\nbackend regions\n  id {}\n  balance first\n  option httpchk "
      "GET {}\n",
      kRegionsBackend, kRegionReadyPath);
  const std::string& source = layout.topology().edge_address;
  unsigned id = 0;
  for (const Region& region : layout.topology().regions) {
    const Endpoint endpoint = layout.load_balancer(region.name);
    all.push_back({kRegionsBackend, "regions", ++id, region.name, endpoint});
    text += fmt::format("  server {} {} id {} source {} {}\n", region.name, endpoint.text(), id,
                        source, kCheck);
  }
  text += fmt::format(
      "\nfrontend database\n  mode tcp\n  bind {}\n  timeout client 1h\n  default_backend "
      "writers\n\n"
      "backend writers\n  id {}\n  mode tcp\n  timeout server 1h\n  balance first\n  option "
      "httpchk "
      "GET {}\n",
      layout.edge_database().text(), kWritersBackend, kRegionReadyPath);
  id = 0;
  for (const Region& region : layout.topology().regions) {
    const Endpoint endpoint = layout.postgres(region.name);
    all.push_back({kWritersBackend, "writers", ++id, region.name, endpoint});
    text += fmt::format("  server {} {} id {} source {} {} port {}\n", region.name, endpoint.text(),
                        id, source, kCheck, layout.load_balancer(region.name).port);
  }
  return {text, states, all_down(all)};
}

}  // namespace understudy
