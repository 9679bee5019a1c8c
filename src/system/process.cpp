#include "system/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace understudy::process {

namespace {

Error failed(const std::string& what, int code) {
  return {After::unchanged_final, fmt::format("{}: {}", what, std::strerror(code))};
}

/// What the child needs, made before the fork: after it only system calls are allowed.
struct Prepared {
  std::string program;
  std::vector<char*> arguments;
  std::vector<std::string> environment_texts;
  std::vector<char*> environment;
};

Result<Prepared> prepare(const Command& command) {
  ensure(!command.arguments.empty(), "a command has a program");
  Prepared prepared;
  prepared.program = command.arguments[0];
  if (prepared.program.find('/') == std::string::npos) {
    const auto found = find_program(prepared.program);
    if (!found) return failed(prepared.program, ENOENT);
    prepared.program = *found;
  }
  for (const auto& argument : command.arguments)
    prepared.arguments.push_back(const_cast<char*>(argument.c_str()));
  prepared.arguments.push_back(nullptr);
  for (const auto& [name, value] : command.environment)
    prepared.environment_texts.push_back(name + "=" + value);
  for (auto& text : prepared.environment_texts) prepared.environment.push_back(text.data());
  prepared.environment.push_back(nullptr);
  return prepared;
}

/// Runs in the child. Reports an errno through `report` and exits if it cannot become the program.
[[noreturn]] void become(const Command& command, const Prepared& prepared, int input, int output,
                         int report, pid_t parent) {
  const auto give_up = [report] {
    const int code = errno;
    [[maybe_unused]] const auto written = write(report, &code, sizeof code);
    _exit(127);
  };
  if (command.credentials) {
    const auto [uid, gid] = *command.credentials;
    if (setgroups(1, &gid) != 0 || setgid(gid) != 0 || setuid(uid) != 0) give_up();
  }
  if (command.death_signal != 0) {  // after the change of user, which would clear it
    if (prctl(PR_SET_PDEATHSIG, command.death_signal) != 0) give_up();
    if (getppid() != parent) _exit(127);  // the parent died before we asked to be told
  }
  if (command.new_session && setsid() < 0) give_up();
  if (!command.directory.empty() && chdir(command.directory.c_str()) != 0) give_up();
  const int standard_input = input >= 0 ? input : open("/dev/null", O_RDONLY);
  if (standard_input < 0 || dup2(standard_input, 0) < 0) give_up();
  if (output >= 0 && (dup2(output, 1) < 0 || dup2(output, 2) < 0)) give_up();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  execve(prepared.program.c_str(), prepared.arguments.data(), prepared.environment.data());
  give_up();
  _exit(127);
}

/// A file in memory that nobody else has: unlike a pipe it takes any length at once, and cannot
/// break. -1: there is no input.
Result<int> file_of_input(const std::string& input) {
  if (input.empty()) return -1;
  const int file = memfd_create("input", MFD_CLOEXEC);
  const auto length = static_cast<ssize_t>(input.size());
  if (file >= 0 && pwrite(file, input.data(), input.size(), 0) == length) return file;
  const int code = errno;
  if (file >= 0) close(file);
  return failed("the program's input", code);
}

Result<pid_t> spawn_onto(const Command& command, int output) {
  auto prepared = prepare(command);
  if (!prepared) return prepared.error();
  auto input = file_of_input(command.input);
  if (!input) return input.error();
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return failed("pipe", errno);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(command, *prepared, *input, output, report[1], parent);
  const int fork_error = errno;
  close(report[1]);
  if (*input >= 0) close(*input);
  int code = 0;
  ssize_t got = 0;
  if (pid > 0) {
    do got = read(report[0], &code, sizeof code);
    while (got < 0 && errno == EINTR);
  }
  close(report[0]);
  if (pid < 0) return failed("fork", fork_error);
  if (got == 0) return pid;  // closed by a successful exec
  waitpid(pid, nullptr, 0);
  return failed(prepared->program + (command.directory.empty() ? "" : " in " + command.directory),
                code);
}

}  // namespace

Result<pid_t> spawn(const Command& command) {
  if (command.log_file.empty()) return spawn_onto(command, -1);
  const int log = open(command.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return failed(command.log_file, errno);
  auto pid = spawn_onto(command, log);
  close(log);
  return pid;
}

std::optional<Identity> identify(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // "pid (name) state ppid ...": the name may hold anything, so count from the last ')'. Field 22
  // is the start.
  const auto after_name = line.rfind(')');
  if (after_name == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(after_name + 2));
  std::string state;
  fields >> state;
  if (state == "Z" || state == "X") return std::nullopt;
  std::string skipped;
  for (int field = 4; field < 22; ++field) fields >> skipped;
  std::uint64_t started = 0;
  if (!(fields >> started)) return std::nullopt;
  return Identity{pid, started};
}

bool alive(const Identity& process) { return identify(process.pid) == process; }

bool wait_gone(const Identity& process, std::chrono::milliseconds timeout) {
  const auto give_up = std::chrono::steady_clock::now() + timeout;
  while (alive(process)) {
    if (std::chrono::steady_clock::now() >= give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

Result<Finished> run(Command command, std::chrono::milliseconds timeout) {
  int output[2];
  if (pipe2(output, O_CLOEXEC) != 0) return failed("pipe", errno);
  auto pid = spawn_onto(command, output[1]);
  close(output[1]);
  if (!pid) {
    close(output[0]);
    return pid.error();
  }
  const auto give_up = std::chrono::steady_clock::now() + timeout;
  Finished finished;
  bool late = false;
  while (true) {
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(
        give_up - std::chrono::steady_clock::now());
    pollfd readable{output[0], POLLIN, 0};
    const int ready = rest.count() <= 0 ? 0 : poll(&readable, 1, static_cast<int>(rest.count()));
    if (ready == 0) {
      late = true;
      break;
    }
    char buffer[4096];
    const ssize_t got = read(output[0], buffer, sizeof buffer);
    if (got == 0) break;
    if (got > 0 && finished.output.size() < 65536)
      finished.output.append(buffer, static_cast<std::size_t>(got));
  }
  close(output[0]);
  if (late) kill(command.new_session ? -*pid : *pid, SIGKILL);
  int status = 0;
  waitpid(*pid, &status, 0);
  if (late) {
    return Error{After::unknown, fmt::format("{} took longer than {} ms and was ended",
                                             command.arguments[0], timeout.count())};
  }
  finished.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return finished;
}

std::optional<std::string> find_program(const std::string& name,
                                        const std::vector<std::string>& folders) {
  const char* path = std::getenv("PATH");
  std::vector<std::string> all = folders;
  std::istringstream parts(path != nullptr ? path : "");
  for (std::string folder; std::getline(parts, folder, ':');) all.push_back(folder);
  all.insert(all.end(),
             {"/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"});
  for (const auto& folder : all) {
    const std::string candidate = folder + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

}  // namespace understudy::process
