#include "local/create.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <fstream>
#include <sstream>

#include "local/authority.h"
#include "local/interlock.h"
#include "local/postgres_tool.h"
#include "ports/wire.h"
#include "system/file.h"
#include "topology/json.h"

namespace understudy {

namespace {

constexpr auto kInitdb = std::chrono::seconds(120);
constexpr auto kStart = std::chrono::seconds(30);
constexpr auto kSql = std::chrono::seconds(60);

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

Result<Done> run_tool(const std::string& what, const DomainPlace& place,
                      std::vector<std::string> arguments) {
  auto ended = run_postgres_tool(what, place.folder, std::move(arguments), kInitdb);
  if (!ended) return ended.error();
  return Done{};
}

/// Without the fence: nobody else can reach it.
Result<PrivatePostgres> start_privately(const Layout& layout, const Programs& programs,
                                        const DomainPlace& place) {
  return PrivatePostgres::start(
      {.programs = programs.postgres_folder,
       .directory = place.folder,
       .data = place.file("postgres"),
       .socket_folder = private_socket_folder(layout, place.name),
       .log_file = place.file("log/postgres.log"),
       .settings = {"wal_log_hints=on", "dynamic_shared_memory_type=mmap"}});
}

Result<Done> run_in(PrivatePostgres& server, const std::string& database, const std::string& sql) {
  auto session = server.connect(database, kStart);
  if (!session) return session.error();
  auto done = session->run_script(sql, kSql);
  if (!done) return done.error();
  return Done{};
}

Result<Done> fill_primary(PrivatePostgres& server, const Layout& layout,
                          const StackSecrets& secrets) {
  const DatabaseSettings& database = layout.topology().database;
  auto done = run_in(server, "postgres", bootstrap_cluster(layout, secrets));
  if (!done) return filling_failed("making the roles", done.error());
  done = run_in(
      server, "postgres",
      fmt::format("CREATE DATABASE \"{}\" OWNER \"{}\"", database.name, database.application_role));
  if (!done) return filling_failed("making the database", done.error());
  done = run_in(server, database.name, bootstrap_database(layout));
  if (!done) return filling_failed("making Understudy's schema", done.error());
  if (!database.schema_file) return Done{};
  auto schema = file::read(layout.file("schema.sql"));
  if (!schema) return schema.error();
  done = run_in(
      server, database.name,
      fmt::format("SET SESSION AUTHORIZATION \"{}\";\n{}", database.application_role, *schema));
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
  auto server = start_privately(layout, programs, primary);
  if (!server) return within("starting PostgreSQL", server.error());
  if (auto filled = fill_primary(*server, layout, secrets); !filled) {
    (void)server->stop(kSql);
    return with_last_words(filled.error(), primary.file("log/postgres.log"));
  }
  progress("copying it to " + standby.name);
  made = run_tool(
      "pg_basebackup", standby,
      {programs.postgres_folder + "/pg_basebackup", "-h", private_socket_folder(layout, home), "-p",
       std::to_string(PrivatePostgres::kPort), "-U", "postgres", "-D", standby.file("postgres"),
       "-X", "stream", "--checkpoint=fast", "--no-password"});
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

/// PostgreSQL 15.19 has begun to refuse output plugins that are not named in a setting which
/// earlier ones do not know, and would not start with.
Result<std::string> output_plugins(const Layout& layout, const Programs& programs) {
  auto ended = run_postgres_tool(
      "postgres --describe-config", layout.data(),
      {"/bin/sh", "-c", "\"$1\" --describe-config | grep -c ^output_plugin_libraries || true", "sh",
       programs.postgres_folder + "/postgres"},
      kStart);
  if (!ended) return ended.error();
  return std::string(*ended == "0\n" ? "" : "output_plugin_libraries = 'wal2json'\n");
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
  const auto plugins = output_plugins(layout, programs);
  if (!plugins) return plugins.error();
  struct Text {
    std::string path;
    std::string content;
  };
  std::vector<Text> texts;
  const auto add_haproxy = [&texts](const std::string& path, HaproxyFiles files) {
    texts.push_back({path, std::move(files.configuration)});
    for (auto& file : files.beside)
      texts.push_back({std::move(file.path), std::move(file.content)});
  };
  add_haproxy(layout.file("edge/edge.cfg"), edge_files(layout));
  if (!layout.cdn_listeners().empty())
    texts.push_back({layout.file("edge/cdn.conf"), cdn_configuration(layout)});
  for (const Region& region : layout.topology().regions) {
    const DomainPlace place = layout.domain(region.name);
    texts.push_back({place.file("postgresql.conf"), postgres_configuration(layout, region.name)});
    texts.push_back({place.file("output-plugins.conf"), *plugins});
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
