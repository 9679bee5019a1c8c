#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <thread>

#include "drill/injections.h"
#include "drill/reaper.h"
#include "local/render.h"
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
constexpr auto kUntilItIsOver = std::chrono::seconds(60);  ///< on a busy machine
const Victim kController{"witness", "controller"};
constexpr auto kTurn = milliseconds(30);  ///< of running, and of not running

process::Domain domain_of(const Site& site, const std::string& name) {
  const DomainPlace place = site.layout().domain(name);
  return {.supervisor = supervisor_of(place.folder), .directory = place.folder};
}

Injected nothing_to_heal() {
  return {[] { return Result<Done>(Done{}); }};
}

Injected frozen(std::vector<process::Identity> who) {
  return {[who = std::move(who)] {
    process::thaw(who);
    return Result<Done>(Done{});
  }};
}

/// Restarts a service's instances, as a deployment does.
Result<Done> restart_all(const Stage& stage, const std::string& region,
                         const std::string& service) {
  auto units = stage.supervisor(region).units(kCall);
  if (!units) return units.error();
  for (const UnitState& unit : *units) {
    if (unit.group != service || !unit.wanted) continue;
    const auto before = process::identify(unit.pid);
    if (auto restarted = stage.supervisor(region).restart(unit.name, kCall); !restarted)
      return restarted;
    if (!before || process::wait_gone(*before, kGracefulEnd)) continue;
    kill(before->pid, SIGKILL);  // a deployment does not wait for ever
  }
  return Done{};
}

}  // namespace

Result<Injected> do_nothing(const Stage&, const std::string&) { return nothing_to_heal(); }

Result<Injected> kill_region(const Stage& stage, const std::string& region) {
  auto killed = process::kill_all(domain_of(stage.site(), region), kKill);
  if (!killed) return killed.error();
  return Injected{[&stage, region] { return stage.start(region); }};
}

Result<Injected> kill_witness(const Stage& stage, const std::string&) {
  return kill_region(stage, "witness");
}

Result<Injected> kill_standby(const Stage& stage, const std::string& region) {
  return kill_region(stage, stage.site().topology().other(region).name);
}

Result<Injected> freeze_region(const Stage& stage, const std::string& region) {
  auto who = process::freeze(domain_of(stage.site(), region), kKill);
  if (!who) return who.error();
  return frozen(std::move(*who));
}

Result<Injected> freeze_standby(const Stage& stage, const std::string& region) {
  return freeze_region(stage, stage.site().topology().other(region).name);
}

Result<Injected> kill_region_and_controller(const Stage& stage, const std::string& region) {
  const Reaper reaper(stage, {kController});
  auto killed = kill_region(stage, region);
  if (!killed) return killed;
  if (auto ended = reaper.await_end(kUntilItIsOver); !ended) return ended.error();
  return killed;
}

Result<Injected> stop_sending_log(const Stage& stage, const std::string& region) {
  auto session = postgres::Connection::open(
      superuser_conninfo(stage.site().layout(), region, stage.site().secrets()), kCall);
  if (!session) return session.error();
  const auto senders = session->run("SELECT pid FROM pg_stat_replication", {}, kCall);
  if (!senders) return senders.error();
  if (senders->empty()) return Error{After::unchanged_retry, region + " sends its log to nobody"};
  for (std::size_t row = 0; row < senders->size(); ++row)
    kill(static_cast<pid_t>(senders->number(row, 0)), SIGSTOP);
  return nothing_to_heal();
}

Result<Injected> switch_over(const Stage& stage, const std::string&) {
  auto begun = stage.order("/v1/switchover", {{"who", "drill"}, {"reason", "a drill"}});
  if (!begun) return begun.error();
  return nothing_to_heal();
}

Result<Injected> switch_over_and_kill_controller(const Stage& stage, const std::string& region) {
  const Reaper reaper(stage, {kController});
  auto begun = switch_over(stage, region);
  if (!begun) return begun;
  if (auto ended = reaper.await_end(kUntilItIsOver); !ended) return ended.error();
  return begun;
}

Result<Injected> lose_redis(const Stage& stage, const std::string& region) {
  if (auto held = stage.supervisor(region).hold("redis", kCall); !held) return held.error();
  return Injected{[&stage, region] { return stage.supervisor(region).release("redis", kCall); }};
}

Result<Injected> freeze_agent(const Stage& stage, const std::string& region) {
  auto both = stage.processes(region, "agent");
  if (!both) return both.error();
  if (both->size() < 2)
    return Error{After::unchanged_retry, "expected the agent beside its watchdog"};
  for (const auto& who : *both) kill(who.pid, SIGSTOP);
  return frozen(std::move(*both));
}

Result<Injected> crash_database(const Stage& stage, const std::string& region) {
  auto servers = stage.processes(region, "postgres");
  if (!servers) return servers.error();
  for (const auto& who : *servers) kill(who.pid, SIGKILL);
  return nothing_to_heal();
}

Result<Injected> hang_database(const Stage& stage, const std::string& region) {
  auto servers = stage.processes(region, "postgres");
  if (!servers) return servers.error();
  // The postmaster comes first and is stopped first: afterwards no backend is added.
  for (const auto& who : *servers) kill(who.pid, SIGSTOP);
  auto all = stage.processes(region, "postgres");
  if (!all) return all.error();
  for (const auto& who : *all) kill(who.pid, SIGSTOP);
  return frozen(std::move(*all));
}

Result<Injected> slow_everything(const Stage& stage, const std::string&) {
  auto slowing =
      std::make_shared<std::jthread>([&site = stage.site()](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          std::vector<process::Identity> all;
          for (const DomainPlace& place : site.layout().domains()) {
            const auto some = process::members(domain_of(site, place.name));
            all.insert(all.end(), some.begin(), some.end());
          }
          for (int turn = 0; turn < 20 && !stop.stop_requested(); ++turn) {
            for (const auto& who : all) {
              if (process::alive(who)) kill(who.pid, SIGSTOP);
            }
            std::this_thread::sleep_for(kTurn);
            process::thaw(all);
            std::this_thread::sleep_for(kTurn);
          }
        }
      });
  return Injected{[slowing]() -> Result<Done> {
    slowing->request_stop();
    slowing->join();
    return Done{};
  }};
}

Result<Injected> deploy_badly(const Stage& stage, const std::string& region) {
  const auto& services = stage.site().topology().services;
  const auto service =
      std::find_if(services.begin(), services.end(), [](const Service& s) { return s.listens; });
  if (service == services.end())
    return Error{After::unchanged_final, "no service listens, so none can be deployed badly"};
  const std::string program = deployed_program(stage.site().layout(), region, *service);
  const std::string good = program + ".good";
  std::error_code code;
  fs::rename(program, good, code);
  if (!code) fs::copy_file("/bin/false", program, code);
  if (!code) fs::permissions(program, static_cast<fs::perms>(0755), code);
  if (code) return Error{After::unknown, program + ": " + code.message()};
  const auto restart = [&stage, region, name = service->name] {
    return restart_all(stage, region, name);
  };
  if (auto restarted = restart(); !restarted) return restarted.error();
  return Injected{[program, good, restart]() -> Result<Done> {
    std::error_code problem;
    fs::rename(good, program, problem);
    if (problem) return Error{After::unchanged_retry, program + ": " + problem.message()};
    return restart();
  }};
}

}  // namespace understudy::drill
