#include "local/units.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>

#include "system/file.h"
#include "system/process.h"

namespace understudy {

namespace json = boost::json;

namespace {

json::object to_json(const Unit& unit) {
  json::object environment;
  for (const auto& [name, value] : unit.environment) environment[name] = value;
  return {{"name", unit.name},
          {"group", unit.group},
          {"command", json::array(unit.command.begin(), unit.command.end())},
          {"environment", std::move(environment)},
          {"directory", unit.directory},
          {"log_file", unit.log_file},
          {"stop_signal", unit.stop_signal},
          {"death_signal", unit.death_signal},
          {"wanted", unit.wanted}};
}

/// Throws what Boost.JSON throws; the caller translates.
Unit unit_from(const json::object& object) {
  Unit unit;
  unit.name = json::value_to<std::string>(object.at("name"));
  unit.group = json::value_to<std::string>(object.at("group"));
  unit.command = json::value_to<std::vector<std::string>>(object.at("command"));
  unit.environment = json::value_to<std::map<std::string, std::string>>(object.at("environment"));
  unit.directory = json::value_to<std::string>(object.at("directory"));
  unit.log_file = json::value_to<std::string>(object.at("log_file"));
  unit.stop_signal = object.at("stop_signal").to_number<int>();
  unit.death_signal = object.at("death_signal").to_number<int>();
  unit.wanted = object.at("wanted").as_bool();
  return unit;
}

std::vector<Unit> units_from(const json::array& all) {
  std::vector<Unit> units;
  for (const auto& each : all) units.push_back(unit_from(each.as_object()));
  return units;
}

}  // namespace

json::array to_json(const std::vector<Unit>& units) {
  json::array all;
  for (const Unit& unit : units) all.push_back(to_json(unit));
  return all;
}

Result<Done> save_units(const std::vector<Unit>& units, const std::string& file) {
  return file::write_durably(file, json::serialize(to_json(units)), 0600);
}

Result<std::vector<Unit>> load_units(const std::string& file) {
  auto text = file::read(file);
  if (!text) return text.error();
  try {
    return units_from(json::parse(*text).as_array());
  } catch (const std::exception& error) {
    return Error{After::unchanged_final, file + ": " + error.what()};
  }
}

Result<std::vector<Unit>> SupervisorClient::configuration(milliseconds timeout) const {
  auto answer = ask({{"do", "configuration"}}, timeout);
  if (!answer) return answer.error();
  try {
    return units_from(answer->at("units").as_array());
  } catch (const std::exception& error) {
    return Error{After::unknown, socket_ + ": " + error.what()};
  }
}

pid_t supervisor_of(const std::string& folder) {
  auto text = file::read(folder + "/supervisor.json");
  if (!text) return 0;
  boost::system::error_code malformed;
  const json::value value = json::parse(*text, malformed);
  if (malformed || !value.is_object()) return 0;
  const auto* pid = value.get_object().if_contains("pid");
  const auto* started = value.get_object().if_contains("started");
  if (pid == nullptr || started == nullptr || !pid->is_int64() || !started->is_number()) return 0;
  const process::Identity who{static_cast<pid_t>(pid->get_int64()),
                              started->to_number<std::uint64_t>()};
  // Whoever may write the file could name anybody's process, and root would signal it.
  struct stat of_folder {};
  struct stat of_process {};
  const bool known = stat(folder.c_str(), &of_folder) == 0 &&
                     stat(fmt::format("/proc/{}", who.pid).c_str(), &of_process) == 0;
  if (!known || of_folder.st_uid != of_process.st_uid) return 0;
  return process::alive(who) ? who.pid : 0;
}

}  // namespace understudy
