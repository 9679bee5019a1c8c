#pragma once
// The real edge before the real load balancers of both regions, each with a service that a test
// plays.

#include <map>
#include <memory>

#include "haproxy_starting.h"
#include "local/haproxy_gate.h"
#include "local/haproxy_socket.h"
#include "running_program.h"
#include "stub_origin.h"
#include "system/kernel.h"

namespace understudy {

/// At first the home region is ready, and the other one is not.
class TwoRegions : public HaproxyStarting {
 public:
  TwoRegions(unsigned ports_of_suite, Duration edge_wait_max)
      : HaproxyStarting(own_port_base(ports_of_suite, 10),
                        {reached("api", IngressKind::accelerator)}, edge_wait_max) {
    for (const Region& region : topology_.regions) {
      auto& service = services_[region.name];
      service = std::make_unique<StubOrigin>(layout_.service(region.name, "api", 0));
      service->answers(200, region.name);
      start_load_balancer(region.name);
    }
    there().answers(503, "not the active region");
    edge_ = std::make_unique<RunningProgram>(edge());
    EXPECT_TRUE(eventually([&] { return serving() == "200"; }));
  }

  void start_load_balancer(const std::string& region) {
    load_balancers_[region] = std::make_unique<RunningProgram>(load_balancer(region));
  }
  void kill_load_balancer(const std::string& region) { load_balancers_.erase(region); }

  [[nodiscard]] StubOrigin& here() { return *services_.at(here_); }
  [[nodiscard]] StubOrigin& there() { return *services_.at(there_); }
  void is_ready(const std::string& region) { services_.at(region)->answers(200, region); }
  void is_not_ready(const std::string& region) { services_.at(region)->answers(503, "no"); }

  void set_gate(const std::string& region, bool open) {
    EXPECT_EQ(why(HaproxyGate(layout_, region, *clock_)
                      .set_open(open, clock_->boot() + std::chrono::seconds(5))),
              "");
  }
  /// Closes the gate of the region that serves, and waits until the edge has noticed.
  void drain() {
    set_gate(here_, false);
    EXPECT_TRUE(eventually([&] { return serving() == "503"; }));
  }

  /// What the edge says to whoever asks which region is ready; it never waits.
  [[nodiscard]] std::string serving() const {
    return get(layout_.edge_http(), std::string(kRegionReadyPath)).substr(0, 3);
  }
  /// Status and body, or "0".
  [[nodiscard]] std::string get(const Endpoint& at, const std::string& path,
                                http::Headers headers = {}) const {
    const auto said =
        http_.send("http://" + at.text() + path, {.method = "GET", .headers = std::move(headers)},
                   milliseconds(20'000));
    return said ? std::to_string(said->status) + " " + said->body : "0";
  }
  /// Through the edge.
  [[nodiscard]] std::string get(const std::string& path, http::Headers headers = {}) const {
    return get(layout_.edge_http(), path, std::move(headers));
  }
  /// Requests at the edge that wait or are served.
  [[nodiscard]] unsigned at_the_edge() const { return edge_counts("BACKEND", 4); }
  /// Requests that came to it so far.
  [[nodiscard]] unsigned came_to_the_edge() const { return edge_counts("BACKEND", 7); }
  /// How often it took a region for dead.
  [[nodiscard]] unsigned left(const std::string& region) const { return edge_counts(region, 22); }
  /// A column of HAProxy's statistics.
  [[nodiscard]] unsigned edge_counts(const std::string& server, int column) const {
    const auto said =
        ask_haproxy(haproxy_socket(layout_, "edge"), "show stat regions -1 -1", milliseconds(5000));
    EXPECT_EQ(why(said), "");
    const std::string begin = "\nregions," + server + ",";
    const auto at = said ? said->find(begin) : std::string::npos;
    if (at == std::string::npos) return 0;
    std::string row = said->substr(at + 1);
    for (; column > 0; --column) row.erase(0, row.find(',') + 1);
    return static_cast<unsigned>(std::stoul(row));
  }
  /// How often either region was sent each order; only those that were sent at all.
  [[nodiscard]] std::map<std::string, unsigned> orders_sent() const {
    std::map<std::string, unsigned> sent;
    for (const auto& [region, service] : services_) {
      for (const std::string& head : service->asked()) {
        if (head.starts_with("POST ")) ++sent[head.substr(5, head.find(' ', 5) - 5)];
      }
    }
    return sent;
  }

  const std::string here_ = topology_.regions[0].name;
  const std::string there_ = topology_.regions[1].name;

 protected:
  const std::unique_ptr<Clock> clock_ = make_kernel_clock();
  std::map<std::string, std::unique_ptr<StubOrigin>> services_;
  std::map<std::string, std::unique_ptr<RunningProgram>> load_balancers_;
  std::unique_ptr<RunningProgram> edge_;
};

}  // namespace understudy
