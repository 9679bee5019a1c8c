#include "web_stub.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <charconv>

#include "base/ensure.h"
#include "drill/instant.h"

namespace understudy::drill {
namespace {

std::string header(const std::string& head, const std::string& name) {
  const auto at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  const auto from = at + name.size() + 4;
  return head.substr(from, head.find("\r\n", from) - from);
}

/// Takes the first whole request off what was received.
std::optional<StubRequest> take_request(std::string& received) {
  const auto end = received.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  const auto head = received.substr(0, end + 2);
  const auto length_text = header(head, "Content-Length");
  std::size_t length = 0;
  std::from_chars(length_text.data(), length_text.data() + length_text.size(), length);
  if (received.size() < end + 4 + length) return std::nullopt;
  StubRequest request;
  const auto first = head.find(' ');
  request.method = head.substr(0, first);
  request.path = head.substr(first + 1, head.find(' ', first + 1) - first - 1);
  request.key = header(head, "Idempotency-Key");
  request.body = received.substr(end + 4, length);
  received.erase(0, end + 4 + length);
  return request;
}

}  // namespace

WebStub::WebStub(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ensure(::bind(listener_, generic, sizeof address) == 0, "a free port can be bound");
  ensure(::listen(listener_, 4096) == 0, "a bound port can listen");
  socklen_t size = sizeof address;
  ::getsockname(listener_, generic, &size);
  port_ = ntohs(address.sin_port);
  waker_ = ::eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { serve(); });
}

WebStub::~WebStub() {
  stopping_ = true;
  ::eventfd_write(waker_, 1);
  thread_.join();
  for (const auto& [connection, received] : connections_) ::close(connection);
  ::close(listener_);
  ::close(waker_);
}

std::string WebStub::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

void WebStub::serve() {
  while (!stopping_) {
    std::vector<pollfd> watched{{waker_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& [connection, received] : connections_) {
      watched.push_back({connection, POLLIN, 0});
    }
    ::poll(watched.data(), watched.size(), -1);
    for (std::size_t i = 2; i < watched.size() && !stopping_; ++i) {
      if (watched[i].revents == 0 || read_from(watched[i].fd)) continue;
      ::close(watched[i].fd);
      connections_.erase(watched[i].fd);
    }
    for (int made = 0; (made = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      const int on = 1;
      ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      connections_[made];
      ++accepted_;
    }
  }
}

bool WebStub::read_from(int connection) {
  char buffer[16 * 1024];
  const auto bytes = ::recv(connection, buffer, sizeof buffer, 0);
  if (bytes <= 0) return false;
  auto& received = connections_[connection];
  received.append(buffer, static_cast<std::size_t>(bytes));
  return answer_all(connection, received);
}

bool WebStub::answer_all(int connection, std::string& received) {
  while (const auto request = take_request(received)) {
    const auto reply = handler_(*request);
    if (!reply) return false;
    const auto text = fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n{}", reply->status,
                                  reply->body.size(), reply->body);
    if (::send(connection, text.data(), text.size(), MSG_NOSIGNAL) < 0) return false;
  }
  return true;
}

std::string sale(const StubRequest& request, long epoch, const std::string& region) {
  static std::atomic<long> sold = 0;
  const auto asked = boost::json::parse(request.body).as_object();
  const auto number = ++sold;
  boost::json::object body{{"order", number},
                           {"event", asked.at("event")},
                           {"seat", number},
                           {"epoch", epoch},
                           {"region", region}};
  return boost::json::serialize(body);
}

bool eventually(const std::function<bool()>& condition) {
  const auto until = read_clocks().boot + std::chrono::seconds(30);
  while (read_clocks().boot < until) {
    if (condition()) return true;
    ::poll(nullptr, 0, 5);
  }
  return condition();
}

}  // namespace understudy::drill
