// The server itself on a loopback port, with a client that sends anything.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <mutex>
#include <vector>

#include "system/http_server.h"
#include "targets.h"

namespace understudy::fuzz {

namespace {

constexpr std::size_t kBodyMax = 256;
/// Much longer than the server's own patience, since a busy machine may let everybody wait.
constexpr int kPatienceMs = 60'000;
/// The handler's own status, which the server itself never answers with.
constexpr unsigned kHandled = 299;

/// What the handler was given, one connection at a time. Thread-safe.
class Seen {
 public:
  void add(const http::Request& request) {
    const std::lock_guard held(lock_);
    requests_.push_back(request);
  }
  std::vector<http::Request> take() {
    const std::lock_guard held(lock_);
    return std::exchange(requests_, {});
  }

 private:
  std::mutex lock_;
  std::vector<http::Request> requests_;
};

struct Stage {
  Seen seen;
  std::unique_ptr<http::Server> server;
};

/// Made once; it ends with the process.
Stage& stage() {
  static Stage& stage = *[] {
    static Stage made;
    http::ServerOptions options;
    options.workers = 1;
    options.body_bytes_max = kBodyMax;
    auto started = http::Server::start(options, [](const http::Request& request) {
      made.seen.add(request);
      return http::Response{.status = kHandled,
                            .body = request.parameter("a") + request.body,
                            .headers = {{"X-Path", request.path}}};
    });
    must(started.ok(), "the server starts");
    made.server = std::move(started).value();
    return &made;
  }();
  return stage;
}

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* address = reinterpret_cast<const sockaddr*>(&at);
    must(::connect(socket_, address, sizeof at) == 0, "the server takes a connection");
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // it has refused what came before, and the rest does not matter
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// Everything that is answered.
  [[nodiscard]] std::string end() const {
    ::shutdown(socket_, SHUT_WR);
    std::string answers;
    char buffer[4096];
    for (;;) {
      pollfd readable{.fd = socket_, .events = POLLIN, .revents = 0};
      must(::poll(&readable, 1, kPatienceMs) == 1,
           "the server closes once its client has nothing more");
      const auto got = ::recv(socket_, buffer, sizeof buffer, 0);
      if (got <= 0) return answers;
      answers.append(buffer, static_cast<std::size_t>(got));
    }
  }

 private:
  int socket_;
};

bool is_clean(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void judge(const http::Request& request) {
  must(request.path.starts_with('/'), "a handler sees a path");
  must(request.path.find('\0') == std::string::npos, "a path without a null character");
  must(!request.method.empty(), "a handler sees a method");
  must(request.body.size() <= kBodyMax, "a body is as long as allowed at most");
  for (const auto& [name, value] : request.headers)
    must(!name.empty() && is_clean(name) && is_clean(value), "a header is one line");
}

/// Takes one line off the front; an answer without a line end is cut.
std::string_view line_of(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  must(end != std::string_view::npos, "an answer's line is whole");
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

unsigned number_in(std::string_view text) {
  unsigned number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  must(read.ec == std::errc(), fmt::format("a number is one: {:?}", text));
  return number;
}

/// Takes one answer off the front; its status.
unsigned answer_of(std::string_view& rest, bool head_only) {
  const auto first = line_of(rest);
  must(first.starts_with("HTTP/1.1 ") && first.size() > 13, "an answer begins as one");
  const unsigned status = number_in(first.substr(9));
  std::size_t length = 0;
  for (auto line = line_of(rest); !line.empty(); line = line_of(rest)) {
    must(is_clean(line), "an answer's header is one line");
    if (line.starts_with("Content-Length: ")) length = number_in(line.substr(16));
  }
  if (head_only) return status;
  must(rest.size() >= length, "an answer's body is whole");
  rest.remove_prefix(length);
  return status;
}

/// The final statuses; as many of them are the handler's as it saw requests.
std::vector<unsigned> judge(std::string_view answers, const std::vector<http::Request>& requests) {
  std::vector<unsigned> statuses;
  auto request = requests.begin();
  while (!answers.empty()) {
    const bool handled = answers.starts_with("HTTP/1.1 299 ");
    must(!handled || request != requests.end(), "no request is answered twice");
    const unsigned status = answer_of(answers, handled && request->method == "HEAD");
    if (handled) ++request;
    if (status != 100) statuses.push_back(status);
  }
  must(request == requests.end(), "every request is answered");
  return statuses;
}

struct Exchange {
  std::vector<http::Request> requests;
  std::vector<unsigned> statuses;
};

/// Sends the bytes in so many pieces.
Exchange talk(std::string_view bytes, std::size_t pieces) {
  const Client client(stage().server->port());
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    const auto from = bytes.size() * piece / pieces;
    client.send(bytes.substr(from, bytes.size() * (piece + 1) / pieces - from));
  }
  const auto answers = client.end();
  Exchange seen{.requests = stage().seen.take(), .statuses = {}};
  for (const http::Request& request : seen.requests) judge(request);
  seen.statuses = judge(answers, seen.requests);
  return seen;
}

bool same(const http::Request& one, const http::Request& other) {
  return one.method == other.method && one.path == other.path && one.query == other.query &&
         one.headers == other.headers && one.body == other.body;
}

/// A header that never ends may be refused once its first line is read, or left at the client's
/// end.
bool answered_alike(std::vector<unsigned> one, std::vector<unsigned> other) {
  if (one.size() < other.size()) std::swap(one, other);
  if (one.size() == other.size() + 1 && one.back() == 400) one.pop_back();
  return one == other;
}

}  // namespace

void http_request(std::string_view bytes) {
  const auto whole = talk(bytes, 1);
  const auto cut = talk(bytes, 2 + bytes.size() % 5);
  must(std::equal(whole.requests.begin(), whole.requests.end(), cut.requests.begin(),
                  cut.requests.end(), same),
       "however the bytes are cut, the requests are the same");
  must(answered_alike(whole.statuses, cut.statuses),
       fmt::format("however the bytes are cut, the answers are the same: {}; {}",
                   fmt::join(whole.statuses, " "), fmt::join(cut.statuses, " ")));
}

}  // namespace understudy::fuzz
