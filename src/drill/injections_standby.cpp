#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "drill/injections.h"
#include "local/render.h"
#include "local/units.h"
#include "system/file.h"
#include "system/process_tree.h"

namespace understudy::drill {

namespace fs = std::filesystem;

namespace {

constexpr auto kEnd = std::chrono::seconds(10);

/// As a deployment in that region does it: its supervisor is given another file, and started anew.
Result<Done> deploy_units(const Stage& stage, const std::string& region,
                          const std::vector<Unit>& units) {
  const DomainPlace place = stage.site().layout().domain(region);
  auto ended = process::kill_all(
      {.supervisor = supervisor_of(place.folder), .directory = place.folder}, kEnd);
  if (!ended) return ended.error();
  const std::string file = place.file("units.json");
  struct stat before {};
  if (stat(file.c_str(), &before) != 0) return Error{After::unchanged_final, file + " is missing"};
  if (auto saved = save_units(units, file); !saved) return saved;
  if (chown(file.c_str(), before.st_uid, before.st_gid) != 0)
    return Error{After::unknown, file + ": cannot be given back to its owner"};
  return stage.start(region);
}

/// The address of the active region where the standby's own belongs; false: there was none.
bool point_to(std::string& value, const std::string& from, const std::string& to) {
  const auto at = value.find(from);
  if (at == std::string::npos) return false;
  value.replace(at, from.size(), to);
  return true;
}

}  // namespace

Result<Injected> misconfigure_standby(const Stage& stage, const std::string& region) {
  const Topology& topology = stage.site().topology();
  const Region& standby = topology.other(region);
  const std::string file = stage.site().layout().domain(standby.name).file("units.json");
  auto good = load_units(file);
  if (!good) return good.error();
  const auto secretive = std::find_if(topology.services.begin(), topology.services.end(),
                                      [](const Service& s) { return !s.secrets.empty(); });
  if (secretive == topology.services.end())
    return Error{After::unchanged_final, "no service has a secret that could be missing"};
  auto bad = *good;
  bool pointed = false;
  for (Unit& unit : bad) {
    if (unit.group != secretive->name) continue;
    unit.environment.erase(secretive->secrets.front());
    pointed = point_to(unit.environment["DATABASE_URL"], standby.address,
                       topology.region(region)->address) ||
              pointed;
  }
  if (!pointed) return Error{After::unchanged_final, "DATABASE_URL does not name its region"};
  if (auto deployed = deploy_units(stage, standby.name, bad); !deployed) return deployed.error();
  return Injected{[&stage, name = standby.name, units = std::move(*good)] {
    return deploy_units(stage, name, units);
  }};
}

Result<Injected> deploy_badly_in_standby(const Stage& stage, const std::string& region) {
  const Topology& topology = stage.site().topology();
  const auto service =
      std::find_if(topology.services.begin(), topology.services.end(), [](const Service& s) {
        return s.posture == Posture::scaled_on_failover &&
               s.command[0].find('/') != std::string::npos;
      });
  if (service == topology.services.end())
    return Error{After::unchanged_final,
                 "no service is scaled on failover with a program of its own"};
  const std::string program =
      deployed_program(stage.site().layout(), topology.other(region).name, *service);
  const std::string good = program + ".good";
  std::error_code code;
  fs::rename(program, good, code);
  if (!code) fs::copy_file("/bin/false", program, code);
  if (!code) fs::permissions(program, static_cast<fs::perms>(0755), code);
  if (code) return Error{After::unknown, program + ": " + code.message()};
  return Injected{[program, good]() -> Result<Done> {
    std::error_code problem;
    fs::rename(good, program, problem);
    if (problem) return Error{After::unchanged_retry, program + ": " + problem.message()};
    return Done{};
  }};
}

}  // namespace understudy::drill
