#include "local/haproxy_socket.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace understudy {

namespace {

using Steady = std::chrono::steady_clock;

/// A socket that is closed at the end.
class Peer {
 public:
  Peer() : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~Peer() {
    if (fd_ >= 0) close(fd_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// A full backlog is an error, too (EAGAIN): the far side has stood still for long.
  [[nodiscard]] bool reaches(const std::string& path) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
      errno = ENAMETOOLONG;
      return false;
    }
    std::memcpy(address.sun_path, path.c_str(), path.size());
    return fd_ >= 0 &&
           connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  /// A line fits into the buffer of a fresh socket.
  [[nodiscard]] bool takes(const std::string& line) const {
    return send(fd_, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size());
  }
  /// HAProxy closes after its answer. False: it did not in time.
  [[nodiscard]] bool says(std::string& all, Steady::time_point give_up) const {
    char buffer[4096];
    while (true) {
      const auto rest = std::chrono::ceil<milliseconds>(give_up - Steady::now());
      if (rest <= milliseconds(0)) return false;
      pollfd readable{fd_, POLLIN, 0};
      if (poll(&readable, 1, static_cast<int>(rest.count())) <= 0) continue;
      const auto got = recv(fd_, buffer, sizeof buffer, 0);
      if (got == 0) return true;
      if (got < 0) return false;
      all.append(buffer, static_cast<std::size_t>(got));
    }
  }

 private:
  const int fd_;
};

}  // namespace

Result<std::string> ask_haproxy(const std::string& socket, const std::string& command,
                                milliseconds timeout) {
  const auto give_up = Steady::now() + timeout;
  const Peer peer;
  if (!peer.reaches(socket))
    return Error{After::unchanged_retry, fmt::format("{}: {}", socket, std::strerror(errno))};
  std::string answer;
  if (!peer.takes(command + "\n") || !peer.says(answer, give_up)) {
    return Error{After::unknown, fmt::format("{}: no answer to \"{}\" within {} ms", socket,
                                             command, timeout.count())};
  }
  const auto end = answer.find_last_not_of(" \n");
  answer.erase(end == std::string::npos ? 0 : end + 1);
  return answer;
}

Result<Done> tell_haproxy(const std::string& socket, const std::string& command,
                          milliseconds timeout) {
  auto answer = ask_haproxy(socket, command, timeout);
  if (!answer) return answer.error();
  if (answer->empty()) return Done{};
  return Error{After::unchanged_final,
               fmt::format("haproxy answers \"{}\" with: {}", command, *answer)};
}

}  // namespace understudy
