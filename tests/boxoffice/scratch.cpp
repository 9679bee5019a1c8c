#include "scratch.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "redis_connection.h"

namespace understudy::test {
namespace {

constexpr const char* kBinaries = "/usr/lib/postgresql/15/bin/";

void redirect(const std::string& path, int to) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (file >= 0) dup2(file, to);
}

[[noreturn]] void become(const Command& command) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  redirect(command.output, STDOUT_FILENO);
  redirect(command.errors, STDERR_FILENO);
  if (command.as_postgres && geteuid() == 0) {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr || setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0)
      _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // which changing the user has cleared
  }
  if (command.as_postgres && chdir("/") != 0) _exit(126);
  std::vector<char*> words;
  for (const auto& word : command.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  std::vector<std::string> lines;
  for (const auto& [name, value] : command.environment) lines.push_back(name + "=" + value);
  std::vector<char*> environment;
  for (auto& line : lines) environment.push_back(line.data());
  environment.push_back(nullptr);
  if (command.environment.empty())
    execvp(words[0], words.data());
  else
    execve(words[0], words.data(), environment.data());
  _exit(127);
}

}  // namespace

ScratchFolder::ScratchFolder() {
  char name[] = "/tmp/understudy-box-XXXXXX";
  path_ = mkdtemp(name);
  chmod(path_.c_str(), 0777);  // the postgres user works in it too
}
ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::uint16_t free_port() {
  // Below the range of which the kernel takes ports for outgoing connections: a client that tries
  // to reach a stopped server would else, sooner or later, be given the very port that it calls.
  static std::uint16_t last = static_cast<std::uint16_t>(20'000 + getpid() % 100 * 100);
  for (;;) {
    last = last >= 31'999 ? std::uint16_t{20'000} : static_cast<std::uint16_t>(last + 1);
    const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(last);
    const bool free = bind(file, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
    close(file);
    if (free) return last;
  }
}

bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Process::Process(const Command& command) : pid_(fork()) {
  if (pid_ == 0) become(command);
  EXPECT_GT(pid_, 0);
}

Process::~Process() {
  if (status_) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Process::signal(int number) const {
  if (!status_) kill(pid_, number);
}

std::optional<int> Process::wait(std::chrono::milliseconds patience) {
  const auto ended = [this] {
    int status = 0;
    if (status_ || waitpid(pid_, &status, WNOHANG) != pid_) return status_.has_value();
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  };
  (void)eventually(ended, patience);
  return status_;
}

int run(const Command& command) {
  return Process(command).wait(std::chrono::minutes(1)).value_or(-1);
}

ScratchPostgres::ScratchPostgres() : port_(free_port()) {
  const std::string data = folder_.path() + "/data";
  EXPECT_EQ(test::run({.words = {std::string(kBinaries) + "initdb", "-D", data, "-U", "postgres",
                                 "-A", "trust", "--no-sync"},
                       .as_postgres = true}),
            0);
  std::ofstream(data + "/pg_hba.conf") << "host all,replication postgres 127.0.0.1/32 trust\n"
                                          "host all all 127.0.0.1/32 scram-sha-256\n";
  std::ofstream(data + "/postgresql.conf", std::ios::app)
      << "listen_addresses = '127.0.0.1'\nport = " << port_
      << "\nunix_socket_directories = ''\nfsync = off\nmax_connections = 100\n"
      << "jit = off\ndynamic_shared_memory_type = mmap\n";  // as in a stack
  start();
  run(std::string("CREATE ROLE boxoffice LOGIN PASSWORD '") + kPassword + "'");
  run("CREATE DATABASE boxoffice OWNER boxoffice");
}

ScratchPostgres::~ScratchPostgres() { stop_immediately(); }

// Our own child rather than pg_ctl's, so that it ends with us even if a test aborts.
void ScratchPostgres::start() {
  process_.emplace(
      Command{.words = {std::string(kBinaries) + "postgres", "-D", folder_.path() + "/data"},
              .errors = folder_.path() + "/log",
              .as_postgres = true});
  const auto answers = [this] {
    return postgres::Connection::open(as_superuser("postgres"), std::chrono::seconds(1)).ok();
  };
  EXPECT_TRUE(eventually(answers, std::chrono::seconds(30))) << read_file(folder_.path() + "/log");
}

void ScratchPostgres::stop_immediately() {
  process_->signal(SIGQUIT);
  EXPECT_TRUE(process_->wait().has_value());
}

void ScratchPostgres::become_standby(bool standby) {
  const std::string file = folder_.path() + "/data/standby.signal";
  if (standby)
    std::ofstream{file};
  else
    std::filesystem::remove(file);
}

void ScratchPostgres::signal(int number) const {
  std::istringstream first(read_file(folder_.path() + "/data/postmaster.pid"));
  pid_t postmaster = 0;
  first >> postmaster;
  ASSERT_GT(postmaster, 1);
  std::istringstream children(read_file("/proc/" + std::to_string(postmaster) + "/task/" +
                                        std::to_string(postmaster) + "/children"));
  kill(postmaster, number);
  for (pid_t child = 0; children >> child;) kill(child, number);
}

std::unique_ptr<Process> ScratchPostgres::start_log_receiver(const std::string& name,
                                                             const std::string& folder) const {
  std::filesystem::create_directory(folder);
  return std::make_unique<Process>(
      Command{.words = {std::string(kBinaries) + "pg_receivewal", "-D", folder, "--synchronous",
                        "-d", as_superuser() + " application_name=" + name}});
}

std::string ScratchPostgres::as_superuser(const std::string& database) const {
  return "host=127.0.0.1 port=" + std::to_string(port_) + " user=postgres dbname=" + database;
}
std::string ScratchPostgres::as_application() const {
  return "host=127.0.0.1 port=" + std::to_string(port_) +
         " user=boxoffice dbname=boxoffice password=" + kPassword;
}

postgres::Rows ScratchPostgres::run(const std::string& sql) const {
  const bool is_first = sql.starts_with("CREATE ROLE") || sql.starts_with("CREATE DATABASE");
  auto session = postgres::Connection::open(as_superuser(is_first ? "postgres" : "boxoffice"),
                                            std::chrono::seconds(5));
  EXPECT_TRUE(session.ok()) << session.error().what;
  if (!session) return {};
  auto rows = session->run_script(sql, std::chrono::seconds(60));
  EXPECT_TRUE(rows.ok()) << sql << ": " << rows.error().what;
  return rows.ok() ? std::move(rows).value() : postgres::Rows{};
}

ScratchRedis::ScratchRedis() : port_(free_port()) { start(); }

void ScratchRedis::start() {
  process_.emplace(
      Command{.words = {"redis-server", "--bind", "127.0.0.1", "--port", std::to_string(port_),
                        "--requirepass", kPassword, "--save", "", "--dir", folder_.path()}});
  EXPECT_TRUE(eventually([this] {
    return boxoffice::connect_redis({"127.0.0.1", port_, kPassword}) != nullptr;
  }));
}

void ScratchRedis::stop() {
  process_->signal(SIGKILL);
  EXPECT_TRUE(process_->wait().has_value());
}

std::string ScratchRedis::url() const {
  return std::string("redis://:") + kPassword + "@127.0.0.1:" + std::to_string(port_);
}

}  // namespace understudy::test
