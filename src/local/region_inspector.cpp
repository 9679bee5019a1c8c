#include "local/region_inspector.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>

#include "local/authority.h"
#include "local/digest.h"
#include "local/inspect_database.h"
#include "local/inspect_services.h"
#include "local/render.h"

namespace understudy {

namespace {

/// Of one instance; it is on our own side.
constexpr auto kLive = milliseconds(300);
constexpr auto kSupervisor = milliseconds(1000);

}  // namespace

LocalInspector::LocalInspector(std::string region, const Layout& layout,
                               const StackSecrets& secrets, const Clock& clock)
    : region_(std::move(region)),
      layout_(layout),
      secrets_(secrets),
      clock_(clock),
      supervisor_(layout.control_socket(region_)),
      http_({.tls = std::nullopt, .source_address = layout.domain(region_).address}) {}

milliseconds LocalInspector::rest(BootTime deadline) const {
  return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(deadline - clock_.boot()));
}

Result<WallTime> LocalInspector::wall(BootTime /*deadline*/) { return clock_.wall(); }

Result<std::vector<ServiceState>> LocalInspector::services(BootTime deadline) {
  return states(deadline);
}

Result<std::vector<ServiceState>> LocalInspector::states(BootTime deadline) const {
  auto units = supervisor_.units(std::min(kSupervisor, rest(deadline)));
  if (!units) return units.error();
  return service_states(layout_.topology(), *units, [&](const Service& service, unsigned instance) {
    const std::string url = fmt::format(
        "http://{}{}", layout_.service(region_, service.name, instance).text(), service.live_path);
    const auto answer = http_.send(url, {.method = "GET"}, std::min(kLive, rest(deadline)));
    return answer.ok() && answer->status / 100 == 2;
  });
}

void LocalInspector::inspect_services(BootTime deadline, Inspection& into) const {
  auto running = states(deadline);
  auto units = supervisor_.configuration(std::min(kSupervisor, rest(deadline)));
  if (!running || !units) {
    into.services_problem = running ? units.error().what : running.error().what;
    return;
  }
  into.services = std::move(*running);
  into.configurations = service_configurations(layout_, region_, *units, secrets_.understudy_role);
}

Result<Inspection> LocalInspector::inspect(BootTime deadline) {
  const DomainPlace place = layout_.domain(region_);
  Inspection seen;
  seen.region = region_;
  seen.build = own_build();
  std::error_code unknown;
  const auto room = std::filesystem::space(place.file("postgres"), unknown);
  if (!unknown) {
    seen.disk_bytes = room.capacity;
    seen.disk_free_bytes = room.available;
  }
  if (auto end = certificate_end(place.file("tls/agent-" + region_ + ".crt")))
    seen.certificate_ends = *end;
  inspect_services(deadline, seen);
  // Last, since a database that hangs takes all the time there is.
  auto database = inspect_database(understudy_conninfo(layout_, region_, secrets_), rest(deadline));
  if (database) {
    seen.database = std::move(*database);
  } else {
    seen.database_problem = database.error().what;
  }
  return seen;
}

namespace {

std::string build_of(const std::string& program) {
  auto made = file_digest(program);
  return made ? *made : "unknown: " + made.error().what;
}

}  // namespace

std::string own_build() {
  // By this name it is the file that runs, even after another took its place.
  static const std::string build = build_of("/proc/self/exe");
  return build;
}

std::string build_beside(const std::string& program) {
  // Read anew only when it has changed: it is asked for every minute, and is large.
  static std::mutex lock;
  static std::map<std::string, std::pair<std::filesystem::file_time_type, std::string>> known;
  std::error_code unknown;
  const auto runs = std::filesystem::read_symlink("/proc/self/exe", unknown);
  const std::string path = runs.parent_path() / program;
  const auto changed = std::filesystem::last_write_time(path, unknown);
  const std::lock_guard held(lock);
  auto& [at, build] = known[path];
  if (build.empty() || at != changed) {
    at = changed;
    build = build_of(path);
  }
  return build;
}

}  // namespace understudy
