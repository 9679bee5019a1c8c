// HAProxy's two parts in the local stack: a region's load balancer, and the edge.

#include <fmt/format.h>

#include <algorithm>

#include "local/render.h"
#include "local/waiting_room.h"
#include "topology/fields.h"

namespace understudy {

namespace {

// A request that waited here and then for its service must end before the CDN gives up on it.
static_assert(kEdgeWait.most + std::chrono::seconds(10) < CdnTimeouts{}.write);

// Checks every 100 ms; two in a row must fail, since one alone may be a busy machine.
constexpr std::string_view kCheck =
    "check inter 100ms fall 2 rise 1 on-marked-down shutdown-sessions";

/// HAProxy reads the clock once a round of its loop, and one round may serve many answers: stopped
/// in the middle of it, it would judge the rest by the time before the stop
/// (kLateAcknowledgements). So a round takes one event. Measured with 20 requests in flight on a
/// busy machine: 128 late answers in 400 stops without it, 2 with it; what remains is the way from
/// the rule to the send() of the same answer. (`tune.runqueue-depth 1` as well starves the health
/// checks.) `more_global`, `more_defaults`: whole lines.
std::string common(const std::string& socket, const std::string& states_file,
                   const std::string& more_global = "", const std::string& more_defaults = "") {
  return fmt::format(R"(# Written by understudy up.
global
  maxconn 4000
  nbthread 1
  tune.maxpollevents 1
  stats socket {} mode 600 level admin
  server-state-file {}
  tune.ssl.default-dh-param 2048
{}
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
{})",
                     socket, states_file, more_global, more_defaults);
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
/// outcome is unknown. The time counts from here, in the order of the rules, and must begin before
/// the service can have got the request.
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

/// `state`: members of the answer's JSON.
std::string says(const std::string& region, unsigned status, std::string_view state,
                 const std::string& condition) {
  return fmt::format(
      "  http-request return status {} content-type application/json string "
      "\"{{\\\"region\\\":\\\"{}\\\",{}}}\" if {{ path {} }}{}\n",
      status, region, state, kRegionReadyPath, condition);
}

/// The region is ready when every route of the accelerator has a healthy target; nothing else moves
/// the region's traffic. To the edge 404 means: send no new requests, those under way go on. A
/// region that is not ready says so whatever its gate: the edge cuts what is under way there.
std::string readiness(const Topology& topology, const std::string& region) {
  std::string text;
  for (const Service* service : topology.reached_by(IngressKind::accelerator))
    text += says(region, 503, R"(\"ready\":false)",
                 fmt::format(" {{ nbsrv({}) eq 0 }}", service->name));
  const std::string gate(kGateServer.substr(0, kGateServer.find('/')));
  return text +
         says(region, 404, R"(\"ready\":false,\"draining\":true)",
              fmt::format(" {{ nbsrv({}) eq 0 }}", gate)) +
         says(region, 200, R"(\"ready\":true)", "");
}

/// Its one server is nobody and gets nothing; in maintenance it stands for a closed gate.
std::string gate_backend() {
  const auto slash = kGateServer.find('/');
  return fmt::format("\nbackend {}\n  load-server-state-from-file none\n  server {} 127.0.0.1:1\n",
                     kGateServer.substr(0, slash), kGateServer.substr(slash + 1));
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

/// In a frontend it can be switched on as a default only. A client that goes away gives up its
/// place among those who wait, and one that waits no more sends nothing to a region.
constexpr const char* kGoneClientsFreeTheirPlace = "  option abortonclose\n";

/// A region that says 404 gets no new requests within one check; those under way go on, and when it
/// says 503 or nothing they are cut like anybody's. One that was not up stays down with 404.
std::string first_region_that_takes_new_ones() {
  return fmt::format("  balance first\n  option httpchk GET {}\n  http-check disable-on-404\n",
                     kRegionReadyPath);
}

/// Whoever asks which region is ready wants to know it now.
std::string waiting_rules(Duration wait_max) {
  std::string text = "  acl no_region nbsrv(regions) eq 0\n";
  if (wait_max > Duration::zero()) {
    text += fmt::format(
        "  http-request lua.wait_for_a_region {} if no_region !{{ path {} }} !{{ be_conn(regions) "
        "gt {} }}\n",
        to_ms(wait_max), kRegionReadyPath, kWaitBelowSessions);
    text +=
        "  http-response lua.one_who_waited_was_answered if { var(txn.waited) -m found }\n"
        "  acl no_region var(txn.waited) -m str \"in vain\"\n";
  }
  return text +
         "  http-request return status 503 content-type application/json hdr Retry-After 1 string "
         "\"{\\\"error\\\":\\\"no region takes requests\\\",\\\"outcome\\\":\\\"refused\\\"}\" "
         "if no_region\n";
}

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
  text += gate_backend();
  std::vector<Server> all;
  unsigned backend_id = kFirstBackend;
  for (const Service& service : topology.services) {
    if (service.ingress == IngressKind::none) continue;
    const auto servers = servers_of(layout, region, service, backend_id++);
    text += service_backend(service, servers);
    all.insert(all.end(), servers.begin(), servers.end());
  }
  return {text, {{states, all_down(all)}}};
}

HaproxyFiles edge_files(const Layout& layout) {
  const std::string states = layout.file("edge/edge.states");
  const std::string waiting = layout.file("edge/waiting.lua");
  const bool waits = layout.topology().edge_wait_max > Duration::zero();
  std::vector<Server> all;
  std::string text =
      common(haproxy_socket(layout, "edge"), states,
             waits ? fmt::format("  lua-load {}\n", waiting) : "", kGoneClientsFreeTheirPlace);
  text += fmt::format("\nfrontend accelerator\n  bind {}\n  default_backend regions\n",
                      layout.edge_http().text());
  text += fmt::format("\nbackend regions\n  id {}\n", kRegionsBackend);
  text += first_region_that_takes_new_ones();
  text += waiting_rules(layout.topology().edge_wait_max);
  text += kLateAcknowledgements;
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
      "writers\n\nbackend writers\n  id {}\n  mode tcp\n  timeout server 1h\n",
      layout.edge_database().text(), kWritersBackend);
  text += first_region_that_takes_new_ones();
  id = 0;
  for (const Region& region : layout.topology().regions) {
    const Endpoint endpoint = layout.postgres(region.name);
    all.push_back({kWritersBackend, "writers", ++id, region.name, endpoint});
    text += fmt::format("  server {} {} id {} source {} {} port {}\n", region.name, endpoint.text(),
                        id, source, kCheck, layout.load_balancer(region.name).port);
  }
  HaproxyFiles files{text, {{states, all_down(all)}}};
  if (waits) files.beside.push_back({waiting, waiting_room_lua()});
  return files;
}

}  // namespace understudy
