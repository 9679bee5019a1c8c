// The server and the client of system_http, talking to each other.

#include <atomic>
#include <future>
#include <set>
#include <stdexcept>
#include <thread>

#include "http_fixture.h"
#include "raw_client.h"

namespace understudy::test {
namespace {

TEST(Http, carries_method_path_query_headers_and_body_both_ways) {
  Request seen;
  auto server = serve([&seen](const Request& request) {
    seen = request;
    Response response = ok("{\"answer\":42}");
    response.status = 201;
    response.headers.emplace_back("X-Kind", "test");
    return response;
  });
  const http::Client client;
  Request request = post("hello");
  request.headers.emplace_back("Idempotency-Key", "k 1");
  auto answer = client.send(url(*server, "/a%20b/c?x=1%2B1&y=a+b&z"), request, 2s);

  ASSERT_TRUE(answer.ok()) << answer.error().what;
  EXPECT_EQ(answer->status, 201U);
  EXPECT_EQ(answer->body, "{\"answer\":42}");
  EXPECT_EQ(answer->content_type, "application/json");
  EXPECT_EQ(answer->header("x-kind"), "test");
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/a b/c");
  EXPECT_EQ(seen.parameter("x"), "1+1");
  EXPECT_EQ(seen.parameter("y"), "a b");
  EXPECT_EQ(seen.parameter("z"), "");
  EXPECT_EQ(seen.parameter("none"), "");
  EXPECT_EQ(seen.header("idempotency-key"), "k 1");
  EXPECT_EQ(seen.body, "hello");
  EXPECT_EQ(seen.peer, "");
}

TEST(Http, percent_decoding_refuses_what_is_cut_off) {
  EXPECT_EQ(http::percent_decode("%41b%7a"), "Abz");
  EXPECT_EQ(http::percent_decode("%4"), std::nullopt);
  EXPECT_EQ(http::percent_decode("%"), std::nullopt);
  EXPECT_EQ(http::percent_decode("%zz"), std::nullopt);
}

TEST(Http, an_exception_in_the_handler_is_a_500) {
  auto server = serve([](const Request&) -> Response { throw std::runtime_error("no \"luck\""); });
  auto answer = http::Client().send(url(*server, "/"), get(), 2s);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 500U);
  EXPECT_EQ(answer->body, R"({"error":"the handler failed: no \"luck\""})");
}

TEST(Http, a_header_value_cannot_add_a_header) {
  auto server = serve([](const Request&) {
    Response response = ok("");
    response.headers.emplace_back("X-One", "1\r\nX-Two: 2");
    return response;
  });
  auto answer = http::Client().send(url(*server, "/"), get(), 2s);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->header("X-Two"), "");
  EXPECT_EQ(answer->header("X-One"), "1  X-Two: 2");
}

TEST(Http, an_answer_that_may_not_leave_closes_the_connection_instead) {
  std::atomic<int> asked = 0;
  auto server = serve([&asked](const Request& request) {
    Response response = ok("sold");
    response.may_leave = [&asked, may = request.path == "/open"] { return ++asked, may; };
    return response;
  });
  RawClient closed(server->port());
  closed.send("GET /closed HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(closed.read_to_end(), "");
  EXPECT_EQ(asked, 1);

  // The guard of one answer is not the next one's.
  RawClient open(server->port());
  open.send("GET /open HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(open.read_until("sold").find("200 OK"), std::string::npos);
  EXPECT_EQ(asked, 2);
}

TEST(Http, a_client_is_told_unknown_when_its_answer_may_not_leave) {
  auto server = serve([](const Request&) {
    Response response = ok("sold");
    response.may_leave = [] { return false; };
    return response;
  });
  auto answer = http::Client().send(url(*server, "/"), post("{}"), 2s);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().after, After::unknown);
}

// An answer that the kernel does not take at once is judged again before each part of it.
TEST(Http, an_answer_to_a_slow_reader_is_judged_again_before_every_part) {
  std::atomic<bool> may = true;
  std::atomic<int> asked = 0;
  const std::size_t size = 32U << 20U;
  auto server = serve([&](const Request&) {
    Response response = ok(std::string(size, 'x'));
    response.may_leave = [&] {
      ++asked;
      return may.load();
    };
    return response;
  });
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.read_until("\r\n\r\n");
  while (asked == 0) std::this_thread::yield();
  may = false;
  const auto rest = client.read_to_end();
  ASSERT_TRUE(rest.has_value());
  EXPECT_LT(rest->size(), size);
  EXPECT_GE(asked, 2);
}

TEST(Http, connections_are_kept_and_reused) {
  std::atomic<int> served = 0;
  auto server = serve([&served](const Request&) { return ok(std::to_string(++served)); });
  RawClient client(server->port());
  for (int i = 1; i <= 3; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_until("\r\n\r\n");
    EXPECT_EQ(client.read_until(std::to_string(i)), std::to_string(i));
  }
  // Two at once are answered in their order; the last asks for the end.
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.0\r\n\r\n");
  const auto rest = client.read_to_end();
  ASSERT_TRUE(rest.has_value());
  EXPECT_LT(rest->find("\r\n\r\n4"), rest->find("\r\n\r\n5"));
  EXPECT_NE(rest->find("Connection: close"), std::string::npos);
}

TEST(Http, the_answer_to_head_has_a_length_and_no_body) {
  auto server = serve([](const Request&) { return ok("12345"); });
  auto answer = http::Client().send(url(*server, "/"), {.method = "HEAD"}, 2s);
  ASSERT_TRUE(answer.ok()) << answer.error().what;
  EXPECT_EQ(answer->header("Content-Length"), "5");
  EXPECT_EQ(answer->body, "");
}

TEST(Http, many_calls_run_at_once) {
  auto server =
      serve([](const Request& request) { return ok(request.parameter("n")); }, {.workers = 8});
  const http::Client client;
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 100; ++i) {
        const std::string n = std::to_string(thread * 1000 + i);
        auto answer = client.send(url(*server, "/?n=" + n), get(), 5s);
        if (answer.ok() && answer->body == n) ++right;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 800);
}

TEST(Http, an_urgent_request_does_not_wait_behind_slow_ones) {
  std::promise<void> release;
  const auto released = release.get_future().share();
  http::ServerOptions options{.workers = 1};
  options.is_urgent = [](const Request& request) { return request.path == "/ready"; };
  auto server = serve(
      [released](const Request& request) {
        if (request.path != "/ready") released.wait();
        return ok(request.path);
      },
      std::move(options));
  const http::Client client;
  auto slow = std::async([&] { return client.send(url(*server, "/slow"), get(), 10s); });
  auto waiting = std::async([&] { return client.send(url(*server, "/next"), get(), 10s); });
  auto urgent = client.send(url(*server, "/ready"), get(), 10s);
  EXPECT_TRUE(urgent.ok());  // would time out otherwise: nobody has released the worker
  release.set_value();
  EXPECT_TRUE(slow.get().ok());
  EXPECT_TRUE(waiting.get().ok());
}

TEST(Http, stopping_lets_running_requests_end_and_refuses_new_ones) {
  std::promise<void> entered;
  std::promise<void> release;
  auto server = serve([&](const Request&) {
    entered.set_value();
    release.get_future().wait();
    return ok("done");
  });
  const http::Client client;
  RawClient idle(server->port());
  auto running = std::async([&] { return client.send(url(*server, "/"), get(), 10s); });
  entered.get_future().wait();
  auto stopped = std::async([&] { server->stop(10s); });
  EXPECT_EQ(idle.read_to_end(), "");  // the idle connection is closed at once
  auto refused = client.send(url(*server, "/"), get(), 2s);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().after, After::unchanged_retry);
  release.set_value();
  stopped.wait();
  auto answer = running.get();
  ASSERT_TRUE(answer.ok()) << answer.error().what;
  EXPECT_EQ(answer->body, "done");
  EXPECT_EQ(answer->header("Connection"), "close");
  server->stop(0ms);  // again: nothing
}

TEST(Http, a_taken_port_is_named) {
  auto server = serve([](const Request&) { return ok(""); });
  auto second =
      http::Server::start({.port = server->port()}, [](const Request&) { return ok(""); });
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().after, After::unchanged_final);
  EXPECT_NE(second.error().what.find("127.0.0.1:" + std::to_string(server->port())),
            std::string::npos);
  EXPECT_NE(second.error().what.find("Address already in use"), std::string::npos);
}

TEST(Http, an_address_that_is_not_ours_is_named) {
  for (const char* address : {"192.0.2.1", "nonsense"}) {
    auto server = http::Server::start({.address = address}, [](const Request&) { return ok(""); });
    ASSERT_FALSE(server.ok());
    EXPECT_NE(server.error().what.find(address), std::string::npos);
  }
}

}  // namespace
}  // namespace understudy::test
