// The real HAProxy on the configuration that `up` writes.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "local/create.h"
#include "local/machine.h"
#include "local/render.h"
#include "scratch.h"
#include "system/http_client.h"
#include "system/process.h"

namespace understudy {
namespace {

/// A service that has begun to listen and answers nobody yet.
class SilentService {
 public:
  explicit SilentService(const Endpoint& at)
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(at.port);
    inet_pton(AF_INET, at.address.c_str(), &name.sin_addr);
    listening_ = bind(socket_, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0 &&
                 listen(socket_, 16) == 0;
  }
  SilentService(SilentService&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), listening_(other.listening_) {}
  SilentService(const SilentService&) = delete;
  SilentService& operator=(const SilentService&) = delete;
  ~SilentService() {
    if (socket_ >= 0) close(socket_);
  }
  [[nodiscard]] bool listening() const { return listening_; }

 private:
  int socket_;
  bool listening_ = false;
};

class RunningHaproxy {
 public:
  RunningHaproxy(const std::string& program, const std::string& configuration)
      : pid_(process::spawn(
            {.arguments = {program, "-db", "-f", configuration}, .death_signal = SIGKILL})) {}
  RunningHaproxy(const RunningHaproxy&) = delete;
  RunningHaproxy& operator=(const RunningHaproxy&) = delete;
  ~RunningHaproxy() {
    if (!pid_) return;
    const auto who = process::identify(*pid_);
    kill(*pid_, SIGKILL);
    EXPECT_TRUE(!who || process::wait_gone(*who, milliseconds(5000)));
  }

 private:
  Result<pid_t> pid_;
};

/// The example's configuration on ports that no other test uses: tests run side by side.
class HaproxyStarting : public testing::Test {
 public:
  explicit HaproxyStarting(std::uint16_t port_base) : topology_(example_at(port_base)) {
    const auto programs = find_programs();
    EXPECT_EQ(why(programs), "");
    programs_ = *programs;
    EXPECT_EQ(why(save_secrets(make_secrets(), layout_.file("secrets.json"))), "");
    for (const DomainPlace& place : layout_.domains())
      std::filesystem::create_directories(place.folder);
    EXPECT_EQ(why(write_configuration(layout_, programs_)), "");
  }
  ~HaproxyStarting() override { std::filesystem::remove_all(layout_.memory()); }

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
  static Topology example_at(std::uint16_t port_base) {
    Topology topology = example_topology();
    topology.local.port_base = port_base;
    return topology;
  }
};

struct LoadBalancerStarting : HaproxyStarting {
  LoadBalancerStarting() : HaproxyStarting(9'000) {}
};

struct EdgeStarting : HaproxyStarting {
  EdgeStarting() : HaproxyStarting(10'500) {}
};

TEST_F(LoadBalancerStarting, calls_no_region_ready_before_a_check_has_said_so) {
  const std::string& region = topology_.regions[0].name;
  std::vector<SilentService> services;
  for (const Service& service : topology_.services) {
    if (!service.listens) continue;
    for (unsigned i = 0; i < Layout::instances_max(service); ++i) {
      services.emplace_back(layout_.service(region, service.name, i));
      ASSERT_TRUE(services.back().listening());
    }
  }
  const RunningHaproxy haproxy(programs_.haproxy, layout_.domain(region).file("load-balancer.cfg"));
  EXPECT_EQ(first_answer(layout_.load_balancer(region)), 503U);
}

TEST_F(EdgeStarting, routes_nothing_to_a_region_that_has_not_been_asked) {
  std::vector<SilentService> load_balancers;
  for (const Region& region : topology_.regions) {
    load_balancers.emplace_back(layout_.load_balancer(region.name));
    ASSERT_TRUE(load_balancers.back().listening());
  }
  const RunningHaproxy haproxy(programs_.haproxy, layout_.file("edge/edge.cfg"));
  // Routed to a region that is silent it would wait.
  EXPECT_EQ(first_answer(layout_.edge_http()), 503U);
}

}  // namespace
}  // namespace understudy
