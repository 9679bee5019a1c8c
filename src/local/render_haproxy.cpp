// HAProxy's two parts in the local stack: a region's load balancer, and the edge.

#include <fmt/format.h>

#include "local/render.h"

namespace understudy {

namespace {

// Checks every 100 ms; two in a row must fail, since one alone may be a busy machine.
constexpr std::string_view kCheck =
    "check inter 100ms fall 2 rise 1 on-marked-down shutdown-sessions";

std::string common(const std::string& socket) {
  return fmt::format(R"(# Written by understudy up.
global
  maxconn 4000
  nbthread 1
  stats socket {} mode 600 level admin
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
)",
                     socket);
}

/// A service says until when its acknowledgement may be given. One that was held up here beyond
/// that (this process was frozen with the answer in its hands) is not given: the outcome is
/// unknown.
constexpr std::string_view kLateAcknowledgements = R"(
  http-response set-var(txn.until) res.hdr(Understudy-Acknowledge-Until),add(0) if { res.hdr(Understudy-Acknowledge-Until) -m found }
  http-response return status 503 content-type application/json string "{\"error\":\"the lease ran out before this answer could leave\",\"outcome\":\"unknown\"}" if { var(txn.until) -m found } { date(0,ms),sub(txn.until) ge 0 }
)";

std::vector<const Service*> reached_by_accelerator(const Topology& topology) {
  std::vector<const Service*> services;
  for (const Service& service : topology.services) {
    if (service.ingress == IngressKind::accelerator) services.push_back(&service);
  }
  return services;
}

std::string service_backend(const Layout& layout, const std::string& region,
                            const Service& service) {
  std::string text = fmt::format("\nbackend {}\n  balance leastconn\n  option httpchk GET {}\n",
                                 service.name, service.ready_path);
  for (unsigned i = 0; i < Layout::instances_max(service); ++i) {
    text += fmt::format("  server {}.{} {} {}\n", service.name, i,
                        layout.service(region, service.name, i).text(), kCheck);
  }
  return text;
}

}  // namespace

std::string load_balancer_configuration(const Layout& layout, const std::string& region) {
  const auto services = reached_by_accelerator(layout.topology());
  std::string text = common(haproxy_socket(layout, region));
  text += fmt::format("\nfrontend region\n  bind {}\n", layout.load_balancer(region).text());
  text += fmt::format("  http-request silent-drop if {{ src -f {} }}\n",
                      layout.domain(region).file("cut-off.acl"));
  // The region is ready when every route has a healthy target.
  std::string ready;
  for (const Service* service : services)
    ready += fmt::format(" {{ nbsrv({}) ge 1 }}", service->name);
  text += fmt::format(
      "  http-request return status 200 content-type application/json string "
      "\"{{\\\"region\\\":\\\"{0}\\\",\\\"ready\\\":true}}\" "
      "if {{ path {1} }}{2}\n"
      "  http-request return status 503 content-type application/json string "
      "\"{{\\\"region\\\":\\\"{0}\\\",\\\"ready\\\":false}}\" "
      "if {{ path {1} }}\n",
      region, kRegionReadyPath, ready);
  text += kLateAcknowledgements;
  for (std::size_t i = 1; i < services.size(); ++i) {
    text += fmt::format("  use_backend {0} if {{ hdr(host),field(1,.) -m str {0} }}\n",
                        services[i]->name);
  }
  if (!services.empty()) text += fmt::format("  default_backend {}\n", services[0]->name);
  for (const Service* service : services) text += service_backend(layout, region, *service);
  return text;
}

std::string edge_configuration(const Layout& layout) {
  std::string text = common(haproxy_socket(layout, "edge"));
  text += fmt::format("\nfrontend accelerator\n  bind {}\n", layout.edge_http().text());
  text += kLateAcknowledgements;
  text += fmt::format(
      "  default_backend regions\n\nbackend regions\n  balance first\n  option httpchk GET {}\n",
      kRegionReadyPath);
  const std::string& source = layout.topology().edge_address;
  for (const Region& region : layout.topology().regions) {
    text += fmt::format("  server {} {} source {} {}\n", region.name,
                        layout.load_balancer(region.name).text(), source, kCheck);
  }
  text += fmt::format(
      "\nfrontend database\n  mode tcp\n  bind {}\n  timeout client 1h\n  default_backend "
      "writers\n\n"
      "backend writers\n  mode tcp\n  timeout server 1h\n  balance first\n  option httpchk GET "
      "{}\n",
      layout.edge_database().text(), kRegionReadyPath);
  for (const Region& region : layout.topology().regions) {
    text += fmt::format("  server {} {} source {} {} port {}\n", region.name,
                        layout.postgres(region.name).text(), source, kCheck,
                        layout.load_balancer(region.name).port);
  }
  return text;
}

}  // namespace understudy
