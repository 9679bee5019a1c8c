#include "local/layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ensure.h"

namespace understudy {

namespace {

// Every port is the port base plus one of these.
constexpr unsigned kLoadBalancer = 80;
constexpr unsigned kCdn = 81;
constexpr unsigned kRedis = 379;
constexpr unsigned kPostgres = 432;
constexpr unsigned kAgent = 443;
constexpr unsigned kRegistry = 500;
constexpr unsigned kController = 600;
constexpr unsigned kInternal = 700;
constexpr unsigned kServices = 1000;
constexpr unsigned kInstancesMax = 20;

/// FNV-1a: names the memory folder after the data folder, shorter than a socket path may be.
std::uint64_t digest(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

}  // namespace

Layout::Layout(const Topology& topology, std::string data)
    : topology_(&topology),
      data_(std::move(data)),
      // Of the name only so much that HAProxy's socket with a region's name in it is short enough.
      memory_(fmt::format("/dev/shm/understudy-{:.12}-{:016x}", topology.platform, digest(data_))) {
  ensure(data_.starts_with('/'), "a data folder is absolute");
}

DomainPlace Layout::domain(std::string_view name) const {
  const auto all = domains();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const DomainPlace& place) { return place.name == name; });
  ensure(found != all.end(), "a domain is a region, the witness or the edge");
  return *found;
}

std::vector<DomainPlace> Layout::domains() const {
  std::vector<DomainPlace> all;
  all.push_back({"witness", topology_->witness_address, file("witness")});
  for (const Region& region : topology_->regions)
    all.push_back({region.name, region.address, file(region.name)});
  all.push_back({"edge", topology_->edge_address, file("edge")});
  return all;
}

std::string Layout::control_socket(std::string_view domain) const {
  return fmt::format("{}/{}.sock", memory_, domain);
}
std::string Layout::page(std::string_view region) const {
  return fmt::format("{}/{}.page", memory_, region);
}

Endpoint Layout::at(const std::string& address, unsigned offset) const {
  return {address, static_cast<std::uint16_t>(topology_->local.port_base + offset)};
}

Endpoint Layout::postgres(std::string_view region) const {
  return at(topology_->region(region)->address, kPostgres);
}
Endpoint Layout::redis(std::string_view region) const {
  return at(topology_->region(region)->address, kRedis);
}
Endpoint Layout::load_balancer(std::string_view region) const {
  return at(topology_->region(region)->address, kLoadBalancer);
}
Endpoint Layout::agent(std::string_view region) const {
  return at(topology_->region(region)->address, kAgent);
}

unsigned Layout::index_of(std::string_view service) const {
  const auto& services = topology_->services;
  const auto found = std::find_if(services.begin(), services.end(),
                                  [&](const Service& s) { return s.name == service; });
  ensure(found != services.end(), "a service is in the topology");
  return static_cast<unsigned>(found - services.begin());
}

Endpoint Layout::service(std::string_view region, std::string_view service,
                         unsigned instance) const {
  ensure(instance < kInstancesMax, "a service has at most 20 instances in a region");
  return at(topology_->region(region)->address,
            kServices + index_of(service) * kInstancesMax + instance);
}
Endpoint Layout::internal(std::string_view region, std::string_view service) const {
  const unsigned index = index_of(service);
  ensure(index < kServices - kInternal, "a topology has at most 200 services");
  return at(topology_->region(region)->address, kInternal + index);
}

Endpoint Layout::registry() const { return at(topology_->witness_address, kRegistry); }
Endpoint Layout::controller() const { return at(topology_->witness_address, kController); }
Endpoint Layout::edge_http() const { return at(topology_->edge_address, kLoadBalancer); }
Endpoint Layout::edge_cdn() const { return at(topology_->edge_address, kCdn); }
std::vector<Endpoint> Layout::cdn_listeners() const {
  if (topology_->reached_by(IngressKind::cdn).empty()) return {};
  if (topology_->edge_address == kLocalhost) return {edge_cdn()};
  return {edge_cdn(), at(std::string(kLocalhost), kCdn)};
}
Endpoint Layout::edge_database() const { return at(topology_->edge_address, kPostgres); }
Endpoint Layout::edge_vantage() const { return at(topology_->edge_address, kAgent); }

std::vector<std::pair<std::string, Endpoint>> Layout::all_endpoints() const {
  std::vector<std::pair<std::string, Endpoint>> all = {
      {"the registry", registry()},
      {"the controller", controller()},
      {"the public ingress", edge_http()},
      {"the database writer endpoint", edge_database()},
      {"the vantage at the edge", edge_vantage()},
  };
  for (const Endpoint& listener : cdn_listeners()) all.emplace_back("the CDN", listener);
  for (const Region& region : topology_->regions) {
    all.emplace_back("PostgreSQL in " + region.name, postgres(region.name));
    if (topology_->redis) all.emplace_back("Redis in " + region.name, redis(region.name));
    all.emplace_back("the load balancer of " + region.name, load_balancer(region.name));
    all.emplace_back("the agent of " + region.name, agent(region.name));
    for (const Service* service : topology_->reached_by(IngressKind::internal)) {
      all.emplace_back("the load balancer of " + region.name + " for " + service->name,
                       internal(region.name, service->name));
    }
    for (const Service& service : topology_->services) {
      if (!service.listens) continue;
      for (unsigned i = 0; i < instances_max(service); ++i) {
        all.emplace_back(service.name + " in " + region.name,
                         this->service(region.name, service.name, i));
      }
    }
  }
  return all;
}

unsigned Layout::instances_max(const Service& service) {
  return std::max({1U, service.instances_active, service.instances_standby});
}

}  // namespace understudy
