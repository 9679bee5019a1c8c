// The real HAProxy on the configuration that `up` writes.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "haproxy_starting.h"
#include "running_program.h"
#include "stub_origin.h"

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
  const RunningProgram haproxy(load_balancer(region));
  EXPECT_EQ(first_answer(layout_.load_balancer(region)), 503U);
}

TEST_F(EdgeStarting, routes_nothing_to_a_region_that_has_not_been_asked) {
  std::vector<SilentService> load_balancers;
  for (const Region& region : topology_.regions) {
    load_balancers.emplace_back(layout_.load_balancer(region.name));
    ASSERT_TRUE(load_balancers.back().listening());
  }
  const RunningProgram haproxy(edge());
  // Routed to a region that is silent it would wait.
  EXPECT_EQ(first_answer(layout_.edge_http()), 503U);
}

/// One region with a service of every kind; none answers before it is told to.
struct LoadBalancerRouting : HaproxyStarting {
  LoadBalancerRouting()
      : HaproxyStarting(
            own_port_base(3'000, 200),
            {reached("links-admin", IngressKind::accelerator, "/s/admin/"),
             reached("api", IngressKind::accelerator),
             reached("links", IngressKind::accelerator, "/s/"), reached("web", IngressKind::cdn),
             reached("mail", IngressKind::internal)}) {}

  /// Every service answers everything with its own name.
  std::map<std::string, std::unique_ptr<StubOrigin>> services() const {
    std::map<std::string, std::unique_ptr<StubOrigin>> stubs;
    for (const Service& service : topology_.services) {
      auto& stub = stubs[service.name];
      stub = std::make_unique<StubOrigin>(layout_.service(region_, service.name, 0));
      stub->answers(200, service.name);
    }
    return stubs;
  }
  /// "web", or the status if that is not 200; 0 if there was no answer.
  [[nodiscard]] std::string answer(const std::string& host, const std::string& path) const {
    return answer_at(layout_.load_balancer(region_), host, path);
  }
  [[nodiscard]] std::string answer_at(const Endpoint& at, const std::string& host,
                                      const std::string& path) const {
    const auto said =
        http_.send("http://" + at.text() + path, {.method = "GET", .headers = {{"Host", host}}},
                   milliseconds(5000));
    if (!said) return "0";
    return said->status == 200 ? said->body : std::to_string(said->status);
  }
  [[nodiscard]] bool becomes_ready() const {
    return eventually(
        [&] { return answer("any", std::string(kRegionReadyPath)).starts_with("{"); });
  }

  const std::string region_ = topology_.regions[1].name;
};

TEST_F(LoadBalancerRouting, gives_each_request_to_the_one_service_it_is_for) {
  const auto stubs = services();
  const RunningProgram haproxy(load_balancer(region_));
  ASSERT_TRUE(becomes_ready());
  const Endpoint mail = layout_.internal(region_, "mail");
  ASSERT_TRUE(eventually([&] { return answer("web", "/") == "web"; }));
  ASSERT_TRUE(eventually([&] { return answer_at(mail, "any", "/s/") == "mail"; }));
  EXPECT_EQ(answer("127.0.2.1:7080", "/"), "api");
  EXPECT_EQ(answer("mail", "/"), "api") << "internal services are not reached from outside";
  EXPECT_EQ(answer("links", "/"), "api") << "accelerator services go by path, not by host";
  EXPECT_EQ(answer("any", "/s/x?a=b"), "links");
  EXPECT_EQ(answer("any", "/s/admin/x"), "links-admin") << "the longer path is the nearer one";
  EXPECT_EQ(answer("any", "/s"), "api");
  EXPECT_EQ(answer("any", "/sale"), "api");
  EXPECT_EQ(answer("Web.localhost:7080", "/s/"), "web") << "a page's host has all its paths";
  EXPECT_EQ(answer("webmail", "/"), "api");
}

TEST_F(LoadBalancerRouting, asks_pages_whether_they_live_and_others_whether_they_are_ready) {
  const auto stubs = services();
  const RunningProgram haproxy(load_balancer(region_));
  ASSERT_TRUE(becomes_ready());
  ASSERT_TRUE(eventually(
      [&] { return !stubs.at("web")->asked().empty() && !stubs.at("mail")->asked().empty(); }));
  for (const auto& [name, stub] : stubs) {
    const std::string expected = name == "web" ? "GET /live " : "GET /ready ";
    EXPECT_THAT(stub->asked(), testing::Each(testing::StartsWith(expected))) << name;
  }
}

TEST_F(LoadBalancerRouting, answers_pages_where_the_region_may_take_no_other_traffic) {
  const auto stubs = services();
  stubs.at("api")->answers(503, "not the active region");
  const RunningProgram haproxy(load_balancer(region_));
  EXPECT_TRUE(eventually([&] { return answer("web", "/") == "web"; }));
  EXPECT_TRUE(eventually([&] { return answer("any", "/s/") == "links"; }));
  EXPECT_EQ(answer("any", std::string(kRegionReadyPath)), "503");
  EXPECT_EQ(answer("any", "/"), "503");
}

TEST_F(LoadBalancerRouting, keeps_the_region_ready_whatever_pages_and_internal_services_say) {
  const auto stubs = services();
  stubs.at("web")->answers(503, "broken");
  stubs.at("mail")->answers(503, "broken");
  const RunningProgram haproxy(load_balancer(region_));
  ASSERT_TRUE(becomes_ready());
  EXPECT_EQ(answer("any", "/"), "api");
  EXPECT_EQ(answer("web", "/"), "503") << "the CDN turns to the other region at once";
  EXPECT_EQ(answer_at(layout_.internal(region_, "mail"), "any", "/"), "503");
}

TEST_F(LoadBalancerRouting, gives_no_acknowledgement_after_the_time_for_which_it_was_promised) {
  const auto stubs = services();
  const RunningProgram haproxy(load_balancer(region_));
  ASSERT_TRUE(becomes_ready());
  for (const auto& [within, expected] :
       {std::pair{"60000", "api"}, std::pair{"0", "503"}, std::pair{"-5", "503"}}) {
    stubs.at("api")->answers(200, "api",
                             fmt::format("Understudy-Acknowledge-Within: {}\r\n", within));
    EXPECT_EQ(answer("any", "/"), expected) << within;
  }
}

}  // namespace
}  // namespace understudy
