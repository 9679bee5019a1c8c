#include "agent/watchdog.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "fence/page.h"
#include "system/file.h"

namespace understudy {

namespace {

constexpr auto kQuickEnd = std::chrono::milliseconds(500);

int take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int each : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&set, each);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

struct Child {
  pid_t pid = 0;
  int pulse = -1;  ///< readable end
};

Result<Child> start(const std::function<Result<Done>(const std::function<void()>&)>& body) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    return Error{After::unchanged_retry, std::string("pipe: ") + std::strerror(errno)};
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return Error{After::unchanged_retry, std::string("fork: ") + std::strerror(errno)};
  if (pid > 0) {
    close(ends[1]);
    return Child{pid, ends[0]};
  }
  close(ends[0]);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const auto done =
      body([pulse = ends[1]] { [[maybe_unused]] const auto told = write(pulse, "", 1); });
  if (!done) file::log_line("agent: " + done.error().what);
  std::fflush(nullptr);
  _exit(done ? 0 : 1);
}

enum class Ended { by_itself, hung, asked };

/// Takes the signals that are there: whether one of them says to end.
bool told_to_end(int signals) {
  signalfd_siginfo info{};
  bool end = false;
  while (read(signals, &info, sizeof info) == sizeof info) end = end || info.ssi_signo != SIGCHLD;
  return end;
}

/// Listens until the child ends, hangs or is to end; in all cases it is gone afterwards.
Ended listen(const Child& child, int signals, Duration hang) {
  while (true) {
    pollfd ready[2] = {{child.pulse, POLLIN, 0}, {signals, POLLIN, 0}};
    const int count = poll(ready, 2, static_cast<int>(to_ms(hang)));
    if (count == 0) {
      kill(child.pid, SIGKILL);
      waitpid(child.pid, nullptr, 0);
      return Ended::hung;
    }
    if (told_to_end(signals)) {
      kill(child.pid, SIGCONT);
      kill(child.pid, SIGTERM);
      waitpid(child.pid, nullptr, 0);
      return Ended::asked;
    }
    if (waitpid(child.pid, nullptr, WNOHANG) == child.pid) return Ended::by_itself;
    char drained[256];
    while (read(child.pulse, drained, sizeof drained) > 0) {
    }
  }
}

}  // namespace

Duration hang_after(const LeaseTiming& timing) { return 2 * timing.ttl; }

bool page_is_open(const std::string& path) {
  char boot_id[UNDERSTUDY_BOOT_ID_BYTES];
  if (understudy_read_boot_id(boot_id) != 0) return false;
  const understudy_page* page = understudy_map_page(path.c_str());
  if (page == nullptr) return false;
  understudy_promise promise{};
  const bool open = understudy_judge(page, boot_id, &promise) == UNDERSTUDY_OPEN;
  munmap(const_cast<understudy_page*>(page), sizeof *page);
  return open;
}

Result<Done> watch_over(const LeaseTiming& timing,
                        const std::function<Result<Done>(const std::function<void()>& pulse)>& body,
                        const std::function<void()>& gone) {
  const int signals = take_signals();
  while (true) {
    const auto began = std::chrono::steady_clock::now();
    auto child = start(body);
    if (!child) return child.error();
    const Ended how = listen(*child, signals, hang_after(timing));
    close(child->pulse);
    if (how == Ended::asked) return Done{};
    file::log_line(fmt::format("watchdog: the agent {}; starting a new one",
                               how == Ended::hung ? "hung and was killed" : "ended"));
    gone();
    if (std::chrono::steady_clock::now() - began < kQuickEnd) {
      if (told_to_end(signals)) return Done{};  // and its child's end, which is no reason to hurry
      pollfd asked{signals, POLLIN, 0};
      poll(&asked, 1, static_cast<int>(kQuickEnd.count()));
    }
  }
}

}  // namespace understudy
