#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "drill/injections.h"
#include "drill/interruption.h"
#include "local/haproxy_socket.h"
#include "local/render.h"
#include "local/units.h"
#include "system/postgres.h"

namespace understudy::drill {

namespace {

constexpr auto kCall = milliseconds(2000);
/// Shorter than the detection of a dead path takes, longer than the edge's two checks.
constexpr auto kFlapDown = milliseconds(400);
constexpr auto kFlapUp = milliseconds(600);

std::string domain_of(const Site& site, const std::string& active, Part part) {
  switch (part) {
    case Part::active: return active;
    case Part::standby: return site.topology().other(active).name;
    case Part::witness: return "witness";
    case Part::edge: return "edge";
  }
  return active;
}

/// Both directions between one domain and every other.
Result<Injected> isolate(const Stage& stage, const std::string& domain) {
  std::vector<std::string> others;
  for (const DomainPlace& place : stage.site().layout().domains()) {
    if (place.name != domain) others.push_back(place.name);
  }
  const auto both_ways = [&hosts = stage.hosts(), domain, others](auto what) -> Result<Done> {
    for (const std::string& other : others) {
      if (auto done = (hosts.*what)(domain, other); !done) return done;
      if (auto done = (hosts.*what)(other, domain); !done) return done;
    }
    return Done{};
  };
  if (auto cut = both_ways(&Hosts::cut); !cut) return cut.error();
  return Injected{[both_ways] { return both_ways(&Hosts::mend); }};
}

}  // namespace

Result<Injected> cut_path(const Stage& stage, const std::string& region) {
  if (auto held = stage.supervisor(region).hold("load-balancer", kCall); !held) return held.error();
  return Injected{
      [&stage, region] { return stage.supervisor(region).release("load-balancer", kCall); }};
}

Result<Injected> flap_path(const Stage& stage, const std::string& region) {
  const std::string socket = haproxy_socket(stage.site().layout(), region);
  if (auto down = tell_haproxy(socket, "disable frontend region", kCall); !down)
    return down.error();
  auto flapping = std::make_shared<std::jthread>([socket](const std::stop_token& stop) {
    while (true) {
      std::this_thread::sleep_for(kFlapDown);
      (void)tell_haproxy(socket, "enable frontend region", kCall);
      std::this_thread::sleep_for(kFlapUp);
      if (stop.stop_requested()) return;
      (void)tell_haproxy(socket, "disable frontend region", kCall);
    }
  });
  return Injected{[flapping]() -> Result<Done> {
    flapping->request_stop();
    flapping->join();
    return Done{};
  }};
}

Result<Injected> cut_one_vantage(const Stage& stage, const std::string& region) {
  const std::string socket = haproxy_socket(stage.site().layout(), region);
  const std::string list = stage.site().layout().domain(region).file("cut-off.acl");
  auto cut = tell_haproxy(
      socket, fmt::format("add acl {} {}", list, stage.site().topology().witness_address), kCall);
  if (!cut) return cut.error();
  return Injected{[socket, list] { return tell_haproxy(socket, "clear acl " + list, kCall); }};
}

Result<Injected> cut_replication(const Stage& stage, const std::string& region) {
  const auto run = [&site = stage.site(), region](const std::string& sql) -> Result<Done> {
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

Result<Injected> isolate_witness(const Stage& stage, const std::string&) {
  return isolate(stage, "witness");
}

Result<Injected> isolate_standby(const Stage& stage, const std::string& region) {
  return isolate(stage, stage.site().topology().other(region).name);
}

std::string_view to_string(Part part) {
  switch (part) {
    case Part::active: return "active";
    case Part::standby: return "standby";
    case Part::witness: return "witness";
    case Part::edge: return "edge";
  }
  return "active";
}

std::function<Injection> cut_one_way(Part from, Part to) {
  return [from, to](const Stage& stage, const std::string& region) -> Result<Injected> {
    const std::string sender = domain_of(stage.site(), region, from);
    const std::string receiver = domain_of(stage.site(), region, to);
    if (auto cut = stage.hosts().cut(sender, receiver); !cut) return cut.error();
    return Injected{
        [&hosts = stage.hosts(), sender, receiver] { return hosts.mend(sender, receiver); }};
  };
}

}  // namespace understudy::drill
