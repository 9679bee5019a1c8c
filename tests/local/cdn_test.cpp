// The real nginx on the configuration that `up` writes, before origins that fail in every way.
// What must come out is what CloudFront does with an origin group: docs/ingress.md.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <future>

#include "local/create.h"
#include "local/machine.h"
#include "local/render.h"
#include "running_program.h"
#include "scratch.h"
#include "stub_origin.h"
#include "system/file.h"
#include "system/http_client.h"

namespace understudy {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

Service service(const std::string& name, IngressKind ingress, Posture posture = Posture::warm) {
  Service made;
  made.name = name;
  made.command = {"/bin/true"};
  made.listens = true;
  made.ingress = ingress;
  made.posture = posture;
  return made;
}

Topology pages_at(std::uint16_t port_base) {
  Topology topology = example_topology();
  topology.local.port_base = port_base;
  topology.services = {service("api", IngressKind::accelerator), service("web", IngressKind::cdn),
                       service("marketing", IngressKind::cdn, Posture::edge_cached)};
  return topology;
}

class Cdn : public testing::Test {
 public:
  explicit Cdn(unsigned ports_of_suite) : topology_(pages_at(own_port_base(ports_of_suite, 10))) {
    std::filesystem::create_directories(layout_.domain("edge").folder);
    start_nginx({});
  }
  void start_nginx(const CdnTimeouts& timeouts) {
    nginx_.reset();
    EXPECT_EQ(why(file::write_durably(layout_.file("edge/cdn.conf"),
                                      cdn_configuration(layout_, timeouts))),
              "");
    const auto programs = find_programs(topology_);
    EXPECT_EQ(why(programs), "");
    for (const Unit& unit : units_of(layout_, "edge", *programs, make_secrets())) {
      if (unit.name == "cdn") nginx_.emplace(unit.command);
    }
    EXPECT_TRUE(eventually([&] { return get("nobody", "/").ok(); }));
  }

  Result<http::Response> send(const std::string& host, const std::string& path,
                              http::Request request) {
    request.headers.emplace_back("Host", host);
    return http_.send("http://" + layout_.edge_cdn().text() + path, request, milliseconds(20'000));
  }
  Result<http::Response> get(const std::string& host, const std::string& path,
                             http::Headers headers = {}) {
    return send(host, path, {.method = "GET", .headers = std::move(headers)});
  }
  /// "hit", "miss", "stale", or why there was no answer.
  std::string cached(const std::string& host, const std::string& path, http::Headers headers = {}) {
    const auto answer = get(host, path, std::move(headers));
    return answer ? std::string(answer->header("X-Cache")) : answer.error().what;
  }

  const Scratch scratch_;
  const Topology topology_;
  const Layout layout_{topology_, scratch_.folder()};
  std::optional<StubOrigin> home_{layout_.load_balancer(topology_.home)};
  std::optional<StubOrigin> other_{layout_.load_balancer(topology_.other(topology_.home).name)};
  std::optional<StubOrigin> accelerator_{layout_.edge_http()};
  std::optional<RunningProgram> nginx_;
  http::Client http_;
};

constexpr unsigned kNoAnswer = 0;

/// How an origin fails, and what becomes of a request that then has, or has not, a second origin.
struct Failure {
  std::string name;
  Meets how = Meets::with_answer;
  unsigned status = 200;
  std::size_t asked = 1;       ///< how often the failing origin was
  bool fails_over = true;      ///< a request that reads is answered by the other origin
  unsigned seen_status = 502;  ///< what the client sees of this origin's failure
  bool listens = true;
};

const std::vector<Failure> kFailures = {
    {.name = "refuses", .asked = 0, .listens = false},
    {.name = "closes", .how = Meets::by_closing},
    {.name = "says 500", .status = 500, .seen_status = 500},
    {.name = "says 502", .status = 502, .seen_status = 502},
    {.name = "says 503", .status = 503, .seen_status = 503},
    {.name = "says 504", .status = 504, .seen_status = 504},
    {.name = "says 404", .status = 404, .fails_over = false, .seen_status = 404},
    {.name = "says 403", .status = 403, .fails_over = false, .seen_status = 403},
    {.name = "cuts the body",
     .how = Meets::by_cutting,
     .fails_over = false,
     .seen_status = kNoAnswer},
};
const std::vector<std::string> kReaders = {"GET", "HEAD", "OPTIONS"};
const std::vector<std::string> kWriters = {"POST", "PUT", "PATCH", "DELETE"};

struct CdnFailures : Cdn {
  explicit CdnFailures(unsigned ports_of_suite) : Cdn(ports_of_suite) {}

  static void fail(std::optional<StubOrigin>& origin, const Failure& failure) {
    if (!failure.listens) return origin.reset();
    origin->answers(failure.status, "failed");
    origin->meets(failure.how);
  }
  static std::size_t asked(const std::optional<StubOrigin>& origin, const std::string& path) {
    return origin ? origin->asked(path).size() : 0;
  }
  /// Sends it to a path of its own; the status, kNoAnswer if there was none.
  unsigned status_of(const std::string& method, const std::string& path) {
    http::Request request{.method = method};
    if (method != "GET" && method != "HEAD") request.body = "{}";
    const auto answer = send("web", path, request);
    return answer ? answer->status : kNoAnswer;
  }
};

struct CdnReaders : CdnFailures {
  CdnReaders() : CdnFailures(5'500) {}
};

TEST_F(CdnReaders, are_sent_once_to_the_other_origin_when_the_home_region_fails) {
  for (const Failure& failure : kFailures) {
    if (!home_) home_.emplace(layout_.load_balancer(topology_.home));
    fail(home_, failure);
    for (const std::string& method : kReaders) {
      SCOPED_TRACE("home " + failure.name + ", " + method);
      const std::string path = "/" + method + "/" + std::to_string(&failure - kFailures.data());
      // Of an answer to HEAD there is no body to cut.
      const bool nothing_cut = failure.how == Meets::by_cutting && method == "HEAD";
      const unsigned expected = failure.fails_over || nothing_cut ? 200 : failure.seen_status;
      EXPECT_EQ(status_of(method, path), expected);
      EXPECT_EQ(asked(home_, path), failure.asked);
      EXPECT_EQ(asked(other_, path), failure.fails_over ? 1U : 0U);
    }
    if (!failure.listens) home_.emplace(layout_.load_balancer(topology_.home));
  }
  EXPECT_THAT(accelerator_->asked(), SizeIs(0));
}

struct CdnWriters : CdnFailures {
  CdnWriters() : CdnFailures(5'600) {}
};

TEST_F(CdnWriters, are_sent_to_the_accelerator_once_whatever_comes_of_it) {
  for (const Failure& failure : kFailures) {
    fail(accelerator_, failure);
    for (const std::string& method : kWriters) {
      SCOPED_TRACE("accelerator " + failure.name + ", " + method);
      const std::string path = "/" + method + "/" + std::to_string(&failure - kFailures.data());
      EXPECT_EQ(status_of(method, path), failure.seen_status);
      EXPECT_EQ(asked(accelerator_, path), failure.asked);
    }
    if (!failure.listens) accelerator_.emplace(layout_.edge_http());
  }
  EXPECT_THAT(home_->asked(), SizeIs(0));
  EXPECT_THAT(other_->asked(), SizeIs(0));
}

TEST_F(CdnWriters, carry_body_and_cookies_to_the_accelerator) {
  const auto answer = send("web", "/login?next=1",
                           {.method = "POST", .headers = {{"Cookie", "who=ann"}}, .body = "x=1"});
  ASSERT_EQ(why(answer), "");
  EXPECT_EQ(answer->status, 200U);
  const auto heads = accelerator_->asked("/login?next=1");
  ASSERT_THAT(heads, SizeIs(1));
  EXPECT_THAT(heads[0], HasSubstr("Host: web\r\n"));
  EXPECT_THAT(heads[0], HasSubstr("Cookie: who=ann"));
  EXPECT_THAT(heads[0], HasSubstr("Content-Length: 3"));
}

struct CdnSilence : CdnFailures {
  CdnSilence() : CdnFailures(5'700) {}
};

TEST_F(CdnSilence, of_the_home_region_is_waited_for_within_bounds_and_then_left) {
  home_->meets(Meets::in_silence);
  std::vector<std::future<unsigned>> answers;
  for (const std::string& method : kReaders) {
    answers.push_back(
        std::async(std::launch::async, [&] { return status_of(method, "/" + method); }));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get(), 200U);
  for (const std::string& method : kReaders) {
    EXPECT_EQ(asked(home_, "/" + method), 1U);
    EXPECT_EQ(asked(other_, "/" + method), 1U);
  }
}

struct CdnSilenceToWriters : CdnFailures {
  CdnSilenceToWriters() : CdnFailures(5'800) {}
};

TEST_F(CdnSilenceToWriters, ends_in_a_timeout_that_nobody_repeats) {
  start_nginx({.write = milliseconds(500)});
  accelerator_->meets(Meets::in_silence);
  std::vector<std::future<unsigned>> answers;
  for (const std::string& method : kWriters) {
    answers.push_back(
        std::async(std::launch::async, [&] { return status_of(method, "/" + method); }));
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get(), 504U);
  for (const std::string& method : kWriters) EXPECT_EQ(asked(accelerator_, "/" + method), 1U);
}

struct CdnMemory : Cdn {
  CdnMemory() : Cdn(5'900) {}
};

TEST_F(CdnMemory, of_a_failed_origin_does_not_outlive_the_request) {
  for (int i = 0; i < 20; ++i) {
    home_->answers(503, "");
    ASSERT_EQ(get("web", "/page")->status, 200U);
    home_->answers(200, "home again");
    ASSERT_EQ(get("web", "/page")->body, "home again");
  }
  EXPECT_THAT(home_->asked(), SizeIs(40));
  EXPECT_THAT(other_->asked(), SizeIs(20));
  home_.reset();
  ASSERT_EQ(get("web", "/page")->status, 200U);
  home_.emplace(layout_.load_balancer(topology_.home));
  home_->answers(200, "home anew");
  EXPECT_EQ(get("web", "/page")->body, "home anew");
}

struct CdnCache : Cdn {
  CdnCache() : Cdn(6'000) {}
};

TEST_F(CdnCache, serves_assets_stale_while_both_origins_are_down) {
  home_->answers(200, "body { }", "Cache-Control: public, max-age=1\r\n");
  const std::vector<std::pair<std::string, std::string>> kept = {{"web", "/static/a.css"},
                                                                 {"marketing", "/"}};
  for (const auto& [host, path] : kept) EXPECT_EQ(cached(host, path), "miss") << host;
  home_.reset();
  other_.reset();
  for (const auto& [host, path] : kept) {
    EXPECT_TRUE(
        eventually([&, host = host, path = path] { return cached(host, path) == "stale"; }));
    EXPECT_EQ(get(host, path)->body, "body { }") << host;
    EXPECT_EQ(get(host, path)->status, 200U) << host;
  }
  EXPECT_EQ(get("web", "/")->status, 502U) << "a page is made for each request";
  other_.emplace(layout_.load_balancer("south"));
  for (const auto state : {Meets::by_closing, Meets::with_answer}) {
    other_->answers(503, "");
    other_->meets(state);
    EXPECT_EQ(cached("web", "/static/a.css"), "stale");
  }
  other_->answers(200, "body { x }", "Cache-Control: public, max-age=1000\r\n");
  EXPECT_EQ(cached("web", "/static/a.css"), "miss");
  EXPECT_EQ(get("web", "/static/a.css")->body, "body { x }");
}

struct CdnPersonal : Cdn {
  CdnPersonal() : Cdn(6'100) {}
};

TEST_F(CdnPersonal, answers_are_never_kept) {
  int n = 0;
  for (const std::string headers :
       {"Cache-Control: max-age=1000\r\nSet-Cookie: who=ann\r\n", "Cache-Control: private\r\n",
        "Cache-Control: private, max-age=1000\r\n", "Cache-Control: no-store\r\n",
        "Cache-Control: max-age=1000\r\nVary: *\r\n", "X-Accel-Expires: 1000\r\n", ""}) {
    for (const std::string host : {"web", "marketing"}) {
      const std::string path = "/static/" + std::to_string(++n);
      home_->answers(200, "ann's", headers);
      EXPECT_EQ(cached(host, path), "miss") << headers;
      EXPECT_EQ(cached(host, path), "miss") << headers;
      EXPECT_THAT(home_->asked(path), SizeIs(2)) << headers;
    }
  }
  home_->answers(200, "a page", "Cache-Control: public, max-age=1000\r\n");
  EXPECT_EQ(cached("web", "/"), "miss");
  EXPECT_EQ(cached("web", "/"), "miss") << "pages are not cached, whatever they say";
}

TEST_F(CdnPersonal, words_of_the_client_reach_pages_and_nothing_that_is_kept) {
  const http::Headers who = {{"Cookie", "who=ann"}, {"Authorization", "Bearer ann"}};
  (void)get("web", "/account", who);
  (void)get("web", "/static/a.js", who);
  EXPECT_THAT(home_->asked("/account").at(0), HasSubstr("who=ann"));
  EXPECT_THAT(home_->asked("/account").at(0), HasSubstr("Bearer ann"));
  EXPECT_THAT(home_->asked("/static/a.js").at(0), Not(HasSubstr("ann")));
}

struct CdnObjects : Cdn {
  CdnObjects() : Cdn(6'200) {}
};

TEST_F(CdnObjects, are_shared_by_get_and_head_and_not_spoilt_by_ranges) {
  home_->answers(200, "0123456789", "Cache-Control: max-age=1000\r\nAccept-Ranges: bytes\r\n");
  EXPECT_EQ(send("web", "/static/h", {.method = "HEAD"})->header("X-Cache"), "miss");
  EXPECT_EQ(cached("web", "/static/h"), "hit");
  EXPECT_EQ(get("web", "/static/h")->body, "0123456789");
  const auto part = get("web", "/static/r", {{"Range", "bytes=2-4"}});
  EXPECT_EQ(part->status, 206U);
  EXPECT_EQ(part->body, "234");
  EXPECT_EQ(get("web", "/static/r")->body, "0123456789");
  EXPECT_THAT(home_->asked("/static/r"), SizeIs(1));
}

TEST_F(CdnObjects, are_kept_apart_by_what_they_vary_with_and_by_service) {
  home_->answers(200, "hello", "Cache-Control: max-age=1000\r\nVary: Accept-Language\r\n");
  EXPECT_EQ(cached("marketing", "/", {{"Accept-Language", "en"}}), "miss");
  home_->answers(200, "hallo", "Cache-Control: max-age=1000\r\nVary: Accept-Language\r\n");
  EXPECT_EQ(get("marketing", "/", {{"Accept-Language", "de"}})->body, "hallo");
  EXPECT_EQ(get("marketing", "/", {{"Accept-Language", "en"}})->body, "hello");
  EXPECT_EQ(get("web", "/static/", {{"Accept-Language", "en"}})->body, "hallo");
  home_->answers(200, "cut off", "Cache-Control: max-age=1000\r\n");
  home_->meets(Meets::by_cutting);
  EXPECT_FALSE(get("web", "/static/cut"));
  home_->answers(200, "whole", "Cache-Control: max-age=1000\r\n");
  EXPECT_EQ(get("web", "/static/cut")->body, "whole");
}

struct CdnDoor : Cdn {
  CdnDoor() : Cdn(6'300) {}
};

TEST_F(CdnDoor, opens_at_the_names_that_a_browser_finds) {
  const auto port = std::to_string(layout_.edge_cdn().port);
  const auto answer = http_.send("http://127.0.0.1:" + port + "/",
                                 {.method = "GET", .headers = {{"Host", "Web.localhost:" + port}}},
                                 milliseconds(5000));
  ASSERT_EQ(why(answer), "");
  EXPECT_EQ(answer->status, 200U);
  EXPECT_THAT(home_->asked("/").at(0), HasSubstr("Host: web\r\n"));
}

TEST_F(CdnDoor, is_shut_to_hosts_that_are_no_page_service) {
  for (const std::string host : {"api", "127.0.4.1", "web.example.com"}) {
    const auto answer = get(host, "/");
    EXPECT_EQ(answer->status, 403U) << host;
    EXPECT_THAT(answer->body,
                HasSubstr(fmt::format("http://web.localhost:{}\n", layout_.edge_cdn().port)));
  }
  EXPECT_THAT(home_->asked(), SizeIs(0));
}

TEST_F(CdnDoor, is_shut_to_what_cloudfront_refuses) {
  EXPECT_EQ(send("web", "/", {.method = "GET", .body = "x"})->status, 403U);
  EXPECT_EQ(get("web", "/", {{"Content-Length", "0"}})->status, 200U);
  EXPECT_EQ(send("web", "/", {.method = "PROPFIND"})->status, 403U);
  EXPECT_EQ(send("web", "/static/", {.method = "PURGE"})->status, 403U);
}

/// The other region is real: its load balancer, before services of the test.
struct CdnBeforeAStandby : Cdn {
  CdnBeforeAStandby() : Cdn(2'000) {
    home_.reset();
    other_.reset();
    const auto programs = find_programs(topology_);
    EXPECT_EQ(why(save_secrets(make_secrets(), layout_.file("secrets.json"))), "");
    for (const DomainPlace& place : layout_.domains())
      std::filesystem::create_directories(place.folder);
    EXPECT_EQ(why(write_configuration(layout_, *programs)), "");
    haproxy_.emplace(std::vector<std::string>{programs->haproxy, "-db", "-f",
                                              layout_.file("south/load-balancer.cfg")});
  }
  ~CdnBeforeAStandby() override { std::filesystem::remove_all(layout_.memory()); }

  StubOrigin web_{layout_.service("south", "web", 0)};
  StubOrigin api_{layout_.service("south", "api", 0)};
  std::optional<RunningProgram> haproxy_;
};

TEST_F(CdnBeforeAStandby, gets_pages_while_the_home_region_is_dead_and_before_any_failover) {
  web_.answers(200, "a page of the standby");
  api_.answers(503, "not the active region");
  const auto page = [&](const std::string& host) {
    const auto answer = get(host, "/");
    return answer ? answer->body : answer.error().what;
  };
  EXPECT_TRUE(eventually([&] { return page("web") == "a page of the standby"; }));
  const auto ready =
      http_.send("http://" + layout_.load_balancer("south").text() + std::string(kRegionReadyPath),
                 {.method = "GET"}, milliseconds(5000));
  ASSERT_EQ(why(ready), "");
  EXPECT_EQ(ready->status, 503U);
  EXPECT_EQ(get("marketing", "/")->status, 503U) << "edge-cached: none runs in a standby";
}

}  // namespace
}  // namespace understudy
