// What names, addresses and services must be to each other.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "topology/fields.h"
#include "topology/findings.h"

namespace understudy {
namespace {

std::string path_of_address(const Region& region) {
  return setting_path(setting_path("regions", region.name), "address");
}

/// The programs that run beside the services in every region, by the same kind of name.
void check_service_names(const Topology& topology, Findings& findings) {
  for (const auto& service : topology.services) {
    for (const char* taken : {"agent", "load-balancer", "postgres", "redis"}) {
      if (service.name != taken) continue;
      findings.add_relation(
          setting_path("services", service.name),
          fmt::format("a service cannot be called {}, which is a part of every region", taken));
    }
  }
}

void check_regions(const Topology& topology, Findings& findings) {
  if (!findings.spoilt("regions") && topology.regions.size() != 2) {
    findings.add_relation(
        "regions", fmt::format("expected exactly two regions, found {}", topology.regions.size()));
  }
  for (const auto& region : topology.regions) {
    if (region.name != "witness" && region.name != "edge") continue;
    findings.add_relation(
        setting_path("regions", region.name),
        fmt::format("a region cannot be called {}, which is a part of every platform",
                    region.name));
  }
  const bool judged = findings.sound({"regions", "home"}) && !topology.regions.empty();
  if (!judged || topology.region(topology.home) != nullptr) return;
  std::string names;
  for (const auto& region : topology.regions) {
    names += (names.empty() ? "" : " or ") + setting_path("", region.name);
  }
  findings.add_relation(
      "home", fmt::format("expected a region ({}), found {}", names, quoted(topology.home)));
}

/// A region, the witness and the edge must be able to fail apart.
void check_ranges(const Topology& topology, Findings& findings) {
  struct Place {
    std::string path, address;
    [[nodiscard]] std::string range() const { return address.substr(0, address.rfind('.')); }
  };
  std::vector<Place> places;
  // Those that have a default come first, so that a clash is told of a line that stands in the
  // file.
  places.push_back({"witness.address", topology.witness_address});
  places.push_back({"edge.address", topology.edge_address});
  for (const auto& region : topology.regions) {
    places.push_back({path_of_address(region), region.address});
  }
  std::erase_if(places, [&](const Place& place) { return findings.spoilt(place.path); });
  for (auto place = places.begin(); place != places.end(); ++place) {
    const auto twin = std::find_if(places.begin(), place, [&](const Place& earlier) {
      return earlier.range() == place->range();
    });
    if (twin == place) continue;
    findings.add_relation(
        place->path,
        fmt::format("relation address-ranges: {} lies in the range {}.0/24 of {}; each region, the "
                    "witness and the edge need a range of their own, being failure domains",
                    place->address, place->range(), twin->path));
  }
}

/// Only a topology built by hand can hold one name twice: a file's duplicate keys are refused.
template <class T>
void check_unique(std::string_view group, const std::vector<T>& named, Findings& findings) {
  std::set<std::string_view> seen;
  for (const auto& each : named) {
    if (seen.insert(each.name).second) continue;
    findings.add_relation(setting_path(group, each.name), "stands twice; names are unique");
  }
}

void check_instances(const Service& service, const std::string& path, Findings& findings) {
  const auto active = setting_path(path, "instances_active");
  const auto standby = setting_path(path, "instances_standby");
  if (!findings.sound({active, standby, setting_path(path, "posture")})) return;
  const auto posture = to_string(service.posture);
  if (service.posture == Posture::active_only && service.instances_active != 1) {
    findings.add_relation(
        active, fmt::format("relation posture-instances: an {} service has exactly 1 in the active "
                            "region, found {}",
                            posture, service.instances_active));
  }
  if (stands_by_empty(service.posture)) {
    if (service.instances_standby == 0) return;
    findings.add_relation(
        standby, fmt::format("relation posture-instances: {} means 0 in the standby region, found "
                             "{}; use warm or minimal to run some there",
                             posture, service.instances_standby));
  } else if (service.instances_standby < 1 ||
             service.instances_standby > service.instances_active) {
    findings.add_relation(
        standby, fmt::format("relation posture-instances: {} means 1 to {} (instances_active) in "
                             "the standby region, found {}",
                             posture, service.instances_active, service.instances_standby));
  }
}

/// A variable has one value: chosen in the file, or made by `up`.
void check_secrets(const Service& service, const std::string& path, Findings& findings) {
  for (std::size_t i = 0; i < service.secrets.size(); ++i) {
    if (!service.environment.contains(service.secrets[i])) continue;
    findings.add_relation(fmt::format("{}[{}]", setting_path(path, "secrets"), i),
                          fmt::format("relation secrets-environment: {} has a value in environment "
                                      "already; expected it in one of the two",
                                      service.secrets[i]));
  }
}

void check_ingress(const Service& service, const std::string& path, Findings& findings) {
  const auto ingress = setting_path(path, "ingress");
  const bool judged = findings.sound({ingress, setting_path(path, "listens")});
  if (!judged || service.listens || service.ingress == IngressKind::none) return;
  findings.add_relation(
      ingress, fmt::format("relation ingress-listens: ingress {} needs listens: on; requests reach "
                           "only a service that serves HTTP on $PORT",
                           to_string(service.ingress)));
}

std::string path_key(const Service& service) {
  return setting_path(setting_path("services", service.name), "path");
}

/// Each request that comes through the accelerator belongs to one service.
void check_paths(const Topology& topology, Findings& findings) {
  for (const auto& service : topology.services) {
    if (!service.path || service.ingress == IngressKind::accelerator) continue;
    findings.add_relation(
        path_key(service),
        fmt::format("relation accelerator-paths: path is for ingress accelerator, found {}",
                    to_string(service.ingress)));
  }
  std::map<std::string, std::string> owners;  // by path; "": the rest
  for (const Service* service : topology.reached_by(IngressKind::accelerator)) {
    if (findings.spoilt(path_key(*service))) continue;
    const auto [owner, is_new] = owners.emplace(service->path.value_or(""), service->name);
    if (is_new) continue;
    findings.add_relation(
        path_key(*service),
        service->path
            ? fmt::format("relation accelerator-paths: {} is {}'s already", *service->path,
                          owner->second)
            : fmt::format("relation accelerator-paths: {} and {} both take what no path names; "
                          "give one of them a path such as /{}/",
                          owner->second, service->name, service->name));
  }
}

/// Where an internal service is, its region's services learn from a variable that nobody else sets.
void check_internal_variables(const Topology& topology, Findings& findings) {
  for (const Service* internal : topology.reached_by(IngressKind::internal)) {
    const std::string variable = url_variable(*internal);
    if (std::find(kSetByUnderstudy.begin(), kSetByUnderstudy.end(), variable) !=
        kSetByUnderstudy.end()) {
      findings.add_relation(
          setting_path("services", internal->name),
          fmt::format("an internal service cannot be called {}: {} tells services of something "
                      "else",
                      internal->name, variable));
    }
    for (const auto& service : topology.services) {
      if (!service.environment.contains(variable)) continue;
      findings.add_relation(
          setting_path(setting_path(setting_path("services", service.name), "environment"),
                       variable),
          fmt::format("{} is set by Understudy, to where the internal service {} is", variable,
                      internal->name));
    }
  }
}

void check_database(const DatabaseSettings& database, Findings& findings) {
  constexpr std::array<std::string_view, 3> kMadeByPostgres = {"postgres", "template0",
                                                               "template1"};
  const bool taken = std::find(kMadeByPostgres.begin(), kMadeByPostgres.end(), database.name) !=
                     kMadeByPostgres.end();
  if (taken && findings.sound({"database.name"})) {
    findings.add_relation("database.name",
                          fmt::format("{} is PostgreSQL's own; expected a database of the "
                                      "application",
                                      database.name));
  }
  const bool reserved =
      database.application_role == "postgres" || database.application_role.starts_with("pg_");
  if (reserved && findings.sound({"database.application_role"})) {
    findings.add_relation("database.application_role",
                          fmt::format("{} is PostgreSQL's own and may get past the fence; expected "
                                      "a role of the application",
                                      database.application_role));
  }
}

}  // namespace

void check_places(const Topology& topology, Findings& findings) {
  check_unique("regions", topology.regions, findings);
  check_regions(topology, findings);
  check_ranges(topology, findings);
}

void check_services(const Topology& topology, Findings& findings) {
  check_unique("services", topology.services, findings);
  check_service_names(topology, findings);
  for (const auto& service : topology.services) {
    const auto path = setting_path("services", service.name);
    check_instances(service, path, findings);
    check_secrets(service, path, findings);
    check_ingress(service, path, findings);
  }
  check_paths(topology, findings);
  check_internal_variables(topology, findings);
  check_database(topology.database, findings);
}

}  // namespace understudy
