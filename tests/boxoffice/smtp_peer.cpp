#include "smtp_peer.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace understudy::test {

SmtpPeer::SmtpPeer(Replies replies)
    : replies_(std::move(replies)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&at), size), 0);
  EXPECT_EQ(listen(listener_, 8), 0);
  EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size), 0);
  port_ = ntohs(at.sin_port);
  thread_ = std::thread([this] { run(); });
}

SmtpPeer::~SmtpPeer() {
  shutdown(listener_, SHUT_RDWR);  // wakes accept
  thread_.join();
  close(listener_);
}

std::string SmtpPeer::url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }

std::vector<std::string> SmtpPeer::commands() const {
  const std::lock_guard lock(mutex_);
  return commands_;
}
std::vector<std::string> SmtpPeer::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

void SmtpPeer::run() {
  for (int client = accept(listener_, nullptr, nullptr); client >= 0;
       client = accept(listener_, nullptr, nullptr)) {
    talk(client);
    close(client);
  }
}

/// "250 ..." for a line; "-" if it takes no answer.
std::string SmtpPeer::answer(const std::string& line) {
  const std::lock_guard lock(mutex_);
  const auto reply = [this](const std::string& to, const char* success) {
    const auto found = replies_.find(to);
    return found == replies_.end() ? std::string(success) : found->second;
  };
  if (in_message_ && line != ".") {
    message_ += (line.starts_with('.') ? line.substr(1) : line) + "\r\n";
    return "-";
  }
  if (in_message_) {
    in_message_ = false;
    messages_.push_back(std::exchange(message_, {}));
    return reply(".", "250 taken");
  }
  commands_.push_back(line);
  const std::string verb = line.substr(0, line.find(' '));
  if (verb != "DATA") return reply(verb, verb == "QUIT" ? "221 bye" : "250 fine");
  const std::string said = reply(verb, "354 go on");
  in_message_ = said.starts_with("354");
  return said;
}

void SmtpPeer::talk(int client) {
  const auto say = [client](const std::string& line) {
    const std::string bytes = line + "\r\n";
    return send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0;
  };
  {
    const std::lock_guard lock(mutex_);
    in_message_ = false;
  }
  say("220 peer");
  std::string read;
  char some[4096];
  for (ssize_t size = recv(client, some, sizeof some, 0); size > 0;
       size = recv(client, some, sizeof some, 0)) {
    read.append(some, static_cast<std::size_t>(size));
    for (std::size_t end = read.find("\r\n"); end != std::string::npos; end = read.find("\r\n")) {
      const std::string said = answer(read.substr(0, end));
      read.erase(0, end + 2);
      if (said.empty() || (said != "-" && !say(said))) return;
    }
  }
}

}  // namespace understudy::test
