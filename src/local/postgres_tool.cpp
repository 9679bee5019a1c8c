#include "local/postgres_tool.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <sstream>

#include "system/file.h"
#include "system/process.h"

namespace understudy {

namespace {

using Steady = std::chrono::steady_clock;
constexpr auto kLook = milliseconds(50);

int exit_status(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

const std::map<std::string, std::string>& postgres_environment() {
  static const std::map<std::string, std::string> kEnvironment = {
      {"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"LC_ALL", "C.UTF-8"}};
  return kEnvironment;
}

std::string reason_in(const std::string& output) {
  constexpr std::string_view kHint = "HINT:  ";
  std::istringstream lines(output);
  std::string last;
  std::string reason;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    last = line;
    if (const auto at = line.find(kHint); at != std::string::npos && !reason.empty())
      return reason + " (" + line.substr(at + kHint.size()) + ")";
    if (!reason.empty()) continue;
    for (const char* sign : {"FATAL: ", "PANIC: ", "ERROR: "}) {  // behind time and process
      if (const auto at = line.find(sign); at != std::string::npos) reason = line.substr(at);
    }
    for (const char* sign : {"error:", "No space left"}) {
      if (reason.empty() && line.find(sign) != std::string::npos) reason = line;
    }
  }
  return reason.empty() ? last : reason;
}

Result<std::string> run_postgres_tool(const std::string& what, const std::string& directory,
                                      std::vector<std::string> arguments, milliseconds timeout) {
  auto ended = process::run({.arguments = std::move(arguments),
                             .environment = postgres_environment(),
                             .directory = directory,
                             .log_file = {},
                             .input = {},
                             .death_signal = SIGKILL},
                            timeout);
  if (!ended) return within(what, ended.error());
  if (ended->status == 0) return std::move(ended->output);
  return Error{After::unchanged_retry,
               fmt::format("{}: status {}: {}", what, ended->status, reason_in(ended->output))};
}

Result<int> run_postgres_tool_into(const std::string& output, const std::string& directory,
                                   std::vector<std::string> arguments,
                                   const std::function<void()>& look, milliseconds timeout) {
  unlink(output.c_str());
  const std::string program = arguments.at(0);
  auto pid = process::spawn({.arguments = std::move(arguments),
                             .environment = postgres_environment(),
                             .directory = directory,
                             .log_file = output,
                             .input = {},
                             .death_signal = SIGKILL});
  if (!pid) return pid.error();
  const auto give_up = Steady::now() + timeout;
  int status = 0;
  while (waitpid(*pid, &status, WNOHANG) == 0) {
    if (Steady::now() >= give_up) {
      kill(*pid, SIGKILL);
      waitpid(*pid, &status, 0);
      return Error{After::unknown, program + " took too long and was ended"};
    }
    look();
    usleep(static_cast<useconds_t>(std::chrono::microseconds(kLook).count()));
  }
  look();
  return exit_status(status);
}

Result<PrivatePostgres> PrivatePostgres::start(const PrivateServer& server) {
  const std::string admission = server.directory + "/private_hba.conf";
  if (auto wrote =
          file::write_durably(admission, "local all all trust\nlocal replication all trust\n");
      !wrote) {
    return wrote.error();
  }
  if (auto folder = file::make_folder(server.socket_folder); !folder) return folder.error();
  std::vector<std::string> arguments = {server.programs + "/postgres", "-D", server.data};
  std::vector<std::string> settings = server.settings;
  settings.insert(settings.end(),
                  {"listen_addresses=", "unix_socket_directories=" + server.socket_folder,
                   "hba_file=" + admission, fmt::format("port={}", kPort)});
  for (const std::string& setting : settings) arguments.insert(arguments.end(), {"-c", setting});
  auto pid = process::spawn({.arguments = std::move(arguments),
                             .environment = postgres_environment(),
                             .directory = server.directory,
                             .log_file = server.log_file,
                             .input = {},
                             .death_signal = SIGQUIT});
  if (!pid) return pid.error();
  return PrivatePostgres(server.socket_folder, *pid);
}

PrivatePostgres::~PrivatePostgres() { (void)stop(std::chrono::seconds(60)); }

bool PrivatePostgres::ended() {
  if (pid_ != 0 && waitpid(pid_, nullptr, WNOHANG) != 0) pid_ = 0;
  return pid_ == 0;
}

Result<postgres::Connection> PrivatePostgres::connect(const std::string& database,
                                                      milliseconds timeout) {
  const auto give_up = Steady::now() + timeout;
  while (true) {
    auto session = postgres::Connection::open(
        fmt::format("host={} port={} user=postgres dbname={}", socket_folder_, kPort, database),
        std::chrono::seconds(5));
    if (session) return session;
    if (ended()) return Error{After::unchanged_retry, "PostgreSQL ended; its log says why"};
    if (Steady::now() >= give_up) return session.error();
    usleep(20'000);
  }
}

Result<Done> PrivatePostgres::stop(milliseconds timeout) {
  if (pid_ == 0) return Done{};
  kill(pid_, SIGINT);
  const auto give_up = Steady::now() + timeout;
  while (!ended()) {
    if (Steady::now() >= give_up) {
      kill(pid_, SIGQUIT);
      waitpid(pid_, nullptr, 0);
      pid_ = 0;
      return Error{After::unknown, "PostgreSQL did not shut down in time and was ended"};
    }
    usleep(2'000);
  }
  return Done{};
}

}  // namespace understudy
