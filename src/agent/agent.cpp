// The agent itself: the region keeper on real ports, and its HTTP side.

#include "agent/agent.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iterator>
#include <map>
#include <mutex>

#include "agent/watchdog.h"
#include "local/authority.h"
#include "local/control_server.h"
#include "local/file_agent_store.h"
#include "local/file_page.h"
#include "local/haproxy_gate.h"
#include "local/local_vantage.h"
#include "local/postgres_database.h"
#include "local/postgres_rebuild.h"
#include "local/region_inspector.h"
#include "local/remote_agent.h"
#include "local/remote_inspector.h"
#include "local/remote_registry.h"
#include "local/render.h"
#include "local/site.h"
#include "local/supervised_compute.h"
#include "ports/wire.h"
#include "recovery/region_keeper.h"
#include "system/file.h"
#include "system/kernel.h"
#include "telemetry/json_events.h"

namespace understudy {

namespace json = boost::json;

namespace {

/// When each task last moved; asked by the thread that tells the watchdog.
class Pulses {
 public:
  explicit Pulses(const Clock& clock) : clock_(clock) {}
  void beat(std::string_view task) {
    const BootTime now = clock_.boot();
    const std::lock_guard held(lock_);
    last_[std::string(task)] = now;
  }
  [[nodiscard]] bool all_within(Duration length) const {
    const BootTime now = clock_.boot();
    const std::lock_guard held(lock_);
    for (const auto& [task, at] : last_) {
      if (now - at > length) return false;
    }
    return true;
  }

 private:
  const Clock& clock_;
  mutable std::mutex lock_;
  std::map<std::string, BootTime> last_;
};

PostgresAccess database_access(const Site& site, const std::string& region) {
  const Layout& layout = site.layout();
  return {.conninfo = understudy_conninfo(layout, region, site.secrets()),
          .admission_file = layout.domain(region).file("pg_hba.conf"),
          .admitting = postgres_admission(layout, true),
          .refusing = postgres_admission(layout, false),
          .folder = layout.domain(region).file("postgres"),
          .commits_file = layout.domain(region).file("commits.conf"),
          .standby = site.topology().other(region).name,
          .standby_slot = replication_slot(layout.topology().other(region).name)};
}

/// 0 if it is not there, or no number; never longer than the callers of this process are held.
milliseconds length_of(const ControlCall& call, std::string_view parameter) {
  const std::string asked = call.request.parameter(parameter);
  return std::clamp(milliseconds(std::strtoll(asked.c_str(), nullptr, 10)), milliseconds(0),
                    milliseconds(10'000));
}

std::vector<ControlRoute> vantage_routes(LocalVantage& vantage, const Clock& clock,
                                         const ProbeTiming& timing) {
  const std::vector<std::string> callers = {"controller", "cli"};
  return {
      {"GET", "/v1/look", callers,
       [&vantage, &clock, timing](const ControlCall& call) {
         auto sighting =
             vantage.look(call.request.parameter("region"),
                          clock.boot() + std::min<Duration>(timing.timeout, wait_of(call)));
         return control_result(sighting, [](const Sighting& seen) { return wire::to_json(seen); });
       }},
      {"GET", "/v1/watch", callers,
       [&vantage, timing](const ControlCall& call) {
         auto watched = vantage.watch(
             call.request.parameter("region"),
             {.every = std::max<Duration>(timing.interval, length_of(call, "every_ms")),
              .at_once = length_of(call, "at_once_ms"),
              .longest = length_of(call, "longest_ms")});
         return control_result(watched, [](const Watched& seen) { return wire::to_json(seen); });
       }},
  };
}

std::optional<std::uint64_t> positive_at(const ControlCall& call, std::string_view key) {
  const auto* found = call.body.if_contains(key);
  if (found == nullptr || !found->is_int64() || found->get_int64() <= 0) return std::nullopt;
  return static_cast<std::uint64_t>(found->get_int64());
}

http::Response malformed() {
  return control_error({After::unchanged_final, "the order could not be understood"});
}

json::object nothing(const Done&) { return {}; }

/// Of planned moves and of the way back.
std::vector<ControlRoute> planned_routes(RegionKeeper& keeper, const Clock& clock) {
  const auto deadline = [&clock](const ControlCall& call) { return clock.boot() + wait_of(call); };
  return {
      {"POST",
       "/v1/drain",
       {"controller"},
       [&keeper, deadline](const ControlCall& call) {
         const auto transition = positive_at(call, "transition");
         if (!transition) return malformed();
         return control_result(keeper.drain(*transition, deadline(call)), nothing);
       }},
      {"POST",
       "/v1/rebuild",
       {"controller"},
       [&keeper, deadline](const ControlCall& call) {
         const auto order = wire::rebuild_order_from(call.body);
         if (!order) return malformed();
         return control_result(keeper.rebuild(*order, deadline(call)),
                               [](const RebuildState& state) { return wire::to_json(state); });
       }},
  };
}

/// `other_agent`: the certificate of the only one that may ask for an extension.
std::vector<ControlRoute> routes_of(RegionKeeper& keeper, const Clock& clock,
                                    const std::string& other_agent) {
  const auto deadline = [&clock](const ControlCall& call) { return clock.boot() + wait_of(call); };
  return {
      {"GET",
       "/v1/status",
       {"controller", "cli"},
       [&keeper, deadline](const ControlCall& call) {
         return control_result(keeper.status(deadline(call)),
                               [](const AgentStatus& status) { return wire::to_json(status); });
       }},
      {"POST",
       "/v1/fence",
       {"controller"},
       [&keeper, deadline](const ControlCall& call) {
         const auto term = positive_at(call, "term");
         if (!term) return malformed();
         return control_result(keeper.fence(*term, deadline(call)),
                               [](const FenceAck& ack) { return wire::to_json(ack); });
       }},
      {"POST",
       "/v1/revoke",
       {"controller"},
       [&keeper, deadline](const ControlCall& call) {
         const auto term = positive_at(call, "term");
         if (!term) return malformed();
         return control_result(keeper.revoke(*term, deadline(call)),
                               [](const RevokeAck& ack) { return wire::to_json(ack); });
       }},
      {"POST",
       "/v1/extend",
       {other_agent},
       [&keeper, deadline](const ControlCall& call) {
         const auto term = positive_at(call, "term");
         if (!term) return malformed();
         return control_result(keeper.extend(*term, deadline(call)), nothing);
       }},
      {"POST",
       "/v1/promote",
       {"controller"},
       [&keeper, deadline](const ControlCall& call) {
         const auto order = wire::promote_order_from(call.body);
         if (!order) return malformed();
         return control_result(keeper.promote(*order, deadline(call)),
                               [](const DatabaseState& state) { return wire::to_json(state); });
       }},
      {"POST",
       "/v1/await-active",
       {"controller"},
       [&keeper, deadline](const ControlCall& call) {
         const auto epoch = positive_at(call, "epoch");
         if (!epoch) return malformed();
         return control_result(keeper.await_active(*epoch, deadline(call)), nothing);
       }},
      {"POST",
       "/v1/scale",
       {"controller"},
       [&keeper, deadline](const ControlCall& call) {
         const auto order = wire::scale_order_from(call.body);
         if (!order) return malformed();
         return control_result(keeper.scale(*order, deadline(call)), nothing);
       }},
  };
}

/// Runs in the watchdog's child until SIGTERM.
Result<Done> run_child(const Site& site, const std::string& region,
                       const std::function<void()>& tell_watchdog) {
  block_stop_signals();
  const Layout& layout = site.layout();
  const DomainPlace place = layout.domain(region);
  auto lock = file::Lock::take(place.file("agent/lock"));
  if (!lock) return within("another agent of this region runs", lock.error());
  const auto clock = make_kernel_clock();
  const auto random = make_kernel_random();
  auto page = open_file_page(layout.page(region));
  if (!page) return page.error();
  auto events = open_json_events(place.file("log/events.jsonl"), "agent-" + region, *clock);
  if (!events) return events.error();
  const auto alerts = make_event_alerts(**events);
  const auto store = make_file_agent_store(place.file("agent/state.json"));
  const auto database = make_postgres_database(database_access(site, region), *clock);
  const SupervisorClient supervisor(layout.control_socket(region));
  SupervisedCompute compute(supervisor, *clock);
  const auto programs = postgres_programs(layout, region);
  if (!programs) return programs.error();
  const auto rebuild = make_postgres_rebuild(
      rebuild_place(layout, region, *programs, site.secrets()), supervisor, *clock);
  HaproxyGate gate(layout, region, *clock);
  const std::string name = "agent-" + region;
  const auto control = Site::control_http(place.file("tls"), name);
  RemoteRegistry registry(ControlClient(control, layout.registry().text(), *clock), *clock);
  const Region& other = site.topology().other(region);
  RemoteGrantor grantor(ControlClient(control, layout.agent(other.name).text(), *clock));
  LocalVantage vantage(region, place.address, layout, site.secrets().probe_role, *clock);
  auto tasks = make_threads();
  auto keeper = RegionKeeper::create(site.topology(), region,
                                     {*clock, *random, *tasks, registry, grantor, *database,
                                      *rebuild, compute, gate, **page, *store, **events, *alerts});
  if (!keeper) return keeper.error();
  auto routes = routes_of(**keeper, *clock, "agent-" + other.name);
  std::ranges::move(planned_routes(**keeper, *clock), std::back_inserter(routes));
  std::ranges::move(vantage_routes(vantage, *clock, site.topology().probe),
                    std::back_inserter(routes));
  LocalInspector inspector(region, layout, site.secrets(), *clock);
  std::ranges::move(inspection_routes(inspector, *clock), std::back_inserter(routes));
  auto server = serve_control(layout.agent(region), certificate_files(place.file("tls"), name),
                              std::move(routes), 12);
  if (!server) return server.error();

  Pulses pulses(*clock);
  std::atomic<bool> stopping{false};
  (*keeper)->start([&pulses](std::string_view task) { pulses.beat(task); });
  tasks->spawn("pulse", [&] {
    while (!stopping) {
      const Duration hang = hang_after(site.topology().lease);
      if (pulses.all_within(hang / 2)) tell_watchdog();
      clock->sleep_until(clock->boot() + hang / 20);
    }
  });
  wait_for_stop_signal();
  stopping = true;
  (*keeper)->stop();  // first, so that calls that wait for something end
  (*server)->stop(milliseconds(200));
  tasks.reset();  // joined before what they use goes
  return Done{};
}

}  // namespace

Result<Done> run_agent(const std::string& data, const std::string& region) {
  auto site = Site::open(data);
  if (!site) return site.error();
  if ((*site)->topology().region(region) == nullptr) {
    const auto& regions = (*site)->topology().regions;
    return Error{After::unchanged_final, fmt::format("no region named \"{}\"; there are {}, {}",
                                                     region, regions[0].name, regions[1].name)};
  }
  const Layout& layout = (*site)->layout();
  auto lock = file::Lock::take(layout.domain(region).file("agent/watchdog.lock"));
  if (!lock) return within("another agent of " + region + " runs", lock.error());
  const std::string page = layout.page(region);
  const auto clock = make_kernel_clock();
  const auto database = make_postgres_database(database_access(**site, region), *clock);
  return watch_over(
      (*site)->topology().lease,
      [&](const std::function<void()>& tell) { return run_child(**site, region, tell); },
      [&] {
        // Nobody renews now. Once nothing may be written here, applications are shown out at once.
        if (!page_is_open(page))
          (void)database->admit_application(false, clock->boot() + milliseconds(500));
      });
}

Result<Done> run_vantage(const std::string& data) {
  block_stop_signals();
  auto site = Site::open(data);
  if (!site) return site.error();
  const Layout& layout = (*site)->layout();
  const auto clock = make_kernel_clock();
  LocalVantage vantage("edge", layout.edge_vantage().address, layout, (*site)->secrets().probe_role,
                       *clock);
  const http::Tls tls = certificate_files(layout.domain("edge").file("tls"), "vantage-edge");
  auto server = serve_control(layout.edge_vantage(), tls,
                              vantage_routes(vantage, *clock, (*site)->topology().probe), 6);
  if (!server) return server.error();
  wait_for_stop_signal();
  (*server)->stop(milliseconds(200));
  return Done{};
}

}  // namespace understudy
