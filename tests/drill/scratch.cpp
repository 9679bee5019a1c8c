#include "scratch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "web_stub.h"

namespace understudy::drill {
namespace {

constexpr const char* kBinaries = "/usr/lib/postgresql/15/bin/";
constexpr const char* kPassword = "scratch";
constexpr std::chrono::milliseconds kPatience{60'000};

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Owned by whoever PostgreSQL runs as.
void give_away(const std::filesystem::path& path) {
  if (::geteuid() != 0) return;
  const passwd* user = ::getpwnam("postgres");
  if (user == nullptr) throw std::runtime_error("there is no user postgres to run PostgreSQL as");
  if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error("chown");
}

[[noreturn]] void become(const Program& program, const passwd* user, pid_t parent) {
  if (user != nullptr && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
                          ::setuid(user->pw_uid) != 0)) {
    ::_exit(126);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after setuid, which would clear it
  if (::getppid() != parent) ::_exit(126);
  const int output = ::open(program.output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (::chdir("/") != 0) ::_exit(126);
  for (const auto& [name, value] : program.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const auto& word : program.command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execv(words[0], words.data());
  ::_exit(127);
}

std::vector<pid_t> with_descendants(pid_t pid) {
  std::vector<pid_t> all{pid};
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", all[i]));
    all.insert(all.end(), std::istream_iterator<pid_t>(children), std::istream_iterator<pid_t>());
  }
  return all;
}

}  // namespace

ScratchFolder::ScratchFolder() {
  std::string pattern = std::filesystem::temp_directory_path() / "understudy-drill-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = pattern;
  give_away(path_);
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Process::Process(const Program& program) {
  const passwd* user = nullptr;
  if (program.unprivileged && ::geteuid() == 0) user = ::getpwnam("postgres");
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(program, user, parent);
}

Process::~Process() {
  if (pid_ <= 0) return;
  signal_all(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Process::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

void Process::signal_all(int number) const {
  if (pid_ <= 0) return;
  for (const pid_t pid : with_descendants(pid_)) ::kill(pid, number);
}

int Process::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void run(const Program& program) {
  if (Process(program).wait() == 0) return;
  throw std::runtime_error(program.command[0] + ": " + read_file(program.output));
}

unsigned free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return ntohs(address.sin_port);
}

ScratchPostgres::ScratchPostgres(const std::filesystem::path& folder, const std::string& name)
    : folder_(folder), data_(folder / name), log_(folder / (name + ".log")), port_(free_port()) {
  const auto password = folder / "password";
  std::ofstream(password) << kPassword;
  give_away(password);
  run({{kBinaries + std::string("initdb"), "-D", data_, "-U", "postgres", "-A", "scram-sha-256",
        "--pwfile", password, "--no-sync", "-E", "UTF8", "--locale=C"},
       {},
       log_,
       true});
  start();
}

ScratchPostgres::ScratchPostgres(const std::filesystem::path& folder, const std::string& name,
                                 const ScratchPostgres& primary)
    : folder_(folder), data_(folder / name), log_(folder / (name + ".log")), port_(free_port()) {
  run({{kBinaries + std::string("pg_basebackup"), "-D", data_, "-R", "-X", "stream",
        "--checkpoint=fast", "--no-sync", "-d", primary.conninfo("postgres")},
       {},
       log_,
       true});
  start();
  if (!eventually([&] {
        return !primary.ask("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'").empty();
      })) {
    throw std::runtime_error("the standby does not stream: " + read_file(log_));
  }
}

ScratchPostgres::~ScratchPostgres() {
  // Frozen or not, without ceremony: the data is thrown away. Its children see the postmaster gone.
  process_.reset();
}

void ScratchPostgres::start() {
  const auto option = [](const std::string& setting) { return "--" + setting; };
  process_ = std::make_unique<Process>(Program{
      {kBinaries + std::string("postgres"), "-D", data_, option(fmt::format("port={}", port_)),
       option("listen_addresses=127.0.0.1"), option("unix_socket_directories="),
       option("fsync=off"), option("track_commit_timestamp=on"),
       option("wal_retrieve_retry_interval=100ms"), option("shared_buffers=32MB")},
      {},
      log_,
      true});
  if (!eventually([&] {
        return postgres::Connection::open(conninfo("postgres"), std::chrono::seconds(5)).ok();
      })) {
    throw std::runtime_error("PostgreSQL does not start: " + read_file(log_));
  }
}

std::string ScratchPostgres::conninfo(const std::string& database) const {
  return fmt::format("host=127.0.0.1 port={} user=postgres password={} dbname={}", port_, kPassword,
                     database);
}

postgres::Rows ScratchPostgres::ask(const std::string& sql, const std::string& database) const {
  auto session = postgres::Connection::open(conninfo(database), kPatience);
  if (!session) throw std::runtime_error(session.error().what);
  auto rows = session->run_script(sql, kPatience);
  if (!rows) throw std::runtime_error(rows.error().what);
  return *std::move(rows);
}

void make_database(const ScratchPostgres& server, const std::string& name,
                   const std::filesystem::path& schema) {
  server.ask("CREATE DATABASE " + name);
  server.ask(read_file(schema), name);
}

}  // namespace understudy::drill
