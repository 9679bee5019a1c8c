#include "stub_origin.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace understudy {

namespace {

int listening(const Endpoint& at) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(at.port);
  inet_pton(AF_INET, at.address.c_str(), &name.sin_addr);
  const bool well = bind(listener, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0 &&
                    listen(listener, 4096) == 0;
  EXPECT_TRUE(well) << at.text() << ": " << std::strerror(errno);
  return listener;
}

std::string path_of(const std::string& head) {
  const auto begin = head.find(' ') + 1;
  return head.substr(begin, head.find(' ', begin) - begin);
}

}  // namespace

StubOrigin::StubOrigin(const Endpoint& at) : listener_(listening(at)), body_("from " + at.text()) {
  EXPECT_EQ(pipe2(wake_, O_CLOEXEC), 0);
  thread_ = std::thread([this] { serve(); });
}

StubOrigin::~StubOrigin() {
  close(wake_[1]);
  thread_.join();
  close(wake_[0]);
  close(listener_);
}

void StubOrigin::meets(Meets how) {
  const std::lock_guard lock(mutex_);
  how_ = how;
}

void StubOrigin::answers(unsigned status, const std::string& body, const std::string& headers) {
  const std::lock_guard lock(mutex_);
  how_ = Meets::with_answer;
  status_ = status;
  body_ = body;
  headers_ = headers;
}

void StubOrigin::holds(const std::string& path) {
  const std::lock_guard lock(mutex_);
  held_path_ = path;
}

void StubOrigin::lets_go() {
  {
    const std::lock_guard lock(mutex_);
    held_path_.clear();
  }
  EXPECT_EQ(write(wake_[1], "", 1), 1);
}

std::size_t StubOrigin::held() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

std::vector<std::string> StubOrigin::asked(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  for (const std::string& head : asked_) {
    if (path.empty() || path_of(head) == path) found.push_back(head);
  }
  return found;
}

void StubOrigin::serve() {
  std::vector<Conversation> open;
  while (true) {
    std::vector<pollfd> polled = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const Conversation& each : open) polled.push_back({each.socket, POLLIN, 0});
    poll(polled.data(), polled.size(), -1);
    char byte;
    if ((polled[0].revents & POLLIN) != 0 && read(wake_[0], &byte, 1) == 1) {
      answer_the_held(open);
      continue;
    }
    if (polled[0].revents != 0) break;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (polled[i + 2].revents == 0 || !heard(open[i])) continue;
      close(open[i].socket);
      open[i].socket = -1;
      if (!open[i].held) continue;
      const std::lock_guard lock(mutex_);
      --held_;
    }
    std::erase_if(open, [](const Conversation& each) { return each.socket < 0; });
    if (polled[1].revents == 0) continue;
    const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (peer >= 0) open.push_back({peer, {}});
  }
  for (const Conversation& each : open) close(each.socket);
}

void StubOrigin::answer_the_held(std::vector<Conversation>& open) {
  const std::lock_guard lock(mutex_);
  for (Conversation& each : open) {
    if (!each.held) continue;
    respond(each);
    shutdown(each.socket, SHUT_WR);
    each.held = false;
  }
  held_ = 0;
}

bool StubOrigin::heard(Conversation& conversation) {
  char buffer[4096];
  const auto got = recv(conversation.socket, buffer, sizeof buffer, 0);
  if (got <= 0) return true;
  conversation.read.append(buffer, static_cast<std::size_t>(got));
  const auto end = conversation.read.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::lock_guard lock(mutex_);
  asked_.push_back(conversation.read.substr(0, end));
  conversation.read.clear();
  if (!held_path_.empty() && path_of(asked_.back()) == held_path_) {
    conversation.held = true;
    ++held_;
    return false;
  }
  if (how_ == Meets::in_silence) return false;
  if (how_ != Meets::by_closing) respond(conversation);
  // What is not read yet would make closing a reset, which may overtake the answer.
  shutdown(conversation.socket, SHUT_WR);
  while (recv(conversation.socket, buffer, sizeof buffer, MSG_DONTWAIT) > 0) continue;
  return true;
}

void StubOrigin::respond(Conversation& conversation) {
  const std::string& head = asked_.back();
  const bool whole = how_ == Meets::with_answer;
  std::string text =
      fmt::format("HTTP/1.1 {} Said\r\nContent-Length: {}\r\nConnection: close\r\n{}\r\n", status_,
                  body_.size() + (whole ? 0 : 1000), headers_);
  if (!head.starts_with("HEAD ")) text += body_;
  [[maybe_unused]] const auto sent =
      send(conversation.socket, text.data(), text.size(), MSG_NOSIGNAL);
}

}  // namespace understudy
