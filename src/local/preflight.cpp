#include "local/preflight.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "local/create.h"
#include "local/machine.h"
#include "local/units.h"
#include "system/file.h"
#include "topology/json.h"

namespace understudy {

namespace fs = std::filesystem;

namespace {

constexpr const char* kMark = "understudy-stack";

Error refused(std::string what) { return {After::unchanged_final, std::move(what)}; }

/// What the databases were made from and cannot take over later.
std::vector<std::string> made_from(const Topology& topology) {
  std::vector<std::string> all = {topology.database.name, topology.database.application_role};
  for (const Region& region : topology.regions) all.push_back(region.name);
  return all;
}

std::vector<std::string> places_of(const Layout& layout) {
  std::vector<std::string> all;
  for (const auto& [who, endpoint] : layout.all_endpoints())
    all.push_back(who + " " + endpoint.text());
  return all;
}

}  // namespace

std::optional<std::string> program_file(const Topology& topology, const Service& service) {
  const fs::path program(service.command.at(0));
  if (service.command[0].find('/') == std::string::npos) return std::nullopt;
  return (fs::path(topology.directory) / program).lexically_normal().string();
}

std::optional<std::string> schema_file(const Topology& topology) {
  if (!topology.database.schema_file) return std::nullopt;
  return (fs::path(topology.directory) / *topology.database.schema_file)
      .lexically_normal()
      .string();
}

Result<Done> check_sources(const Layout& layout) {
  for (const Service& service : layout.topology().services) {
    const auto program = program_file(layout.topology(), service);
    if (program && (!fs::is_regular_file(*program) || access(program->c_str(), X_OK) != 0)) {
      return refused(fmt::format("services.{}.command: {} is not a program that can be executed",
                                 service.name, *program));
    }
  }
  const auto schema = schema_file(layout.topology());
  if (schema && access(schema->c_str(), R_OK) != 0)
    return refused(fmt::format("database.schema_file: {} cannot be read", *schema));
  return Done{};
}

Result<Done> mark_ours(const Layout& layout) {
  return file::write_durably(layout.file(kMark), layout.topology().platform + "\n", 0644);
}

Result<Done> check_ours(const Layout& layout) {
  std::error_code code;
  if (!fs::exists(layout.data(), code) || file::exists(layout.file(kMark))) return Done{};
  if (fs::is_directory(layout.data(), code) && fs::is_empty(layout.data(), code)) return Done{};
  return refused(layout.data() +
                 ": is no stack's folder and not empty; name a new one with --data");
}

Result<Done> check_same_stack(const Layout& layout) {
  const std::string path = layout.file("topology.json");
  if (!created(layout) || !file::exists(path)) return Done{};
  auto text = file::read(path);
  if (!text) return text.error();
  auto before = from_json(*text);
  if (!before) return within(path, before.error());
  const Topology& now = layout.topology();
  if (before->platform != now.platform) {
    return refused(
        fmt::format("{} holds the stack of the platform {}, not of {}: understudy down "
                    "--data ends it, or name another folder",
                    layout.data(), before->platform, now.platform));
  }
  if (made_from(*before) != made_from(now)) {
    return refused(
        fmt::format("the stack in {} was made with other regions or another database: "
                    "understudy down removes it",
                    layout.data()));
  }
  const Layout old(*before, layout.data());
  const auto domains = old.domains();
  const bool any_runs = std::any_of(domains.begin(), domains.end(), [](const DomainPlace& place) {
    return supervisor_of(place.folder) != 0;
  });
  if (!any_runs || places_of(old) == places_of(layout)) return Done{};
  return refused(
      fmt::format("the stack in {} runs with other addresses, ports or services: "
                  "understudy down --keep-data, then up",
                  layout.data()));
}

Result<Done> check_ports(const Layout& layout) {
  std::vector<std::string> running_addresses;
  for (const DomainPlace& place : layout.domains()) {
    if (supervisor_of(place.folder) == 0) continue;
    running_addresses.push_back(place.address);
    if (place.name == "edge") running_addresses.emplace_back(kLocalhost);  // its CDN's second door
  }
  for (const auto& [who, endpoint] : layout.all_endpoints()) {
    if (std::find(running_addresses.begin(), running_addresses.end(), endpoint.address) !=
        running_addresses.end())
      continue;
    if (auto free = check_free(endpoint); !free) {
      return refused(fmt::format("{} cannot listen: {}; set local.port_base to a free range", who,
                                 free.error().what));
    }
  }
  return Done{};
}

}  // namespace understudy
