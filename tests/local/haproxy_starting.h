#pragma once
// What the tests of the real HAProxy share: its configurations as `up` writes them.

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "local/create.h"
#include "local/machine.h"
#include "local/render.h"
#include "scratch.h"
#include "system/http_client.h"

namespace understudy {

inline Service reached(const std::string& name, IngressKind ingress,
                       std::optional<std::string> path = std::nullopt) {
  Service service;
  service.name = name;
  service.command = {"/bin/true"};
  service.listens = true;
  service.ingress = ingress;
  service.path = std::move(path);
  return service;
}

/// The example's configuration on ports that no other test uses: tests run side by side.
class HaproxyStarting : public testing::Test {
 public:
  explicit HaproxyStarting(std::uint16_t port_base)
      : HaproxyStarting(port_base, example_topology().services) {}
  HaproxyStarting(std::uint16_t port_base, std::vector<Service> services,
                  Duration edge_wait_max = Topology().edge_wait_max)
      : topology_(example_at(port_base, std::move(services), edge_wait_max)) {
    const auto programs = find_programs(topology_);
    EXPECT_EQ(why(programs), "");
    programs_ = *programs;
    EXPECT_EQ(why(save_secrets(make_secrets(), layout_.file("secrets.json"))), "");
    for (const DomainPlace& place : layout_.domains())
      std::filesystem::create_directories(place.folder);
    EXPECT_EQ(why(write_configuration(layout_, programs_)), "");
  }
  ~HaproxyStarting() override { std::filesystem::remove_all(layout_.memory()); }

  [[nodiscard]] std::vector<std::string> load_balancer(const std::string& region) const {
    return {programs_.haproxy, "-db", "-f", layout_.domain(region).file("load-balancer.cfg")};
  }

  [[nodiscard]] std::vector<std::string> edge() const {
    return {programs_.haproxy, "-db", "-f", layout_.file("edge/edge.cfg")};
  }

  /// The first answer to a question whether the region is ready.
  [[nodiscard]] unsigned first_answer(const Endpoint& load_balancer) const {
    unsigned status = 0;
    EXPECT_TRUE(eventually([&] {
      const auto answer =
          http_.send("http://" + load_balancer.text() + std::string(kRegionReadyPath),
                     {.method = "GET"}, milliseconds(400));
      if (answer) status = answer->status;
      return bool(answer);
    }));
    return status;
  }

  const Scratch folder_;
  const Topology topology_;
  const Layout layout_{topology_, folder_.folder()};
  Programs programs_;
  http::Client http_;

 private:
  static Topology example_at(std::uint16_t port_base, std::vector<Service> services,
                             Duration edge_wait_max) {
    Topology topology = example_topology();
    topology.local.port_base = port_base;
    topology.services = std::move(services);
    topology.edge_wait_max = edge_wait_max;
    return topology;
  }
};

}  // namespace understudy
