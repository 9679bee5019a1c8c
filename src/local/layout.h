#pragma once
// Where everything of the local stack is: addresses, ports, folders, files. Pure: no I/O.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "topology/topology.h"

namespace understudy {

/// A host and port, "127.0.1.1:7080".
struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
  [[nodiscard]] std::string text() const { return address + ":" + std::to_string(port); }
};

/// A failure domain: what is killed or frozen together.
struct DomainPlace {
  std::string name;  ///< a region's name, "witness" or "edge"
  std::string address;
  std::string folder;
  [[nodiscard]] std::string file(std::string_view path) const {
    return folder + "/" + std::string(path);
  }
};

/// The plan of one stack in one data folder. Copyable; made from the topology alone.
class Layout {
 public:
  /// `data`: the stack's folder, absolute. The topology outlives this.
  Layout(const Topology& topology, std::string data);

  [[nodiscard]] const Topology& topology() const { return *topology_; }
  [[nodiscard]] const std::string& data() const { return data_; }
  [[nodiscard]] std::string file(std::string_view path) const {
    return data_ + "/" + std::string(path);
  }
  /// A folder of the stack in a memory file system: fence pages and control sockets. Gone after a
  /// reboot.
  [[nodiscard]] const std::string& memory() const { return memory_; }

  [[nodiscard]] DomainPlace domain(std::string_view name) const;
  [[nodiscard]] std::vector<DomainPlace> domains()
      const;  ///< witness, regions, edge: in starting order
  [[nodiscard]] std::string control_socket(std::string_view domain) const;

  // In each region.
  [[nodiscard]] Endpoint postgres(std::string_view region) const;
  [[nodiscard]] Endpoint redis(std::string_view region) const;
  [[nodiscard]] Endpoint load_balancer(std::string_view region) const;
  [[nodiscard]] Endpoint agent(std::string_view region) const;
  /// Instance numbers count from 0.
  [[nodiscard]] Endpoint service(std::string_view region, std::string_view service,
                                 unsigned instance) const;
  /// Where a region's load balancer takes requests of that region's services for an internal one.
  [[nodiscard]] Endpoint internal(std::string_view region, std::string_view service) const;
  [[nodiscard]] std::string page(std::string_view region) const;

  // At the witness and the edge.
  [[nodiscard]] Endpoint registry() const;
  [[nodiscard]] Endpoint controller() const;
  [[nodiscard]] Endpoint edge_http() const;  ///< the public ingress of the API
  [[nodiscard]] Endpoint edge_cdn() const;   ///< the public ingress of pages
  /// Where the CDN listens, if there is one: edge_cdn(), and the same port of 127.0.0.1, to which
  /// browsers resolve `<service>.localhost`. Empty if no service has ingress cdn.
  [[nodiscard]] std::vector<Endpoint> cdn_listeners() const;
  [[nodiscard]] Endpoint edge_database()
      const;  ///< the database writer endpoint for outside clients
  [[nodiscard]] Endpoint edge_vantage() const;

  /// Every endpoint the stack listens on, with who listens there; for the check that they are free.
  [[nodiscard]] std::vector<std::pair<std::string, Endpoint>> all_endpoints() const;

  /// The most instances of a service that may run in one region.
  [[nodiscard]] static unsigned instances_max(const Service& service);

 private:
  [[nodiscard]] unsigned index_of(std::string_view service) const;
  [[nodiscard]] Endpoint at(const std::string& address, unsigned offset) const;

  const Topology* topology_;
  std::string data_;
  std::string memory_;
};

/// What the machine calls itself; in no failure domain's range.
inline constexpr std::string_view kLocalhost = "127.0.0.1";

/// The path at which a region's load balancer says 200 while the region takes traffic, else 503.
inline constexpr std::string_view kRegionReadyPath = "/understudy/ready";

}  // namespace understudy
