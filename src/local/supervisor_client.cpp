#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <cerrno>
#include <cstring>

#include "local/units.h"

namespace understudy {

namespace json = boost::json;

namespace {

/// A descriptor that is closed at the end of its scope.
struct Socket {
  int descriptor = -1;
  ~Socket() {
    if (descriptor >= 0) close(descriptor);
  }
};

Result<std::string> read_line(int peer, milliseconds timeout) {
  std::string line;
  const auto give_up = std::chrono::steady_clock::now() + timeout;
  while (line.empty() || line.back() != '\n') {
    const auto rest = std::chrono::ceil<milliseconds>(give_up - std::chrono::steady_clock::now());
    pollfd ready{peer, POLLIN, 0};
    if (rest.count() <= 0 || poll(&ready, 1, static_cast<int>(rest.count())) <= 0) {
      return Error{After::unknown, "the supervisor did not answer in time"};
    }
    char buffer[4096];
    const ssize_t got = read(peer, buffer, sizeof buffer);
    if (got < 0 && errno == EAGAIN) continue;
    if (got <= 0) return Error{After::unknown, "the supervisor went away"};
    line.append(buffer, static_cast<std::size_t>(got));
  }
  return line;
}

}  // namespace

Result<json::object> SupervisorClient::ask(const json::object& request,
                                           milliseconds timeout) const {
  // Blocking, a connect would wait for ever once a supervisor that stands still has as many callers
  // as it may.
  const Socket socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof address.sun_path)
    return Error{After::unchanged_final, socket_ + ": too long for a socket"};
  std::memcpy(address.sun_path, socket_.c_str(), socket_.size());
  if (connect(socket.descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
      0) {
    return Error{After::unchanged_retry, socket_ + ": " + std::strerror(errno)};
  }
  const std::string line = json::serialize(request) + "\n";
  if (send(socket.descriptor, line.data(), line.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(line.size())) {
    return Error{After::unknown, socket_ + ": " + std::strerror(errno)};
  }
  auto answer = read_line(socket.descriptor, timeout);
  if (!answer) return within(socket_, answer.error());
  boost::system::error_code malformed;
  json::value value = json::parse(*answer, malformed);
  if (malformed || !value.is_object())
    return Error{After::unknown, socket_ + ": not a JSON object"};
  if (const auto* error = value.get_object().if_contains("error")) {
    return Error{After::unchanged_final, json::value_to<std::string>(*error)};
  }
  return std::move(value.get_object());
}

Result<std::vector<UnitState>> SupervisorClient::units(milliseconds timeout) const {
  auto answer = ask({{"do", "status"}}, timeout);
  if (!answer) return answer.error();
  try {
    std::vector<UnitState> units;
    for (const auto& each : answer->at("units").as_array()) {
      const json::object& unit = each.as_object();
      units.push_back({.name = json::value_to<std::string>(unit.at("name")),
                       .group = json::value_to<std::string>(unit.at("group")),
                       .wanted = unit.at("wanted").as_bool(),
                       .pid = unit.at("pid").to_number<pid_t>(),
                       .up_ms = unit.at("up_ms").to_number<std::int64_t>(),
                       .restarts = unit.at("restarts").to_number<unsigned>(),
                       .last_status = unit.at("last_status").to_number<int>()});
    }
    return units;
  } catch (const std::exception& error) {
    return Error{After::unknown, socket_ + ": " + error.what()};
  }
}

namespace {
Result<Done> done_if(const Result<json::object>& answer) {
  if (!answer) return answer.error();
  return Done{};
}
}  // namespace

Result<Done> SupervisorClient::want(const std::string& group, unsigned count,
                                    milliseconds timeout) const {
  return done_if(ask({{"do", "want"}, {"group", group}, {"count", count}}, timeout));
}
Result<Done> SupervisorClient::hold(const std::string& unit, milliseconds timeout) const {
  return done_if(ask({{"do", "hold"}, {"unit", unit}}, timeout));
}
Result<Done> SupervisorClient::stop(const std::string& unit, milliseconds timeout) const {
  const auto give_up = std::chrono::steady_clock::now() + timeout;
  if (auto told = ask({{"do", "stop"}, {"unit", unit}}, timeout); !told) return told.error();
  while (true) {
    const auto rest = std::chrono::ceil<milliseconds>(give_up - std::chrono::steady_clock::now());
    if (rest.count() <= 0) return Error{After::unknown, unit + " has not ended yet"};
    auto all = units(rest);
    if (!all) return all.error();
    const auto found = std::find_if(all->begin(), all->end(),
                                    [&](const UnitState& each) { return each.name == unit; });
    if (found == all->end() || found->pid == 0) return Done{};
    usleep(10'000);
  }
}
Result<Done> SupervisorClient::release(const std::string& unit, milliseconds timeout) const {
  return done_if(ask({{"do", "release"}, {"unit", unit}}, timeout));
}
Result<Done> SupervisorClient::restart(const std::string& unit, milliseconds timeout) const {
  return done_if(ask({{"do", "restart"}, {"unit", unit}}, timeout));
}

}  // namespace understudy
