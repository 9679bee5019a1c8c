#include "cli/drill_json.h"

#include <fmt/format.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <boost/json.hpp>

#include "drill/verdict_text.h"
#include "topology/json.h"

namespace understudy {

namespace json = boost::json;

namespace {

/// As a shell takes it for one word.
std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,+@";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string command_line(std::string_view fault, const Where& where, const DrillWords& words) {
  auto line =
      fmt::format("understudy drill -f {} --fault {} --rate {} --steady-seconds {}",
                  shell_word(where.config), fault, words.orders_per_second, words.steady_seconds);
  if (words.fault_seconds > 0) line += fmt::format(" --fault-seconds {}", words.fault_seconds);
  if (words.safety_only) line += " --safety-only";
  return line;
}

json::object machine() {
  utsname system{};
  struct sysinfo memory {};
  if (uname(&system) != 0 || sysinfo(&memory) != 0) return {};
  const auto mebibytes = memory.totalram * memory.mem_unit >> 20;
  return {{"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
          {"processors", get_nprocs()},
          {"memory_mib", mebibytes}};
}

json::object pages_json(const drill::PagesRead& pages) {
  return {{"reads", pages.reads}, {"errors", pages.errors}, {"longest_ms", pages.longest_ms}};
}

json::object audience_json(const drill::AudienceSeen& seen) {
  json::object out{{"watchers", seen.watchers},
                   {"watchers_back", seen.watchers_back},
                   {"cached_pages", pages_json(seen.cached)},
                   {"dynamic_pages", pages_json(seen.dynamic)}};
  if (seen.back_p99_ms) out["feed_back_p99_ms"] = *seen.back_p99_ms;
  return out;
}

}  // namespace

json::object drill_json(const drill::DrillResult& result, json::object environment) {
  json::object out = json::parse(drill::to_json(result.verdict)).as_object();
  out["passed"] = result.passed();
  out["records_verified"] = result.records;
  out["failed_checks"] = json::array(result.failed_checks.begin(), result.failed_checks.end());
  if (result.story.failover_row) out["decision_row"] = *result.story.failover_row;
  if (result.stragglers.sessions > 0) {
    out["stragglers"] = {{"sessions", result.stragglers.sessions},
                         {"sessions_committing", result.stragglers.sessions_committing},
                         {"sessions_in_transaction", result.stragglers.sessions_in_transaction},
                         {"requests", result.stragglers.requests},
                         {"late_acknowledgements", result.stragglers.late_acknowledgements}};
  }
  out["audience"] = audience_json(result.audience);
  out["disk_write_max_ms"] = result.disk_write_max.count();
  environment["fault_at"] = format_wall(result.fault_at);
  out["environment"] = std::move(environment);
  out["course"] = result.course;
  return out;
}

json::object drill_environment(const drill::Fault& fault, const Topology& topology,
                               const Where& where, const DrillWords& words) {
  const auto all = json::parse(to_json(topology)).as_object();
  json::object settings;
  for (const char* name : {"lease", "probe", "policy", "objectives"}) settings[name] = all.at(name);
  settings["replication"] = all.at("database").at("replication");
  json::array services;
  for (const Service& service : topology.services) services.emplace_back(service.name);
  json::array regions;
  for (const Region& region : topology.regions) regions.emplace_back(region.name);
  return {{"command", command_line(fault.name, where, words)},
          {"what", fault.what},
          {"understudy", UNDERSTUDY_VERSION},
          {"platform", topology.platform},
          {"regions", std::move(regions)},
          {"fault_in", topology.home},
          {"services", std::move(services)},
          {"machine", machine()},
          {"settings", std::move(settings)}};
}

}  // namespace understudy
