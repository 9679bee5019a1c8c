#include "mail_responder.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ensure.h"

namespace understudy::alerting {

namespace {

constexpr int kPatienceMs = 20'000;

void say(int client, const std::string& line) {
  const std::string bytes = line + "\r\n";
  (void)!send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

}  // namespace

MailResponder::MailResponder(Answers answers)
    : answers_(std::move(answers)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ensure(bind(listener_, reinterpret_cast<sockaddr*>(&address), length) == 0, "a port is free");
  ensure(listen(listener_, 1) == 0, "it listens");
  ensure(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) == 0, "bound");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

MailResponder::~MailResponder() {
  if (thread_.joinable()) thread_.join();
  close(listener_);
}

const std::string& MailResponder::heard() {
  if (thread_.joinable()) thread_.join();
  return heard_;
}

void MailResponder::serve() {
  pollfd ready{listener_, POLLIN, 0};
  if (poll(&ready, 1, kPatienceMs) != 1) return;
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  say(client, "220 here");
  std::size_t line_start = 0;
  bool data = false;
  while (true) {
    const auto end = heard_.find("\r\n", line_start);
    if (end == std::string::npos) {
      char buffer[4096];
      pollfd readable{client, POLLIN, 0};
      if (poll(&readable, 1, kPatienceMs) != 1) break;
      const ssize_t got = recv(client, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      heard_.append(buffer, static_cast<std::size_t>(got));
      continue;
    }
    const std::string line = heard_.substr(line_start, end - line_start);
    line_start = end + 2;
    if (data && line != ".") continue;
    std::string reply = line == "DATA" ? "354 go on" : "250 ok";
    for (const auto& [command, answer] : answers_) {
      if (line.starts_with(command)) reply = answer;
    }
    data = line == "DATA" && reply.starts_with("354");
    say(client, reply);
  }
  close(client);
}

}  // namespace understudy::alerting
