#include "ports/inspection_wire.h"

#include <boost/json/value_to.hpp>
#include <exception>

namespace understudy::wire {

namespace json = boost::json;

namespace {

using Texts = std::vector<std::string>;
using ByName = std::map<std::string, std::string>;

json::object pairs(const ByName& values) {
  json::object object;
  for (const auto& [name, value] : values) object[name] = value;
  return object;
}

std::int64_t nanoseconds(WallTime time) { return time.time_since_epoch().count(); }

json::object to_json(const ServiceState& state) {
  return {{"name", state.name},       {"places", state.places}, {"wanted", state.wanted},
          {"running", state.running}, {"up", state.up},         {"trouble", state.trouble}};
}

json::object to_json(const ServiceConfiguration& configuration) {
  return {{"name", configuration.name},
          {"program", configuration.program},
          {"program_digest", configuration.program_digest},
          {"program_problem", configuration.program_problem},
          {"variables", pairs(configuration.variables)},
          {"missing", json::array(configuration.missing.begin(), configuration.missing.end())},
          {"foreign", json::array(configuration.foreign.begin(), configuration.foreign.end())}};
}

json::object to_json(const DatabaseInspection& database) {
  return {{"version", database.version},
          {"settings", pairs(database.settings)},
          {"extensions", pairs(database.extensions)},
          {"collation_recorded", database.collation_recorded},
          {"collation_actual", database.collation_actual},
          {"fence_loaded", database.fence_loaded},
          {"wal_bytes", database.wal_bytes},
          {"slots", pairs(database.slots)}};
}

// What follows throws what Boost.JSON throws; the public functions translate.

template <class Value>
Value at(const json::object& object, std::string_view key) {
  return json::value_to<Value>(object.at(key));
}

WallTime time_at(const json::object& object, std::string_view key) {
  return WallTime(Duration(at<std::int64_t>(object, key)));
}

ServiceState state_from(const json::object& object) {
  return {.name = at<std::string>(object, "name"),
          .places = at<unsigned>(object, "places"),
          .wanted = at<unsigned>(object, "wanted"),
          .running = at<unsigned>(object, "running"),
          .up = at<unsigned>(object, "up"),
          .trouble = at<std::string>(object, "trouble")};
}

ServiceConfiguration configuration_from(const json::object& object) {
  return {.name = at<std::string>(object, "name"),
          .program = at<std::string>(object, "program"),
          .program_digest = at<std::string>(object, "program_digest"),
          .program_problem = at<std::string>(object, "program_problem"),
          .variables = at<ByName>(object, "variables"),
          .missing = at<Texts>(object, "missing"),
          .foreign = at<Texts>(object, "foreign")};
}

DatabaseInspection database_from(const json::object& object) {
  return {.version = at<std::string>(object, "version"),
          .settings = at<ByName>(object, "settings"),
          .extensions = at<ByName>(object, "extensions"),
          .collation_recorded = at<std::string>(object, "collation_recorded"),
          .collation_actual = at<std::string>(object, "collation_actual"),
          .fence_loaded = at<bool>(object, "fence_loaded"),
          .wal_bytes = at<std::uint64_t>(object, "wal_bytes"),
          .slots = at<ByName>(object, "slots")};
}

std::vector<ServiceState> states_from(const json::object& object) {
  std::vector<ServiceState> states;
  for (const auto& each : object.at("services").as_array())
    states.push_back(state_from(each.as_object()));
  return states;
}

template <class Read>
auto if_readable(const json::object& object, Read read) -> std::optional<decltype(read(object))> {
  try {
    return read(object);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

json::object to_json(const std::vector<ServiceState>& services) {
  json::array all;
  for (const ServiceState& service : services) all.push_back(to_json(service));
  return {{"services", std::move(all)}};
}

std::optional<std::vector<ServiceState>> service_states_from(const json::object& object) {
  return if_readable(object, states_from);
}

json::object to_json(const Inspection& inspection) {
  json::object object = to_json(inspection.services);
  object["region"] = inspection.region;
  object["build"] = inspection.build;
  if (inspection.database) object["database"] = to_json(*inspection.database);
  object["database_problem"] = inspection.database_problem;
  object["disk_bytes"] = inspection.disk_bytes;
  object["disk_free_bytes"] = inspection.disk_free_bytes;
  if (inspection.certificate_ends)
    object["certificate_ends_ns"] = nanoseconds(*inspection.certificate_ends);
  object["services_problem"] = inspection.services_problem;
  json::array& configurations = object["configurations"].emplace_array();
  for (const auto& each : inspection.configurations) configurations.push_back(to_json(each));
  return object;
}

std::optional<Inspection> inspection_from(const json::object& object) {
  return if_readable(object, [](const json::object& from) {
    Inspection inspection{.region = at<std::string>(from, "region"),
                          .build = at<std::string>(from, "build"),
                          .database = {},
                          .database_problem = at<std::string>(from, "database_problem"),
                          .disk_bytes = at<std::uint64_t>(from, "disk_bytes"),
                          .disk_free_bytes = at<std::uint64_t>(from, "disk_free_bytes"),
                          .certificate_ends = {},
                          .services = states_from(from),
                          .services_problem = at<std::string>(from, "services_problem"),
                          .configurations = {}};
    if (from.contains("database"))
      inspection.database = database_from(from.at("database").as_object());
    if (from.contains("certificate_ends_ns"))
      inspection.certificate_ends = time_at(from, "certificate_ends_ns");
    for (const auto& each : from.at("configurations").as_array())
      inspection.configurations.push_back(configuration_from(each.as_object()));
    return inspection;
  });
}

json::object wall_to_json(WallTime time) { return {{"wall_ns", nanoseconds(time)}}; }

std::optional<WallTime> wall_from(const json::object& object) {
  return if_readable(object, [](const json::object& from) { return time_at(from, "wall_ns"); });
}

}  // namespace understudy::wire
