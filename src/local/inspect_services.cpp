#include "local/inspect_services.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <set>

#include "local/digest.h"
#include "local/localisation.h"
#include "system/process.h"

namespace understudy {

namespace {

/// An instance that ends at once is started again and again: for a moment each time it runs.
constexpr std::int64_t kSettledMs = 2000;

std::string trouble_of(const UnitState& unit) {
  if (unit.pid == 0 && unit.restarts > 0)
    return fmt::format("{} ended with status {} and was started {} times", unit.name,
                       unit.last_status, unit.restarts);
  if (unit.pid == 0) return unit.name + " does not run";
  if (unit.up_ms < kSettledMs && unit.restarts > 0)
    return fmt::format("{} has just been started again, for the {}. time, after status {}",
                       unit.name, unit.restarts, unit.last_status);
  if (unit.up_ms < kSettledMs) return unit.name + " has only just been started";
  return unit.name + " does not say that it is well";
}

/// What every instance needs, whatever understudy.yaml says: see render_units.cpp.
std::set<std::string> needed_by(const Topology& topology, const Service& service) {
  std::set<std::string> names = {"REGION", "INSTANCE", "DATABASE_URL", "UNDERSTUDY_PAGE",
                                 "API_URL"};
  if (topology.redis) names.insert("REDIS_URL");
  if (!topology.reached_by(IngressKind::cdn).empty()) names.insert("CDN_URL");
  if (service.listens) names.insert({"HOST", "PORT"});
  for (const Service* internal : topology.reached_by(IngressKind::internal))
    names.insert(url_variable(*internal));
  for (const auto& [name, value] : service.environment) {
    if (!value.empty()) names.insert(name);
  }
  names.insert(service.secrets.begin(), service.secrets.end());
  return names;
}

void find_program(const Unit& unit, ServiceConfiguration& into) {
  const std::string& name = unit.command.at(0);
  into.program = name;
  if (name.find('/') == std::string::npos) {
    const auto found = process::find_program(name);
    if (!found) {
      into.program_problem = name + " is nowhere in PATH";
      return;
    }
    into.program = *found;
  }
  if (access(into.program.c_str(), X_OK) != 0) {
    into.program_problem = into.program + ": " + std::strerror(errno);
    return;
  }
  auto made = file_digest(into.program);
  if (made) {
    into.program_digest = *made;
  } else {
    into.program_problem = made.error().what;
  }
}

void add_once(std::vector<std::string>& all, const std::string& one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

void look_for_gaps(const Layout& layout, const std::string& region, const Service& service,
                   const Unit& unit, ServiceConfiguration& into) {
  for (const std::string& name : needed_by(layout.topology(), service)) {
    const auto found = unit.environment.find(name);
    if (found == unit.environment.end() || found->second.empty()) add_once(into.missing, name);
  }
  for (const auto& [name, value] : unit.environment) {
    if (const auto part = foreign_part(layout, region, value))
      add_once(into.foreign, fmt::format("{} names {}", name, *part));
  }
  for (std::size_t i = 1; i < unit.command.size(); ++i) {
    if (const auto part = foreign_part(layout, region, unit.command[i]))
      add_once(into.foreign, "an argument names " + *part);
  }
}

ServiceConfiguration configuration_of(const Layout& layout, const std::string& region,
                                      const Service& service,
                                      const std::vector<const Unit*>& instances,
                                      const std::string& key) {
  ServiceConfiguration configuration;
  configuration.name = service.name;
  const Unit& first = *instances.front();
  find_program(first, configuration);
  const auto neutral = [&](const std::string& value) {
    return keyed_digest(key, without_region(layout, region, value));
  };
  for (const auto& [name, value] : first.environment)
    configuration.variables[name] = neutral(value);
  std::string arguments;
  for (std::size_t i = 1; i < first.command.size(); ++i) arguments += first.command[i] + '\0';
  configuration.variables["arguments"] = neutral(arguments);
  for (const Unit* instance : instances)
    look_for_gaps(layout, region, service, *instance, configuration);
  return configuration;
}

}  // namespace

std::vector<ServiceState> service_states(const Topology& topology,
                                         const std::vector<UnitState>& units,
                                         const SaysWell& says_well) {
  std::vector<ServiceState> states;
  for (const Service& service : topology.services) {
    ServiceState state;
    state.name = service.name;
    for (const UnitState& unit : units) {
      if (unit.group != service.name) continue;
      const unsigned instance = state.places++;
      if (!unit.wanted) continue;
      ++state.wanted;
      if (unit.pid != 0) ++state.running;
      const bool up = unit.pid != 0 && unit.up_ms >= kSettledMs &&
                      (!service.listens || says_well(service, instance));
      if (up) {
        ++state.up;
      } else if (state.trouble.empty()) {
        state.trouble = trouble_of(unit);
      }
    }
    states.push_back(std::move(state));
  }
  return states;
}

std::vector<ServiceConfiguration> service_configurations(const Layout& layout,
                                                         const std::string& region,
                                                         const std::vector<Unit>& units,
                                                         const std::string& key) {
  std::vector<ServiceConfiguration> all;
  for (const Service& service : layout.topology().services) {
    std::vector<const Unit*> instances;
    for (const Unit& unit : units) {
      if (unit.group == service.name && !unit.command.empty()) instances.push_back(&unit);
    }
    if (!instances.empty())
      all.push_back(configuration_of(layout, region, service, instances, key));
  }
  return all;
}

}  // namespace understudy
