#include "local/local_vantage.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

namespace understudy {

namespace {
/// A way in that has not answered so soon may be dead.
constexpr auto kReadyAtOnce = milliseconds(20);
/// Of a region that takes traffic; nothing is decided by it.
constexpr auto kLookInside = milliseconds(300);
}  // namespace

LocalVantage::LocalVantage(std::string name, std::string source_address, const Layout& layout,
                           std::string probe_password, Clock& clock)
    : name_(std::move(name)),
      source_address_(std::move(source_address)),
      layout_(layout),
      probe_password_(std::move(probe_password)),
      clock_(clock),
      http_({.tls = std::nullopt, .source_address = source_address_}) {}

milliseconds LocalVantage::rest(BootTime deadline) const {
  return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(deadline - clock_.boot()));
}

Result<Sighting> LocalVantage::look(const std::string& region, BootTime deadline) {
  if (layout_.topology().region(region) == nullptr) {
    return Error{After::unchanged_final, "no region named \"" + region + "\""};
  }
  if (was_well_lately(region)) {
    Sighting seen = look_at_path(region, std::min(deadline, clock_.boot() + kReadyAtOnce));
    seen.services = seen.database = true;
    if (seen.ready) return seen;
  }
  auto path = std::async(std::launch::async, [&] { return look_at_path(region, deadline); });
  Sighting inside = look_inside(region, deadline);
  Sighting seen = path.get();
  seen.services = inside.services;
  seen.database = inside.database;
  if (!inside.detail.empty()) seen.detail += (seen.detail.empty() ? "" : "; ") + inside.detail;
  return seen;
}

/// Services and database.
Sighting LocalVantage::look_inside(const std::string& region, BootTime deadline) {
  std::string services_detail;
  auto services = std::async(std::launch::async,
                             [&] { return services_alive(region, deadline, services_detail); });
  Sighting seen;
  seen.database = database_answers(region, deadline, seen.detail);
  seen.services = services.get();
  if (!services_detail.empty())
    seen.detail = services_detail + (seen.detail.empty() ? "" : "; ") + seen.detail;
  if (seen.services && seen.database) {
    const std::lock_guard held(lock_);
    well_at_[region] = clock_.boot();
  }
  return seen;
}

Result<Watched> LocalVantage::watch(const std::string& region, const Pace& pace) {
  if (layout_.topology().region(region) == nullptr) {
    return Error{After::unchanged_final, "no region named \"" + region + "\""};
  }
  // Only the way in must answer at once: what is inside is asked once in a while, and takes longer.
  return watch_by(
      [&](BootTime deadline) -> Result<Sighting> {
        Sighting seen = look_at_path(region, deadline);
        if (!seen.ready) return seen;
        seen.services = seen.database = true;
        if (was_well_lately(region)) return seen;
        const Sighting inside = look_inside(region, clock_.boot() + kLookInside);
        seen.services = inside.services;
        seen.database = inside.database;
        return seen;
      },
      clock_, pace);
}

bool LocalVantage::was_well_lately(const std::string& region) {
  const std::lock_guard held(lock_);
  const auto well = well_at_.find(region);
  return well != well_at_.end() && clock_.boot() - well->second < kDetailsKeep;
}

Sighting LocalVantage::look_at_path(const std::string& region, BootTime deadline) const {
  const std::string url =
      fmt::format("http://{}{}", layout_.load_balancer(region).text(), kRegionReadyPath);
  const auto answer = http_.send(url, {.method = "GET"}, rest(deadline));
  Sighting seen;
  seen.path = answer.ok();
  seen.ready = answer.ok() && answer->status == 200;
  if (!answer) seen.detail = "way in: " + answer.error().what;
  return seen;
}

/// Every listening service must have at least one live instance.
bool LocalVantage::services_alive(const std::string& region, BootTime deadline,
                                  std::string& detail) const {
  for (const Service& service : layout_.topology().services) {
    if (!service.listens || service.instances_standby == 0) continue;
    bool alive = false;
    for (unsigned i = 0; i < Layout::instances_max(service) && !alive; ++i) {
      const std::string url = fmt::format(
          "http://{}{}", layout_.service(region, service.name, i).text(), service.live_path);
      auto answer = http_.send(url, {.method = "GET"}, rest(deadline));
      alive = answer.ok() && answer->status / 100 == 2;
      if (!alive)
        detail = service.name + ": " +
                 (answer ? fmt::format("HTTP {}", answer->status) : answer.error().what);
    }
    if (!alive) return false;
  }
  detail.clear();
  return true;
}

bool LocalVantage::database_answers(const std::string& region, BootTime deadline,
                                    std::string& detail) {
  std::optional<postgres::Connection> connection;
  {
    const std::lock_guard held(lock_);
    if (auto kept = idle_.find(region); kept != idle_.end()) {
      connection.emplace(std::move(kept->second));
      idle_.erase(kept);
    }
  }
  for (bool fresh = !connection.has_value();; fresh = true) {
    if (fresh) {
      const Endpoint server = layout_.postgres(region);
      auto opened = postgres::Connection::open(
          fmt::format("host={} port={} user=understudy_probe dbname=postgres password={} "
                      "application_name=vantage",
                      server.address, server.port, probe_password_),
          rest(deadline));
      if (!opened) {
        detail = "database: " + opened.error().what;
        return false;
      }
      connection.emplace(std::move(*opened));
    }
    auto answer = connection->run("SELECT 1", {}, rest(deadline));
    if (answer) {
      const std::lock_guard held(lock_);
      idle_.insert_or_assign(region, std::move(*connection));
      return true;
    }
    detail = "database: " + answer.error().what;
    if (fresh) return false;  // a kept connection may just have been closed by a restart
  }
}

}  // namespace understudy
