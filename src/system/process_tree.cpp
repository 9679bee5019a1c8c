#include "system/process_tree.h"

#include <dirent.h>
#include <fmt/format.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <fstream>
#include <map>
#include <thread>

namespace understudy::process {

namespace {

/// A process that waits for a disk is stopped only once that has answered; it is killed unstopped.
constexpr std::chrono::milliseconds kHaltBeforeKill{100};

struct Seen {
  pid_t parent = 0;
  char state = '?';
};

std::map<pid_t, Seen> all_processes() {
  std::map<pid_t, Seen> all;
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return all;
  while (const dirent* entry = readdir(folder)) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string line;
    if (!std::getline(file, line)) continue;
    const auto after_name = line.rfind(')');
    if (after_name == std::string::npos) continue;
    Seen seen;
    if (std::sscanf(line.c_str() + after_name + 2, "%c %d", &seen.state, &seen.parent) == 2)
      all[pid] = seen;
  }
  closedir(folder);
  return all;
}

bool runs_below(pid_t pid, const std::string& directory) {
  if (directory.empty()) return false;
  char path[PATH_MAX];
  const ssize_t length = readlink(fmt::format("/proc/{}/cwd", pid).c_str(), path, sizeof path - 1);
  if (length <= 0) return false;
  const std::string_view cwd(path, static_cast<std::size_t>(length));
  if (!cwd.starts_with(directory)) return false;
  // Also when the folder is gone: the kernel then adds " (deleted)".
  return cwd.size() == directory.size() || cwd[directory.size()] == '/' ||
         cwd[directory.size()] == ' ';
}

bool descends(pid_t pid, pid_t ancestor, const std::map<pid_t, Seen>& all) {
  for (int depth = 0; pid > 1 && depth < 1000; ++depth) {
    if (pid == ancestor) return true;
    const auto found = all.find(pid);
    if (found == all.end()) return false;
    pid = found->second.parent;
  }
  return false;
}

bool stop_pending(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(file, line);) {
    unsigned long long signals = 0;
    if (std::sscanf(line.c_str(), "ShdPnd: %llx", &signals) == 1)
      return (signals >> (SIGSTOP - 1) & 1) != 0;
  }
  return false;
}

bool share_memory(pid_t one, pid_t other) {
  return syscall(SYS_kcmp, one, other, KCMP_VM, 0, 0) == 0;
}

/// Whoever calls vfork(2) waits uninterruptibly until the child has a program, and so memory, of
/// its own. If that is stopped before, the parent's own stop stays pending: it runs no more, and
/// never shows 'T'. One that is still amid its fork(2) has a stop pending, too, and forks all the
/// same.
bool held_by_child(pid_t pid, const std::map<pid_t, Seen>& all) {
  const auto holds = [&](const auto& each) {
    return each.second.parent == pid && each.second.state == 'T' && share_memory(pid, each.first);
  };
  return all.at(pid).state == 'D' && stop_pending(pid) &&
         std::any_of(all.begin(), all.end(), holds);
}

struct Member {
  Identity who;
  bool stopped = false;
};

std::vector<Member> look(const Domain& domain) {
  std::vector<Member> found;
  const auto all = all_processes();
  for (const auto& [pid, seen] : all) {
    if (seen.state == 'Z' || seen.state == 'X') continue;
    if (descends(getpid(), pid, all)) continue;  // we, and the shell that we were started from
    const bool ours = (domain.supervisor > 0 && descends(pid, domain.supervisor, all)) ||
                      runs_below(pid, domain.directory);
    if (!ours) continue;
    const bool stopped = seen.state == 'T' || seen.state == 't' || held_by_child(pid, all);
    if (const auto who = identify(pid)) found.push_back({*who, stopped});
  }
  return found;
}

/// The calling thread goes before all others while this lives, where that is allowed (root): who is
/// to be stopped competes for the processors, and a crowd at work put a freeze off by a second.
class BeforeOthers {
 public:
  BeforeOthers() {
    allowed_ = pthread_getschedparam(pthread_self(), &policy_, &before_) == 0;
    sched_param urgent{};
    urgent.sched_priority = 1;
    allowed_ = allowed_ && pthread_setschedparam(pthread_self(), SCHED_FIFO, &urgent) == 0;
  }
  ~BeforeOthers() {
    if (allowed_) pthread_setschedparam(pthread_self(), policy_, &before_);
  }
  BeforeOthers(const BeforeOthers&) = delete;
  BeforeOthers& operator=(const BeforeOthers&) = delete;

 private:
  bool allowed_ = false;
  int policy_ = 0;
  sched_param before_{};
};

struct Halt {
  std::vector<Identity> found;  // at the last look
  bool complete = false;
};

/// Stops all, until two looks in a row find the same, and nobody that runs: a stop that comes amid
/// a fork lets it be born, behind the back of a look that has listed the processes already and then
/// finds its parent stopped.
Halt halt_all(const Domain& domain, std::chrono::milliseconds timeout) {
  const auto give_up = std::chrono::steady_clock::now() + timeout;
  // The supervisor first, or it would restart what seems to hang.
  if (domain.supervisor > 0) kill(domain.supervisor, SIGSTOP);
  Halt halt;
  for (bool quiet_before = false;;) {
    std::vector<Identity> found;
    bool quiet = true;
    for (const Member& member : look(domain)) {
      found.push_back(member.who);
      if (member.stopped) continue;
      quiet = false;
      kill(member.who.pid, SIGSTOP);
    }
    halt.complete = quiet && quiet_before && found == halt.found;
    quiet_before = quiet;
    halt.found = std::move(found);
    if (halt.complete || std::chrono::steady_clock::now() >= give_up) return halt;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

}  // namespace

std::vector<Identity> members(const Domain& domain) {
  std::vector<Identity> who;
  for (const Member& member : look(domain)) who.push_back(member.who);
  return who;
}

Result<std::vector<Identity>> freeze(const Domain& domain, std::chrono::milliseconds timeout) {
  const BeforeOthers before_others;
  const Halt halt = halt_all(domain, timeout);
  if (!halt.complete) {
    return Error{After::unknown,
                 fmt::format("processes below {} did not all stop", domain.directory)};
  }
  return halt.found;
}

void thaw(const std::vector<Identity>& frozen) {
  for (const Identity& who : frozen) {
    if (alive(who)) kill(who.pid, SIGCONT);
  }
}

Result<std::vector<Identity>> kill_all(const Domain& domain, std::chrono::milliseconds timeout) {
  const BeforeOthers before_others;
  const auto give_up = std::chrono::steady_clock::now() + timeout;
  // Who is stopped forks no more.
  const std::vector<Identity> killed = halt_all(domain, std::min(timeout, kHaltBeforeKill)).found;
  // The supervisor last: it adopts who is born behind our back all the same, who is else lost.
  for (const bool supervisor_too : {false, true}) {
    while (true) {
      std::vector<Identity> left = members(domain);
      left.insert(left.end(), killed.begin(), killed.end());
      std::erase_if(left, [&](const Identity& who) {
        return !alive(who) || (who.pid == domain.supervisor && !supervisor_too);
      });
      if (left.empty()) break;
      if (std::chrono::steady_clock::now() >= give_up) {
        return Error{After::unknown, fmt::format("{} processes below {} are still there",
                                                 left.size(), domain.directory)};
      }
      for (const Identity& who : left) kill(who.pid, SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  return killed;
}

}  // namespace understudy::process
