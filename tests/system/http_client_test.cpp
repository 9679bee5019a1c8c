// What the client says of calls that fail: the difference decides whether a caller may repeat.

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "http_fixture.h"

namespace understudy::test {
namespace {

/// A server that treats the n-th connection as told.
class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
  }
  ~Listener() { close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] int accept() const { return accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC); }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/";
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

std::string read_request(int connection) {
  std::string read;
  char bytes[1024];
  while (read.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = recv(connection, bytes, sizeof bytes, 0);
    if (got <= 0) break;
    read.append(bytes, static_cast<std::size_t>(got));
  }
  return read;
}

void answer(int connection, std::string_view bytes) {
  EXPECT_EQ(send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

TEST(HttpClient, nobody_listens_so_nothing_happened) {
  std::string nobody;
  {
    const Listener gone;
    nobody = gone.url();
  }
  auto sent = http::Client().send(nobody, post("{}"), 2s);
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().after, After::unchanged_retry);
  EXPECT_NE(sent.error().what.find(nobody), std::string::npos);
}

TEST(HttpClient, what_is_no_url_can_never_be_sent) {
  for (const char* wrong : {"", "nonsense://x", "http://", "file:///etc/passwd"}) {
    auto sent = http::Client().send(wrong, get(), 1s);
    ASSERT_FALSE(sent.ok()) << wrong;
    EXPECT_EQ(sent.error().after, After::unchanged_final) << wrong;
  }
}

TEST(HttpClient, a_server_that_dies_in_the_middle_of_its_answer_leaves_it_unknown) {
  const Listener listener;
  std::thread server([&] {
    const int connection = listener.accept();
    read_request(connection);
    answer(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    close(connection);
  });
  auto sent = http::Client().send(listener.url(), post("{}"), 2s);
  server.join();
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().after, After::unknown);
}

TEST(HttpClient, a_server_that_takes_the_request_and_is_silent_leaves_it_unknown) {
  const Listener listener;
  auto sent = http::Client().send(listener.url(), post("{}"), 100ms);
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().after, After::unknown);
}

// libcurl would send the request a second time on its own, although the server has had it.
TEST(HttpClient, a_kept_connection_that_dies_upon_a_request_is_not_tried_again) {
  const Listener listener;
  std::atomic<int> requests = 0;
  std::thread server([&] {
    const int connection = listener.accept();
    for (int i = 0; i < 2; ++i) {
      if (read_request(connection).empty()) break;
      if (++requests == 1) answer(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
    close(connection);
    const int again = listener.accept();  // the one that this test opens to end the thread
    if (!read_request(again).empty()) ++requests;
    close(again);
  });
  const http::Client client;
  auto first = client.send(listener.url(), post("1"), 2s);
  EXPECT_TRUE(first.ok());
  auto second = client.send(listener.url(), post("2"), 2s);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().after, After::unknown);
  EXPECT_EQ(requests, 2);

  const int last = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(listener.port());
  // Refused if the retry's own connection has already ended the thread.
  (void)connect(last, reinterpret_cast<sockaddr*>(&at), sizeof at);
  close(last);
  server.join();
  EXPECT_EQ(requests, 2);
}

TEST(HttpClient, a_connection_that_ended_at_rest_is_replaced_quietly) {
  std::uint16_t port = 0;
  const http::Client client;
  {
    auto server = serve([](const Request&) { return ok("1"); });
    port = server->port();
    EXPECT_TRUE(client.send(url(*server, "/"), get(), 2s).ok());
  }
  auto server = serve([](const Request&) { return ok("2"); }, {.port = port});
  auto sent = client.send(url(*server, "/"), post("{}"), 2s);
  ASSERT_TRUE(sent.ok()) << sent.error().what;
  EXPECT_EQ(sent->body, "2");
}

TEST(HttpClient, sends_nothing_of_an_earlier_request_along) {
  auto server = serve([](const Request& request) {
    return ok(request.method + " [" + request.body + "] [" + std::string(request.header("X-Once")) +
              "] [" + std::string(request.header("Content-Type")) + "]");
  });
  const http::Client client;
  const auto say = [&](const Request& request) {
    const auto answer = client.send(url(*server, "/"), request, 2s);
    return answer ? answer->body : answer.error().what;
  };
  EXPECT_EQ(say({.method = "POST", .headers = {{"X-Once", "yes"}}, .body = "first"}),
            "POST [first] [yes] [application/json]");
  EXPECT_EQ(say(get()), "GET [] [] []");
  EXPECT_EQ(say({.method = "DELETE"}), "DELETE [] [] []");
  EXPECT_EQ(say({.method = "HEAD"}), "");
  EXPECT_EQ(say(post("last")), "POST [last] [] [application/json]");
  EXPECT_EQ(say(post("")), "POST [] [] []");
}

TEST(HttpClient, redirects_are_answers) {
  auto server = serve([](const Request&) {
    Response response = ok("");
    response.status = 302;
    response.headers.emplace_back("Location", "/elsewhere");
    return response;
  });
  auto sent = http::Client().send(url(*server, "/"), get(), 2s);
  ASSERT_TRUE(sent.ok());
  EXPECT_EQ(sent->status, 302U);
  EXPECT_EQ(sent->header("location"), "/elsewhere");
}

TEST(HttpClient, comes_from_the_address_it_was_given) {
  const Listener listener;
  std::string from;
  std::thread server([&] {
    const int connection = listener.accept();
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    getpeername(connection, reinterpret_cast<sockaddr*>(&peer), &size);
    char text[INET_ADDRSTRLEN];
    from = inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text);
    read_request(connection);
    answer(connection, "HTTP/1.1 204 No Content\r\n\r\n");
    close(connection);
  });
  const http::Client client({.source_address = "127.0.0.77"});
  auto sent = client.send(listener.url(), get(), 2s);
  server.join();
  EXPECT_TRUE(sent.ok());
  EXPECT_EQ(from, "127.0.0.77");
}

TEST(HttpClient, a_header_with_a_line_break_is_refused) {
  Request request = get();
  request.headers.emplace_back("X", "a\r\nY: b");
  auto sent = http::Client().send("http://127.0.0.1:1/", request, 1s);
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().after, After::unchanged_final);
}

}  // namespace
}  // namespace understudy::test
