// The supervisor of one failure domain: one thread, one poll loop.

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <optional>

#include "local/units.h"
#include "system/file.h"
#include "system/process.h"
#include "system/process_tree.h"

namespace understudy {

namespace json = boost::json;
using Steady = std::chrono::steady_clock;

namespace {

constexpr auto kRestartFirst = milliseconds(100);
constexpr auto kRestartMax = milliseconds(5000);
constexpr auto kStopPatience = std::chrono::seconds(10);

struct Running {
  Unit unit;
  bool wanted = false;
  bool held = false;
  pid_t pid = 0;
  unsigned restarts = 0;
  int last_status = 0;
  Steady::time_point started{};
  Steady::time_point start_at{};
  std::optional<Steady::time_point> kill_at{};  ///< it was told to end, and has until then
  milliseconds backoff = kRestartFirst;
};

class Supervisor {
 public:
  Supervisor(std::vector<Unit> units, int signals, int listener)
      : signals_(signals), listener_(listener) {
    for (Unit& unit : units) {
      Running running;
      running.wanted = unit.wanted;
      running.unit = std::move(unit);
      all_.push_back(std::move(running));
    }
  }

  void run() {
    while (!stopping_) {
      start_what_is_due();
      kill_what_does_not_end();
      pollfd ready[2] = {{signals_, POLLIN, 0}, {listener_, POLLIN, 0}};
      poll(ready, 2, wait_ms());
      if ((ready[0].revents & POLLIN) != 0) take_signal();
      reap();
      if ((ready[1].revents & POLLIN) != 0) serve_one();
    }
    for (auto running = all_.rbegin(); running != all_.rend(); ++running) stop(*running);
    end_orphans();
  }

 private:
  void start_what_is_due() {
    const auto now = Steady::now();
    for (Running& running : all_) {
      if (!running.wanted || running.held || running.pid != 0 || now < running.start_at) continue;
      const Unit& unit = running.unit;
      auto pid = process::spawn({.arguments = unit.command,
                                 .environment = unit.environment,
                                 .directory = unit.directory,
                                 .log_file = unit.log_file,
                                 .death_signal = unit.death_signal});
      if (pid) {
        running.pid = *pid;
        running.started = now;
        continue;
      }
      file::log_line(unit.name + ": " + pid.error().what);
      running.last_status = 127;
      delay(running, now);
    }
  }

  void kill_what_does_not_end() {
    for (Running& running : all_) {
      if (running.pid == 0 || !running.kill_at || Steady::now() < *running.kill_at) continue;
      file::log_line(running.unit.name + " does not end though it was told to; killed");
      kill(running.pid, SIGKILL);
      running.kill_at.reset();
    }
  }

  static void delay(Running& running, Steady::time_point now) {
    running.start_at = now + running.backoff;
    running.backoff = std::min(running.backoff * 2, kRestartMax);
    ++running.restarts;
  }

  [[nodiscard]] int wait_ms() const {
    auto rest = milliseconds(60'000);
    const auto look_at = [&](Steady::time_point time) {
      rest =
          std::clamp(std::chrono::ceil<milliseconds>(time - Steady::now()), milliseconds(0), rest);
    };
    for (const Running& running : all_) {
      if (running.pid != 0 && running.kill_at) look_at(*running.kill_at);
      if (running.wanted && !running.held && running.pid == 0) look_at(running.start_at);
    }
    return static_cast<int>(rest.count());
  }

  void take_signal() {
    signalfd_siginfo info{};
    if (read(signals_, &info, sizeof info) == sizeof info && info.ssi_signo != SIGCHLD)
      stopping_ = true;
  }

  /// Also buries orphans of the domain that were adopted.
  void reap() {
    int status = 0;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
      const auto found =
          std::find_if(all_.begin(), all_.end(), [pid](const Running& r) { return r.pid == pid; });
      if (found == all_.end()) continue;
      const auto now = Steady::now();
      found->pid = 0;
      found->kill_at.reset();
      found->last_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      if (now - found->started > kRestartMax) found->backoff = kRestartFirst;
      if (found->wanted && !found->held) {
        file::log_line(fmt::format("{} ended with status {}; starting it again", found->unit.name,
                                   found->last_status));
        delay(*found, now);
      }
    }
  }

  void stop(Running& running) {
    running.wanted = false;
    if (running.pid == 0) return;
    kill(running.pid, running.unit.stop_signal);
    const auto give_up = Steady::now() + kStopPatience;
    while (running.pid != 0 && Steady::now() < give_up) {
      usleep(2000);
      reap();
    }
    if (running.pid == 0) return;
    kill(running.pid, SIGKILL);
    while (running.pid != 0) {
      usleep(2000);
      reap();
    }
  }

  /// What the units left behind is ours by adoption, and would be nobody's in a moment.
  void end_orphans() {
    const auto give_up = Steady::now() + kStopPatience;
    while (Steady::now() < give_up) {
      const auto left = process::members({.supervisor = getpid(), .directory = {}});
      if (left.empty()) return;
      for (const process::Identity& orphan : left) kill(orphan.pid, SIGKILL);
      usleep(2000);
      reap();
    }
  }

  void serve_one() {
    const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (peer < 0) return;
    const timeval patience{1, 0};
    setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    std::string line;
    char c = 0;
    while (line.size() < 4096 && read(peer, &c, 1) == 1 && c != '\n') line += c;
    const std::string answer = json::serialize(obey(line)) + "\n";
    [[maybe_unused]] const auto sent = send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
    close(peer);
  }

  json::object obey(const std::string& line) {
    boost::system::error_code malformed;
    const json::value value = json::parse(line, malformed);
    if (malformed || !value.is_object()) return {{"error", "expected one JSON object on a line"}};
    const json::object& request = value.get_object();
    const auto text = [&](std::string_view key) {
      const auto* found = request.if_contains(key);
      return found != nullptr && found->is_string() ? std::string(found->get_string())
                                                    : std::string();
    };
    const std::string act = text("do");
    if (act == "status") return status();
    if (act == "configuration") return configuration();
    if (act == "want") {
      const auto* count = request.if_contains("count");
      if (count == nullptr || !count->is_int64()) return {{"error", "expected a count"}};
      return want(text("group"), count->get_int64());
    }
    Running* unit = find(text("unit"));
    if (unit == nullptr) return {{"error", "no unit named \"" + text("unit") + "\""}};
    if (act == "hold") {
      unit->held = true;
      if (unit->pid != 0) kill(unit->pid, SIGKILL);
    } else if (act == "stop") {
      unit->held = true;
      if (unit->pid != 0) kill(unit->pid, unit->unit.stop_signal);
    } else if (act == "release") {
      unit->held = false;
      unit->start_at = {};
      unit->backoff = kRestartFirst;
    } else if (act == "restart") {
      unit->start_at = {};
      unit->backoff = kRestartFirst;
      if (unit->pid != 0) kill(unit->pid, unit->unit.stop_signal);
    } else {
      return {{"error", "no command \"" + act + "\""}};
    }
    return {{"ok", true}};
  }

  Running* find(const std::string& name) {
    const auto found = std::find_if(all_.begin(), all_.end(),
                                    [&](const Running& r) { return r.unit.name == name; });
    return found == all_.end() ? nullptr : &*found;
  }

  json::object want(const std::string& group, std::int64_t count) {
    const auto units = std::count_if(all_.begin(), all_.end(),
                                     [&](const Running& each) { return each.unit.group == group; });
    if (units == 0) return {{"error", "no group named \"" + group + "\""}};
    if (count > units) {
      return {{"error", fmt::format("{} more of \"{}\" were asked for than there are units",
                                    count - units, group)}};
    }
    for (Running& running : all_) {
      if (running.unit.group != group) continue;
      const bool wanted = count-- > 0;
      if (wanted && !running.wanted) {
        running.start_at = {};
        running.backoff = kRestartFirst;
      }
      if (!wanted && running.wanted && running.pid != 0) {
        kill(running.pid, running.unit.stop_signal);
        running.kill_at = Steady::now() + kStopPatience;
      }
      running.wanted = wanted;
    }
    return {{"ok", true}};
  }

  [[nodiscard]] json::object configuration() const {
    std::vector<Unit> units;
    for (const Running& running : all_) units.push_back(running.unit);
    return {{"units", to_json(units)}};
  }

  [[nodiscard]] static std::int64_t ms_since(Steady::time_point time) {
    return std::chrono::floor<milliseconds>(Steady::now() - time).count();
  }

  [[nodiscard]] json::object status() const {
    json::array units;
    for (const Running& running : all_) {
      units.push_back(json::object{{"name", running.unit.name},
                                   {"group", running.unit.group},
                                   {"wanted", running.wanted && !running.held},
                                   {"pid", running.pid},
                                   {"up_ms", running.pid == 0 ? 0 : ms_since(running.started)},
                                   {"restarts", running.restarts},
                                   {"last_status", running.last_status}});
    }
    return {{"units", std::move(units)}};
  }

  std::vector<Running> all_;
  const int signals_;
  const int listener_;
  bool stopping_ = false;
};

Error failed(const std::string& what) {
  return {After::unchanged_final, what + ": " + std::strerror(errno)};
}

Result<int> listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return Error{After::unchanged_final, path + ": too long for a socket"};
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) return failed("socket");
  unlink(path.c_str());
  const mode_t before = umask(0177);  // 0600 from the first moment
  const bool bound =
      bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  umask(before);
  if (!bound || listen(listener, 16) != 0) {
    const Error error = failed(path);
    close(listener);
    return error;
  }
  return listener;
}

int block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int each : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, each);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace

Result<Done> supervise(const std::string& folder, const std::string& socket) {
  auto units = load_units(folder + "/units.json");
  if (!units) return units.error();
  auto lock = file::Lock::take(folder + "/supervisor.lock");
  if (!lock) return lock.error();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int signals = block_signals();
  auto listener = listen_at(socket);
  if (!listener) return listener.error();
  const auto self = process::identify(getpid());
  ensure(self.has_value(), "a process can see itself");
  auto told = file::write_durably(
      folder + "/supervisor.json",
      json::serialize(json::object{{"pid", self->pid}, {"started", self->started}}), 0644);
  if (!told) return told;
  Supervisor(std::move(*units), signals, *listener).run();
  unlink(socket.c_str());
  unlink((folder + "/supervisor.json").c_str());
  return Done{};
}

}  // namespace understudy
