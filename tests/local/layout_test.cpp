// Where everything is: no two listeners share an endpoint, and names stay short enough.
#include "local/layout.h"

#include <gmock/gmock.h>

#include <set>

#include "local/render.h"
#include "scratch.h"

namespace understudy {
namespace {

TEST(Layout, gives_every_listener_an_endpoint_of_its_own) {
  Topology topology = example_topology();
  topology.services.resize(4, topology.services[0]);
  topology.services[2].name = "web";
  topology.services[2].ingress = IngressKind::cdn;
  topology.services[3].name = "mail";
  topology.services[3].ingress = IngressKind::internal;
  for (Service& service : topology.services) {
    service.listens = true;
    service.instances_active = 20;
  }
  const Layout layout(topology, "/data");
  std::set<std::string> seen;
  for (const auto& [who, endpoint] : layout.all_endpoints()) {
    EXPECT_TRUE(seen.insert(endpoint.text()).second) << who << " at " << endpoint.text();
    EXPECT_GE(endpoint.port, topology.local.port_base) << who;
  }
  EXPECT_EQ(seen.size(), 5U + 2U + 2U * (4U + 1U + topology.services.size() * 20U));
}

TEST(Layout, keeps_failure_domains_in_address_ranges_and_folders_of_their_own) {
  const Topology topology = example_topology();
  const Layout layout(topology, "/data");
  std::vector<std::string> names;
  std::set<std::string> addresses;
  std::set<std::string> folders;
  for (const DomainPlace& place : layout.domains()) {
    names.push_back(place.name);
    addresses.insert(place.address);
    folders.insert(place.folder);
  }
  EXPECT_THAT(names, testing::ElementsAre("witness", "north", "south", "edge"));
  EXPECT_EQ(addresses.size(), 4U);
  EXPECT_EQ(folders.size(), 4U);
}

TEST(Layout, keeps_socket_names_within_what_the_kernel_takes) {
  Topology topology = example_topology();
  topology.platform = std::string(31, 'p');  // the longest that is accepted
  topology.regions[0].name = std::string(31, 'r');
  const Layout layout(topology, "/" + std::string(300, 'd'));
  EXPECT_LT(layout.control_socket(topology.regions[0].name).size(), 108U);
  const std::string while_haproxy_binds = ".4194304.tmp";
  EXPECT_LT((haproxy_socket(layout, topology.regions[0].name) + while_haproxy_binds).size(), 108U);
}

TEST(Layout, gives_two_data_folders_two_memory_folders) {
  const Topology topology = example_topology();
  EXPECT_NE(Layout(topology, "/data/a").memory(), Layout(topology, "/data/b").memory());
  EXPECT_EQ(Layout(topology, "/data/a").memory(), Layout(topology, "/data/a").memory());
}

}  // namespace
}  // namespace understudy
