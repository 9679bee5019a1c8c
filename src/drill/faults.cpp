#include "drill/faults.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>

#include "local/render.h"
#include "local/stack.h"
#include "local/units.h"
#include "system/file.h"
#include "system/postgres.h"
#include "system/process_tree.h"

namespace understudy::drill {

namespace fs = std::filesystem;

namespace {

constexpr auto kKill = std::chrono::seconds(10);
constexpr auto kCall = milliseconds(2000);
constexpr auto kGracefulEnd = std::chrono::seconds(7);
constexpr auto kUntilItBegins = std::chrono::seconds(10);

process::Domain domain_of(const Site& site, const std::string& name) {
  const DomainPlace place = site.layout().domain(name);
  return {.supervisor = supervisor_of(place.folder), .directory = place.folder};
}

SupervisorClient supervisor(const Site& site, const std::string& region) {
  return SupervisorClient(site.layout().control_socket(region));
}

/// A unit's process and all that descends from it.
Result<std::vector<process::Identity>> processes_of_unit(const Site& site,
                                                         const std::string& region,
                                                         const std::string& name) {
  auto units = supervisor(site, region).units(kCall);
  if (!units) return units.error();
  const auto unit = std::find_if(units->begin(), units->end(),
                                 [&](const UnitState& u) { return u.name == name; });
  if (unit == units->end() || unit->pid == 0)
    return Error{After::unchanged_final, name + " does not run in " + region};
  return process::members({.supervisor = unit->pid, .directory = {}});
}

Injected nothing_to_heal() {
  return {[] { return Result<Done>(Done{}); }};
}

Result<Injected> do_nothing(const Site&, const std::string&) { return nothing_to_heal(); }

Result<Injected> kill_region(const Site& site, const std::string& region) {
  auto killed = process::kill_all(domain_of(site, region), kKill);
  if (!killed) return killed.error();
  return Injected{[&site, region] { return start_domain(site.layout(), region); }};
}

Result<Injected> kill_witness(const Site& site, const std::string&) {
  return kill_region(site, "witness");
}

Result<Injected> kill_standby(const Site& site, const std::string& region) {
  return kill_region(site, site.topology().other(region).name);
}

Result<Injected> freeze_region(const Site& site, const std::string& region) {
  auto frozen = process::freeze(domain_of(site, region), kKill);
  if (!frozen) return frozen.error();
  return Injected{[frozen = std::move(*frozen)] {
    process::thaw(frozen);
    return Result<Done>(Done{});
  }};
}

Result<Injected> freeze_standby(const Site& site, const std::string& region) {
  return freeze_region(site, site.topology().other(region).name);
}

/// The controller dies amid the failover that it began, and its supervisor starts it again.
Result<Injected> kill_region_then_controller(const Site& site, const std::string& region) {
  auto killed = kill_region(site, region);
  if (!killed) return killed;
  const std::string events = site.layout().domain("witness").file("log/events.jsonl");
  const auto give_up = std::chrono::steady_clock::now() + kUntilItBegins;
  while (true) {
    const auto text = file::read(events, 64 << 20);
    if (text && text->find("\"lease.revoked\"") != std::string::npos) break;
    if (std::chrono::steady_clock::now() >= give_up)
      return Error{After::unknown, "no failover began, so the controller was not killed"};
    usleep(5'000);
  }
  auto controller = processes_of_unit(site, "witness", "controller");
  if (!controller) return controller.error();
  for (const auto& who : *controller) kill(who.pid, SIGKILL);
  return killed;
}

Result<Injected> lose_redis(const Site& site, const std::string& region) {
  if (auto held = supervisor(site, region).hold("redis", kCall); !held) return held.error();
  return Injected{[&site, region] { return supervisor(site, region).release("redis", kCall); }};
}

Result<Injected> freeze_agent(const Site& site, const std::string& region) {
  auto both = processes_of_unit(site, region, "agent");
  if (!both) return both.error();
  if (both->size() < 2)
    return Error{After::unchanged_retry, "expected the agent beside its watchdog"};
  for (const auto& who : *both) kill(who.pid, SIGSTOP);
  return Injected{[both = std::move(*both)] {
    process::thaw(both);
    return Result<Done>(Done{});
  }};
}

Result<Injected> crash_database(const Site& site, const std::string& region) {
  auto servers = processes_of_unit(site, region, "postgres");
  if (!servers) return servers.error();
  for (const auto& who : *servers) kill(who.pid, SIGKILL);
  return nothing_to_heal();
}

Result<Injected> cut_path(const Site& site, const std::string& region) {
  if (auto held = supervisor(site, region).hold("load-balancer", kCall); !held) return held.error();
  return Injected{
      [&site, region] { return supervisor(site, region).release("load-balancer", kCall); }};
}

/// One command to an HAProxy's runtime socket.
Result<Done> tell_haproxy(const std::string& path, const std::string& command) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return Error{After::unchanged_final, path + ": too long for a socket"};
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const int peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const std::string line = command + "\n";
  const bool sent =
      peer >= 0 &&
      connect(peer, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      write(peer, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  const int code = errno;
  std::string answer;
  char buffer[512];
  for (ssize_t got = 0; sent && (got = read(peer, buffer, sizeof buffer)) > 0;)
    answer.append(buffer, static_cast<std::size_t>(got));
  if (peer >= 0) close(peer);
  if (!sent) return Error{After::unchanged_retry, path + ": " + std::strerror(code)};
  if (answer.find_first_not_of(" \n") != std::string::npos) {
    return Error{After::unchanged_final, "haproxy answers \"" + command + "\" with: " + answer};
  }
  return Done{};
}

/// The witness's packets no longer get an answer from the region's load balancer; everybody else's
/// do.
Result<Injected> cut_one_vantage(const Site& site, const std::string& region) {
  const std::string socket = haproxy_socket(site.layout(), region);
  const std::string list = site.layout().domain(region).file("cut-off.acl");
  auto cut =
      tell_haproxy(socket, fmt::format("add acl {} {}", list, site.topology().witness_address));
  if (!cut) return cut.error();
  return Injected{[socket, list] { return tell_haproxy(socket, "clear acl " + list); }};
}

/// A release whose program ends at once: every instance crash-loops, the region's other parts are
/// well.
Result<Injected> deploy_badly(const Site& site, const std::string& region) {
  const auto& services = site.topology().services;
  const auto service =
      std::find_if(services.begin(), services.end(), [](const Service& s) { return s.listens; });
  if (service == services.end())
    return Error{After::unchanged_final, "no service listens, so none can be deployed badly"};
  const std::string program = deployed_program(site.layout(), region, *service);
  const std::string good = program + ".good";
  const auto restart_all = [&site, region, name = service->name]() -> Result<Done> {
    auto units = supervisor(site, region).units(kCall);
    if (!units) return units.error();
    for (const UnitState& unit : *units) {
      if (unit.group != name || !unit.wanted) continue;
      const auto before = process::identify(unit.pid);
      if (auto restarted = supervisor(site, region).restart(unit.name, kCall); !restarted) {
        return restarted;
      }
      if (!before || process::wait_gone(*before, kGracefulEnd)) continue;
      kill(before->pid, SIGKILL);  // a deployment does not wait for ever
    }
    return Done{};
  };
  std::error_code code;
  fs::rename(program, good, code);
  if (!code) fs::copy_file("/bin/false", program, code);
  if (!code) fs::permissions(program, static_cast<fs::perms>(0755), code);
  if (code) return Error{After::unknown, program + ": " + code.message()};
  if (auto restarted = restart_all(); !restarted) return restarted.error();
  return Injected{[program, good, restart_all]() -> Result<Done> {
    std::error_code problem;
    fs::rename(good, program, problem);
    if (problem) return Error{After::unchanged_retry, program + ": " + problem.message()};
    return restart_all();
  }};
}

const std::vector<Fault>& table() {
  using std::chrono::seconds;
  static const std::vector<Fault> faults = {
      {.name = "region-kill",
       .what = "every process of the active region is killed (SIGKILL)",
       .expected = Outcome::fails_over,
       .rows = {30},
       .bound = seconds(15),
       .region_lost = true,
       .inject = kill_region},
      {.name = "region-freeze",
       .what = "every process of the active region is stopped (SIGSTOP), and continues after the "
               "recovery",
       .expected = Outcome::fails_over,
       .rows = {30},
       .bound = seconds(20),
       .region_lost = true,
       .thaws = true,
       .inject = freeze_region},
      {.name = "agent-freeze",
       .what = "the active region's agent and its watchdog are stopped (SIGSTOP)",
       .expected = Outcome::fails_over,
       .rows = {80},
       .bound = seconds(20),
       .thaws = true,
       .inject = freeze_agent},
      {.name = "database-crash",
       .what = "the active region's PostgreSQL is killed (SIGKILL) and restarts in place",
       .expected = Outcome::recovers_in_place,
       .rows = {},
       .bound = seconds(10),
       .majority_sees_primary_down = false,
       .inject = crash_database},
      {.name = "path-cut",
       .what = "the active region's load balancer is dead, every service healthy",
       .expected = Outcome::fails_over,
       .rows = {40},
       .bound = seconds(15),
       .inject = cut_path},
      {.name = "one-vantage-cut",
       .what = "the witness alone cannot see the active region",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(8),
       .majority_sees_primary_down = false,
       .inject = cut_one_vantage},
      {.name = "bad-deploy",
       .what = "a release of a public service that crash-loops",
       .expected = Outcome::holds,
       .rows = {50},
       .bound = seconds(10),
       .majority_sees_primary_down = false,
       .inject = deploy_badly},
      {.name = "replication-stall",
       .what = "replication stalls past the lag budget, then the active region is killed",
       .expected = Outcome::holds,
       .rows = {30},
       .bound = seconds(10),
       .region_lost = true,
       .needs_stalled_standby = true,
       .inject = kill_region},
      {.name = "witness-kill",
       .what = "every process of the witness, registry and controller, is killed (SIGKILL)",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(15),
       .majority_sees_primary_down = false,
       .spares_active = true,
       .inject = kill_witness},
      {.name = "standby-kill",
       .what = "every process of the standby region is killed (SIGKILL)",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(15),
       .majority_sees_primary_down = false,
       .spares_active = true,
       .inject = kill_standby},
      {.name = "standby-freeze",
       .what = "every process of the standby region is stopped (SIGSTOP)",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(15),
       .majority_sees_primary_down = false,
       .spares_active = true,
       .inject = freeze_standby},
      {.name = "redis-loss",
       .what = "the active region's Redis is dead",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(10),
       .majority_sees_primary_down = false,
       .spares_active = true,
       .inject = lose_redis},
      {.name = "controller-crash",
       .what =
           "the active region is killed, and so is the controller once it has revoked the lease",
       .expected = Outcome::fails_over,
       .rows = {30},
       .bound = seconds(30),
       .region_lost = true,
       .inject = kill_region_then_controller},
      {.name = "none",
       .what = "nothing happens",
       .expected = Outcome::holds,
       .rows = {},
       .bound = seconds(0),
       .majority_sees_primary_down = false,
       .inject = do_nothing},
  };
  return faults;
}

}  // namespace

std::span<const Fault> all_faults() { return table(); }

const Fault* find_fault(std::string_view name) {
  const auto found = std::find_if(table().begin(), table().end(),
                                  [&](const Fault& fault) { return fault.name == name; });
  return found == table().end() ? nullptr : &*found;
}

std::vector<process::Identity> processes_of(const Site& site, const std::string& domain) {
  return process::members(domain_of(site, domain));
}

Result<Injected> cut_replication(const Site& site, const std::string& region) {
  const auto run = [&site, region](const std::string& sql) -> Result<Done> {
    auto session = postgres::Connection::open(
        superuser_conninfo(site.layout(), region, site.secrets()), kCall);
    if (!session) return session.error();
    auto done = session->run_script(sql, kCall);
    if (!done) return done.error();
    return Done{};
  };
  auto cut = run("ALTER ROLE understudy_replicator NOLOGIN");
  if (cut) cut = run("SELECT pg_terminate_backend(pid) FROM pg_stat_replication");
  if (!cut) return cut.error();
  return Injected{[run] { return run("ALTER ROLE understudy_replicator LOGIN"); }};
}

}  // namespace understudy::drill
