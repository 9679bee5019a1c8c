#include "scratch_postgres.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/ensure.h"

extern char** environ;

namespace understudy::fence_test {
namespace {

constexpr const char* kPrograms = "/usr/lib/postgresql/15/bin/";

// PostgreSQL refuses to run as root. The signal ends it if the test dies before it can.
std::vector<std::string> as_postgres(std::vector<std::string> command) {
  std::vector<std::string> whole = {"setpriv", "--pdeathsig", "QUIT"};
  if (geteuid() == 0)
    whole.insert(whole.end(), {"--reuid=postgres", "--regid=postgres", "--clear-groups"});
  whole.insert(whole.end(), command.begin(), command.end());
  return whole;
}

pid_t spawn(const std::vector<std::string>& command, const std::string& output) {
  std::vector<char*> words;
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t child = -1;
  const int problem = posix_spawnp(&child, words[0], &files, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  ensure(problem == 0, "the program can be started");
  return child;
}

std::string slurp(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void run_to_end(const std::vector<std::string>& command, const std::string& output) {
  int status = 0;
  waitpid(spawn(command, output), &status, 0);
  if (status != 0) throw std::runtime_error(command[0] + " failed:\n" + slurp(output));
}

int free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool found = bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(probe);
  ensure(found, "there is a free port");
  return ntohs(address.sin_port);
}

}  // namespace

bool eventually(const std::function<bool()>& holds, milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

Session::Session(const std::string& conninfo)
    : connection_(PQconnectdb(conninfo.c_str()), &PQfinish),
      notices_(std::make_unique<std::string>()) {
  if (PQstatus(raw()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(raw()));
  const auto keep = [](void* notices, const char* text) {
    *static_cast<std::string*>(notices) += text;
  };
  PQsetNoticeProcessor(raw(), keep, notices_.get());
}

Answer Session::run(const std::string& sql) {
  send(sql);
  return receive();
}

void Session::send(const std::string& sql) {
  if (PQsendQuery(raw(), sql.c_str()) != 1) throw std::runtime_error(PQerrorMessage(raw()));
}

Answer Session::receive(milliseconds limit) {
  Answer answer;
  const auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    while (PQisBusy(raw())) {
      const auto left =
          std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
      pollfd waiting{PQsocket(raw()), POLLIN, 0};
      if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) == 0) return {};
      if (PQconsumeInput(raw()) == 0 && PQstatus(raw()) != CONNECTION_OK) break;
    }
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQgetResult(raw()), &PQclear);
    if (!result) break;
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_FATAL_ERROR) {
      const char* code = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
      answer.kind = code ? Answer::Kind::refused : Answer::Kind::cut;
      answer.sqlstate = code ? code : "";
      answer.message = PQresultErrorMessage(result.get());
    } else {
      ++answer.results;
      if (answer.kind == Answer::Kind::none) answer.kind = Answer::Kind::ok;
    }
    if (answer.ok() && PQntuples(result.get()) > 0) answer.value = PQgetvalue(result.get(), 0, 0);
  }
  if (PQstatus(raw()) != CONNECTION_OK) answer.kind = Answer::Kind::cut;
  return answer;
}

void TestPage::promise(milliseconds left) {
  const auto length = std::chrono::nanoseconds(left).count();
  ++last_.serial;
  last_.epoch = 7;
  last_.term = 3;
  last_.endless = 0;
  last_.deadline_boot_ns = understudy_clock_ns(CLOCK_BOOTTIME) + length;
  last_.deadline_wall_ns = understudy_clock_ns(CLOCK_REALTIME) + length + 3'600'000'000'000;
  write(last_);
}

void TestPage::promise_without_end() {
  ++last_.serial;
  last_.endless = 1;
  last_.deadline_boot_ns = last_.deadline_wall_ns = 0;
  write(last_);
}

void TestPage::from_another_boot() {
  writer_.boot_id[0] = writer_.boot_id[0] == 'x' ? 'y' : 'x';
  promise(std::chrono::hours(1));
  understudy_read_boot_id(writer_.boot_id);
}

void TestPage::remove() {
  unlink(path_.c_str());
  understudy_release_page(&writer_);
}

void TestPage::open_file() {
  if (understudy_open_page(&writer_, path_.c_str()) != 0)
    throw std::runtime_error(fmt::format("{}: {}", path_, strerror(errno)));
}

void TestPage::outlast() const {
  while (understudy_clock_ns(CLOCK_BOOTTIME) < last_.deadline_boot_ns)
    std::this_thread::sleep_for(milliseconds(2));
}

ScratchPostgres::ScratchPostgres() {
  char name[] = "/tmp/understudy-fence-XXXXXX";
  ensure(mkdtemp(name) != nullptr, "a scratch directory can be made");
  directory_ = name;
  try {
    initialise();
    page_ = std::make_unique<TestPage>(page_path());
    start();
  } catch (...) {
    std::filesystem::remove_all(directory_);
    throw;
  }
}

void ScratchPostgres::initialise() {
  const std::string data = directory_ + "/data";
  const std::string output = directory_ + "/initdb.log";
  port_ = free_port();
  std::filesystem::create_directory(data);
  std::filesystem::permissions(directory_, static_cast<std::filesystem::perms>(0755));
  if (geteuid() == 0) run_to_end({"chown", "postgres:postgres", data}, output);
  // The build directory may be closed to the postgres user.
  std::filesystem::copy_file(UNDERSTUDY_FENCE_LIBRARY, directory_ + "/understudy_fence.so");
  run_to_end(as_postgres({std::string(kPrograms) + "initdb", "--pgdata", data, "--username=admin",
                          "--auth=trust", "--no-sync", "--data-checksums", "--locale=C",
                          "--encoding=UTF8"}),
             output);
  run_to_end(
      as_postgres({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                   "-keyout", data + "/server.key", "-out", data + "/server.crt"}),
      output);
  std::ofstream settings(data + "/postgresql.conf", std::ios::app);
  settings << "listen_addresses = '127.0.0.1'\nport = " << port_
           << "\nunix_socket_directories = ''\nfsync = off\nssl = on\n"
              "max_prepared_transactions = 10\nwal_level = logical\nmax_connections = 60\n"
              "autovacuum_naptime = 1\nwal_retrieve_retry_interval = 100\nsynchronous_commit = "
              "local\nlog_line_prefix = '[%p] '\n"
              "shared_preload_libraries = '"
           << directory_ << "/understudy_fence.so'\nunderstudy_fence.page = '" << page_path()
           << "'\n";
}

void ScratchPostgres::start() {
  postmaster_ =
      spawn(as_postgres({std::string(kPrograms) + "postgres", "-D", directory_ + "/data"}),
            directory_ + "/log");
  const bool up = eventually([&] { return PQping(conninfo("admin").c_str()) == PQPING_OK; });
  if (!up) throw std::runtime_error("PostgreSQL did not start:\n" + log());
}

ScratchPostgres::~ScratchPostgres() {
  if (postmaster_ > 0) {
    kill(postmaster_, SIGQUIT);
    waitpid(postmaster_, nullptr, 0);
  }
  std::filesystem::remove_all(directory_);
}

std::string ScratchPostgres::conninfo(const std::string& user, const std::string& more) const {
  return fmt::format(
      "host=127.0.0.1 port={} user={} dbname=postgres gssencmode=disable connect_timeout=20 {}",
      port_, user, more.empty() ? "sslmode=disable" : more);
}

Session ScratchPostgres::connect(const std::string& user, const std::string& more) const {
  return Session(conninfo(user, more));
}

std::string ScratchPostgres::log(std::size_t from) const {
  const auto whole = slurp(directory_ + "/log");
  return whole.substr(std::min(from, whole.size()));
}

void ScratchPostgres::configure(const std::string& sql) {
  auto session = connect();
  const auto changed = session.run(sql);
  ensure(changed.ok() && session.run("SELECT pg_reload_conf()").ok(), "the server is configured");
}

void ScratchPostgres::hold_commits() {
  configure("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  // The checkpointer takes the setting over in its own time: try until a commit does wait.
  const bool held = eventually([&] {
    auto probe = connect();
    probe.run("SET synchronous_commit = on; SET understudy_fence.bypass = 'probe'");
    probe.send("SELECT pg_current_xact_id(), pg_logical_emit_message(true, 'probe', '')");
    const bool answered =
        !eventually([&] { return waits_for(probe.backend(), "SyncRep"); }, milliseconds(300));
    if (!answered) connect().run(fmt::format("SELECT pg_terminate_backend({})", probe.backend()));
    return !answered;
  });
  ensure(held, "commits can be held");
}

void ScratchPostgres::release_commits() {
  configure("ALTER SYSTEM SET synchronous_standby_names = ''");
}

bool ScratchPostgres::waits_for(pid_t backend, const std::string& event) {
  return connect().value(fmt::format("SELECT wait_event FROM pg_stat_activity WHERE pid = {}",
                                     backend)) == event;
}

bool ScratchPostgres::waits_in_commit(pid_t backend) {
  return eventually([&] { return waits_for(backend, "SyncRep"); });
}

}  // namespace understudy::fence_test
