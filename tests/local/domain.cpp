#include "domain.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace understudy {

namespace {
constexpr auto kPatience = milliseconds(5000);
}

Unit shell_unit(const Scratch& scratch, const std::string& name, const std::string& line) {
  return {.name = name,
          .group = name,
          .command = {"/bin/sh", "-c", line},
          .environment = {{"PATH", "/usr/bin:/bin"}},
          .directory = scratch.folder(),
          .log_file = scratch.file(name + ".log")};
}

pid_t spawn_supervisor(const std::string& folder, const std::string& socket,
                       const std::string& output) {
  const pid_t pid = fork();
  ensure(pid >= 0, "a process can be forked");
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int log = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  dup2(log, 2);
  const auto done = supervise(folder, socket);
  if (!done) fmt::print(stderr, "{}\n", done.error().what);
  std::fflush(nullptr);
  _exit(done ? 0 : 1);
}

SupervisedDomain::SupervisedDomain(const Scratch& scratch, const std::vector<Unit>& units)
    : socket_(scratch.file("control.sock")) {
  EXPECT_EQ(why(save_units(units, scratch.file("units.json"))), "");
  pid_ = spawn_supervisor(scratch.folder(), socket_, scratch.file("supervisor.log"));
  EXPECT_TRUE(eventually([&] { return client().units(kPatience).ok(); }));
}

SupervisedDomain::~SupervisedDomain() { end(); }

UnitState SupervisedDomain::unit(const std::string& name) const {
  auto all = client().units(kPatience);
  if (!all) return {};
  for (const UnitState& each : *all) {
    if (each.name == name) return each;
  }
  return {};
}

int SupervisedDomain::end() {
  if (pid_ == 0) return 0;
  kill(pid_, SIGTERM);
  int status = -1;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  return status;
}

void SupervisedDomain::kill_it() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

}  // namespace understudy
