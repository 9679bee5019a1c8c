#include "local/create.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <fstream>
#include <sstream>

#include "local/authority.h"
#include "local/interlock.h"
#include "ports/wire.h"
#include "system/file.h"
#include "system/postgres.h"
#include "system/process.h"
#include "topology/json.h"

namespace understudy {

namespace {

constexpr auto kInitdb = std::chrono::seconds(120);
constexpr auto kSql = std::chrono::seconds(60);

const std::map<std::string, std::string> kEnvironment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                                         {"LC_ALL", "C.UTF-8"}};

/// The line of a tool's output that says why it failed: the first that names an error, with its
/// hint; else the last.
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

/// A server that gave up in the middle says why only in its log.
Error with_last_words(Error error, const std::string& log) {
  const auto text = file::read(log);
  if (error.after != After::unknown || !text) return error;
  std::istringstream lines(*text);
  std::string last_words;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("PANIC: ") != std::string::npos ||
        line.find("No space left") != std::string::npos)
      last_words = reason_in(line);
  }
  if (!last_words.empty()) error.what += ": " + last_words;
  return error;
}

/// PostgreSQL tells a write that found room for a part of it from one that found none.
Error filling_failed(const std::string& what, Error error) {
  constexpr std::string_view kDiskFull = "(53100)";
  if (error.what.ends_with(kDiskFull) && error.what.find("No space left") == std::string::npos)
    error.what += ": No space left on device";
  return within(what, std::move(error));
}

/// Runs below the stack's folder and dies with us, so that an interrupted `up` leaves nobody who
/// still writes there, and `down` would find one that did.
Result<Done> run_tool(const std::string& what, const DomainPlace& place,
                      std::vector<std::string> arguments) {
  auto ended = process::run({.arguments = std::move(arguments),
                             .environment = kEnvironment,
                             .directory = place.folder,
                             .death_signal = SIGKILL},
                            kInitdb);
  if (!ended) return within(what, ended.error());
  if (ended->status == 0) return Done{};
  return Error{After::unchanged_retry,
               fmt::format("{}: status {}: {}", what, ended->status, reason_in(ended->output))};
}

/// A server that only we can reach, without the fence, for as long as the object lives: its socket
/// lies in a folder that is only ours, and it listens on no address.
class PrivateServer {
 public:
  static Result<PrivateServer> start(const Layout& layout, const Programs& programs,
                                     const DomainPlace& place) {
    const std::string admission = place.file("bootstrap_hba.conf");
    if (auto wrote =
            file::write_durably(admission, "local all all trust\nlocal replication all trust\n");
        !wrote) {
      return wrote.error();
    }
    auto pid = process::spawn(
        {.arguments = {programs.postgres_folder + "/postgres", "-D", place.file("postgres"), "-c",
                       "listen_addresses=", "-c", "unix_socket_directories=" + layout.memory(),
                       "-c", "hba_file=" + admission, "-c", "wal_log_hints=on", "-c",
                       "dynamic_shared_memory_type=mmap", "-c", fmt::format("port={}", kPort)},
         .environment = kEnvironment,
         .directory = place.folder,
         .log_file = place.file("log/postgres.log"),
         .death_signal = SIGQUIT});
    if (!pid) return pid.error();
    return PrivateServer(layout.memory(), *pid);
  }
  PrivateServer(PrivateServer&& other) noexcept
      : folder_(std::move(other.folder_)), pid_(std::exchange(other.pid_, 0)) {}
  PrivateServer& operator=(PrivateServer&&) = delete;
  ~PrivateServer() { stop(); }

  Result<Done> run(const std::string& database, const std::string& sql) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (true) {
      auto session = postgres::Connection::open(
          fmt::format("host={} port={} user=postgres dbname={}", folder_, kPort, database),
          std::chrono::seconds(5));
      if (session) {
        auto done = session->run_script(sql, kSql);
        if (!done) return done.error();
        return Done{};
      }
      if (std::chrono::steady_clock::now() >= give_up) return session.error();
      usleep(50'000);
    }
  }

  void stop() {
    if (pid_ == 0) return;
    kill(pid_, SIGINT);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
  }

  static constexpr int kPort = 5432;  // only a part of the socket's name

 private:
  PrivateServer(std::string folder, pid_t pid) : folder_(std::move(folder)), pid_(pid) {}
  std::string folder_;
  pid_t pid_;
};

Result<Done> fill_primary(PrivateServer& server, const Layout& layout,
                          const StackSecrets& secrets) {
  const DatabaseSettings& database = layout.topology().database;
  auto done = server.run("postgres", bootstrap_cluster(layout, secrets));
  if (!done) return filling_failed("making the roles", done.error());
  done = server.run("postgres", fmt::format("CREATE DATABASE \"{}\" OWNER \"{}\"", database.name,
                                            database.application_role));
  if (!done) return filling_failed("making the database", done.error());
  done = server.run(database.name, bootstrap_database(layout));
  if (!done) return filling_failed("making Understudy's schema", done.error());
  if (!database.schema_file) return Done{};
  auto schema = file::read(layout.file("schema.sql"));
  if (!schema) return schema.error();
  done = server.run(database.name, fmt::format("SET SESSION AUTHORIZATION \"{}\";\n{}",
                                               database.application_role, *schema));
  if (!done) return filling_failed("database.schema_file " + *database.schema_file, done.error());
  return Done{};
}

Result<Done> make_databases(const Layout& layout, const Programs& programs,
                            const StackSecrets& secrets, const Progress& progress) {
  const std::string& home = layout.topology().home;
  const DomainPlace primary = layout.domain(home);
  const DomainPlace standby = layout.domain(layout.topology().other(home).name);
  progress("creating the database of " + home);
  const std::string password_file = primary.file("superuser.password");
  if (auto wrote = file::write_durably(password_file, secrets.postgres_superuser + "\n"); !wrote)
    return wrote;
  auto made =
      run_tool("initdb", primary,
               {programs.postgres_folder + "/initdb", "-D", primary.file("postgres"), "-U",
                "postgres", "--auth=scram-sha-256", "--pwfile=" + password_file, "--data-checksums",
                "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"});
  unlink(password_file.c_str());
  if (!made) return made;
  auto server = PrivateServer::start(layout, programs, primary);
  if (!server) return within("starting PostgreSQL", server.error());
  if (auto filled = fill_primary(*server, layout, secrets); !filled) {
    server->stop();
    return with_last_words(filled.error(), primary.file("log/postgres.log"));
  }
  progress("copying it to " + standby.name);
  made = run_tool("pg_basebackup", standby,
                  {programs.postgres_folder + "/pg_basebackup", "-h", layout.memory(), "-p",
                   std::to_string(PrivateServer::kPort), "-U", "postgres", "-D",
                   standby.file("postgres"), "-X", "stream", "--checkpoint=fast", "--no-password"});
  if (!made) return made;
  std::ofstream(standby.file("postgres/standby.signal")).flush();
  if (!file::exists(standby.file("postgres/standby.signal"))) {
    return Error{After::unchanged_retry,
                 standby.file("postgres/standby.signal") + ": cannot be made"};
  }
  return Done{};
}

/// Who is active at the beginning: the home region, with the other attached as its standby.
Result<Done> write_first_record(const Layout& layout) {
  const Topology& topology = layout.topology();
  Record record{.version = 1,
                .nonce = "up",
                .epoch = 1,
                .active = topology.home,
                .term = 1,
                .lease = {},
                .standby = topology.other(topology.home).name,
                .grantors = {std::string(kRegistryGrantor), topology.other(topology.home).name},
                .transition = {}};
  return file::write_durably(layout.file("witness/first-record.json"),
                             boost::json::serialize(wire::to_json(record)));
}

Result<Done> issue_certificates(const Layout& layout) {
  const std::string authority = layout.file("authority");
  if (auto made = make_authority(authority, layout.topology().platform); !made) return made;
  struct Issue {
    std::string folder;
    std::string name;
    std::vector<std::string> addresses;
  };
  std::vector<Issue> issues = {
      {layout.file("witness/tls"), "registry", {layout.topology().witness_address}},
      {layout.file("witness/tls"), "controller", {layout.topology().witness_address}},
      {layout.file("edge/tls"), "vantage-edge", {layout.topology().edge_address}},
      {layout.file("tls"), "cli", {}},
  };
  for (const Region& region : layout.topology().regions) {
    issues.push_back(
        {layout.domain(region.name).file("tls"), "agent-" + region.name, {region.address}});
  }
  for (const Issue& issue : issues) {
    if (auto folder = file::make_folder(issue.folder); !folder) return folder;
    if (auto issued = issue_certificate(authority, issue.folder, issue.name, issue.addresses);
        !issued)
      return issued;
  }
  return Done{};
}

/// Those of the stack, with one for each name that its services ask for by now.
Result<StackSecrets> complete_secrets(const Layout& layout) {
  const std::string file = layout.file("secrets.json");
  auto secrets = load_secrets(file);
  if (!secrets || !add_service_secrets(*secrets, layout.topology())) return secrets;
  if (auto saved = save_secrets(*secrets, file); !saved) return saved.error();
  return secrets;
}

}  // namespace

bool created(const Layout& layout) { return file::exists(layout.file("created")); }

Result<Done> write_configuration(const Layout& layout, const Programs& programs) {
  const auto secrets = complete_secrets(layout);
  if (!secrets) return secrets.error();
  if (auto folder = file::make_folder(layout.memory()); !folder) return folder;
  struct stat seen {};
  if (stat(layout.memory().c_str(), &seen) != 0 || seen.st_uid != geteuid()) {
    return Error{After::unchanged_final, layout.memory() + ": belongs to somebody else"};
  }
  struct Text {
    std::string path;
    std::string content;
  };
  std::vector<Text> texts;
  const auto add_haproxy = [&texts](const std::string& path, HaproxyFiles files) {
    texts.push_back({path, std::move(files.configuration)});
    texts.push_back({files.states_path, std::move(files.states)});
  };
  add_haproxy(layout.file("edge/edge.cfg"), edge_files(layout));
  if (!layout.cdn_listeners().empty())
    texts.push_back({layout.file("edge/cdn.conf"), cdn_configuration(layout)});
  for (const Region& region : layout.topology().regions) {
    const DomainPlace place = layout.domain(region.name);
    texts.push_back({place.file("postgresql.conf"), postgres_configuration(layout, region.name)});
    texts.push_back({place.file("pg_hba.conf"), postgres_admission(layout, true)});
    texts.push_back({place.file("pg_ident.conf"), ""});
    texts.push_back(
        {place.file("replication.pass"), replication_passfile(layout, region.name, *secrets)});
    texts.push_back({place.file("redis.conf"), redis_configuration(layout, region.name, *secrets)});
    add_haproxy(place.file("load-balancer.cfg"), load_balancer_files(layout, region.name));
    texts.push_back({place.file("cut-off.acl"), ""});
  }
  for (const Text& text : texts) {
    if (auto wrote = file::write_durably(text.path, text.content); !wrote) return wrote;
  }
  for (const DomainPlace& place : layout.domains()) {
    if (auto wrote =
            save_units(units_of(layout, place.name, programs, *secrets), place.file("units.json"));
        !wrote) {
      return wrote;
    }
  }
  return file::write_durably(layout.file("topology.json"), to_json(layout.topology()));
}

Result<Done> create(const Layout& layout, const Programs& programs, const Progress& progress) {
  for (const DomainPlace& place : layout.domains()) {
    // Left by a try that was interrupted. Deployed programs stay.
    remove_interlock(place);
    for (const char* part :
         {"postgres", "redis", "log", "tls", "agent", "registry.db", "controller.db", "records"}) {
      if (auto removed = file::remove_tree(place.file(part)); !removed) return removed;
    }
    for (const char* part : {"", "log", "redis", "agent"}) {
      if (auto folder = file::make_folder(place.file(part)); !folder) return folder;
    }
  }
  if (auto folder = file::make_folder(layout.file("authority")); !folder) return folder;
  const StackSecrets secrets = make_secrets();
  if (auto saved = save_secrets(secrets, layout.file("secrets.json")); !saved) return saved;
  if (auto issued = issue_certificates(layout); !issued) return issued;
  if (auto wrote = write_configuration(layout, programs); !wrote) return wrote;
  if (auto made = make_databases(layout, programs, secrets, progress); !made) return made;
  if (auto wrote = write_first_record(layout); !wrote) return wrote;
  return file::write_durably(layout.file("created"), "");
}

}  // namespace understudy
