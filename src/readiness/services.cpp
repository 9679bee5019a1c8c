// The services, and the ways to them.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "readiness/checks.h"

namespace understudy::readiness {

namespace {

template <class Each>
const Each* named(const std::vector<Each>& all, const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Each& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

const ServiceState* state_of(const View& view, const std::string& region,
                             const std::string& service) {
  return named(view.of(region).inspection->services, service);
}

const ServiceConfiguration* configuration_of(const View& view, const std::string& region,
                                             const std::string& service) {
  return named(view.of(region).inspection->configurations, service);
}

/// Without such a service no region takes traffic at all.
bool carries_traffic(const Service& service) { return service.ingress == IngressKind::accelerator; }

std::string why(const ServiceState& state) {
  return state.trouble.empty() ? "" : " (" + state.trouble + ")";
}

/// What a region's agent could not say of its services; "" if it said it.
std::string silence(const View& view, const std::string& region) {
  const std::string& problem = view.of(region).inspection->services_problem;
  return problem.empty() ? ""
                         : fmt::format("{}'s services could not be asked: {}", region, problem);
}

std::string silence_of_any(const View& view) {
  const std::string active = silence(view, view.active);
  return active.empty() ? silence(view, view.target) : active;
}

/// How many instances are missing in a region, for each service that misses any.
Answer fewer_than(const View& view, const std::string& region, bool as_active) {
  if (const std::string silent = silence(view, region); !silent.empty()) return not_known(silent);
  std::vector<std::string> missing;
  for (const Service& service : view.topology.services) {
    const unsigned wanted = service.instances(as_active);
    const ServiceState* state = state_of(view, region, service.name);
    const unsigned up = state == nullptr ? 0 : state->up;
    if (up < wanted)
      missing.push_back(fmt::format("{}: {} of {} {} well in {}{}", service.name, up, wanted,
                                    wanted == 1 ? "is" : "are", region,
                                    state == nullptr ? "" : why(*state)));
  }
  return found_all(missing);
}

/// The same variable is not the same in both regions; "" if it is.
std::string difference(const View& view, const std::string& service, const std::string& variable) {
  const auto& here = configuration_of(view, view.active, service)->variables;
  const auto& there = configuration_of(view, view.target, service)->variables;
  const auto in_active = here.find(variable);
  const auto in_standby = there.find(variable);
  if (in_active == here.end())
    return fmt::format("{}: {} is set in {} only", service, variable, view.target);
  if (in_standby == there.end())
    return fmt::format("{}: {} is set in {} only", service, variable, view.active);
  if (in_active->second == in_standby->second) return "";
  return fmt::format("{}: {} differs", service, variable);
}

/// What is missing, or names the other region, has its own questions.
bool has_its_own_question(const ServiceConfiguration& configuration, const std::string& variable) {
  const auto& missing = configuration.missing;
  const auto& foreign = configuration.foreign;
  return std::find(missing.begin(), missing.end(), variable) != missing.end() ||
         std::any_of(foreign.begin(), foreign.end(),
                     [&](const std::string& text) { return text.starts_with(variable + " "); });
}

/// Settings that understudy.yaml spells out do less harm than what the stack hands in: a password,
/// an endpoint.
Severity severity_of(const Service& service, const std::string& variable) {
  return service.environment.contains(variable) ? Severity::degrades : Severity::blocks;
}

}  // namespace

Answer programs_there(const View& view) {
  if (const std::string silent = silence(view, view.target); !silent.empty())
    return not_known(silent);
  Findings findings;
  for (const Service& service : view.topology.services) {
    const ServiceConfiguration* there = configuration_of(view, view.target, service.name);
    if (there == nullptr) {
      findings.add(Severity::blocks,
                   fmt::format("{} is not known in {}", service.name, view.target));
    } else if (there->program_digest.empty()) {
      const ServiceState* state = state_of(view, view.target, service.name);
      const bool runs_already = state != nullptr && state->up > 0;
      findings.add(
          carries_traffic(service) && !runs_already ? Severity::blocks : Severity::degrades,
          fmt::format("{}: {}", service.name, there->program_problem));
    }
  }
  return findings.answer();
}

Answer programs_same(const View& view) {
  if (const std::string silent = silence_of_any(view); !silent.empty()) return not_known(silent);
  std::vector<std::string> different;
  for (const Service& service : view.topology.services) {
    const ServiceConfiguration* here = configuration_of(view, view.active, service.name);
    const ServiceConfiguration* there = configuration_of(view, view.target, service.name);
    if (here == nullptr || there == nullptr || there->program_digest.empty()) continue;
    if (here->program_digest != there->program_digest)
      different.push_back(fmt::format("{}: {} in {} is not what {} has", service.name,
                                      there->program, view.target, view.active));
  }
  return found_all(different);
}

Answer secrets_there(const View& view) {
  if (const std::string silent = silence_of_any(view); !silent.empty()) return not_known(silent);
  Findings findings;
  for (const std::string& region : {view.target, view.active}) {
    for (const ServiceConfiguration& service : view.of(region).inspection->configurations) {
      if (service.missing.empty()) continue;
      findings.add(
          region == view.target ? Severity::blocks : Severity::degrades,
          fmt::format("{} in {} lacks {}", service.name, region, fmt::join(service.missing, ", ")));
    }
  }
  return findings.answer();
}

Answer configuration_localised(const View& view) {
  if (const std::string silent = silence_of_any(view); !silent.empty()) return not_known(silent);
  Findings findings;
  for (const std::string& region : {view.target, view.active}) {
    for (const ServiceConfiguration& service : view.of(region).inspection->configurations) {
      if (service.foreign.empty()) continue;
      findings.add(
          region == view.target ? Severity::blocks : Severity::degrades,
          fmt::format("{} in {}: {}", service.name, region, fmt::join(service.foreign, ", ")));
    }
  }
  return findings.answer();
}

Answer configuration_same(const View& view) {
  if (const std::string silent = silence_of_any(view); !silent.empty()) return not_known(silent);
  Findings findings;
  for (const Service& service : view.topology.services) {
    const ServiceConfiguration* here = configuration_of(view, view.active, service.name);
    const ServiceConfiguration* there = configuration_of(view, view.target, service.name);
    if (here == nullptr || there == nullptr) continue;
    std::set<std::string> variables;
    for (const auto& [name, digest] : here->variables) variables.insert(name);
    for (const auto& [name, digest] : there->variables) variables.insert(name);
    for (const std::string& variable : variables) {
      if (has_its_own_question(*here, variable) || has_its_own_question(*there, variable)) continue;
      const std::string differs = difference(view, service.name, variable);
      if (!differs.empty()) findings.add(severity_of(service, variable), differs);
    }
  }
  return findings.answer();
}

Answer services_have_room(const View& view) {
  if (const std::string silent = silence(view, view.target); !silent.empty())
    return not_known(silent);
  Findings findings;
  for (const Service& service : view.topology.services) {
    const ServiceState* there = state_of(view, view.target, service.name);
    const unsigned places = there == nullptr ? 0 : there->places;
    if (places >= service.instances(true)) continue;
    findings.add(places == 0 && carries_traffic(service) ? Severity::blocks : Severity::degrades,
                 fmt::format("{}: {} has room for {}, a failover starts {}", service.name,
                             view.target, places, service.instances(true)));
  }
  return findings.answer();
}

Answer services_of_standby(const View& view) { return fewer_than(view, view.target, false); }

Answer singletons_once(const View& view) {
  if (const std::string silent = silence(view, view.target); !silent.empty())
    return not_known(silent);
  std::vector<std::string> twice;
  for (const Service& service : view.topology.services) {
    const ServiceState* there = state_of(view, view.target, service.name);
    if (service.posture == Posture::active_only && there != nullptr && there->running > 0)
      twice.push_back(fmt::format("{} runs in {}, too", service.name, view.target));
  }
  return found_all(twice);
}

Answer services_of_active(const View& view) { return fewer_than(view, view.active, true); }

Answer routes_have_targets(const View& view) {
  if (const std::string silent = silence(view, view.target); !silent.empty())
    return not_known(silent);
  Findings findings;
  for (const Service& service : view.topology.services) {
    if (service.ingress == IngressKind::none || service.instances(false) == 0) continue;
    const ServiceState* there = state_of(view, view.target, service.name);
    if (there != nullptr && there->up > 0) continue;
    findings.add(
        carries_traffic(service) ? Severity::blocks : Severity::degrades,
        fmt::format("{} ({}): no healthy instance in {}{}", service.name,
                    to_string(service.ingress), view.target, there == nullptr ? "" : why(*there)));
  }
  return findings.answer();
}

namespace {

/// A look's detail begins with what it says of the way in, if that failed.
std::string of_the_way(const Sighting& seen) {
  constexpr std::string_view kHead = "way in: ";
  std::string first = seen.detail.substr(0, seen.detail.find(';'));
  if (first.starts_with(kHead)) first.erase(0, kHead.size());
  return first;
}

}  // namespace

Answer way_in_answers(const View& view) {
  std::size_t seen = 0;
  std::vector<std::string> troubles;
  for (const auto& [vantage, sighting] : view.facts.standby_seen) {
    if (sighting && sighting->path) {
      ++seen;
    } else {
      troubles.push_back(vantage + (sighting ? ": " + of_the_way(*sighting) : " did not answer"));
    }
  }
  if (troubles.empty() && seen > 0) return ok();
  return found(
      seen == 0 ? Severity::blocks : Severity::degrades,
      troubles.empty() ? "no vantage looked" : fmt::format("{}", fmt::join(troubles, "; ")));
}

Answer ingress_leads(const View& view) {
  if (!view.facts.serving) return found(view.facts.serving_problem);
  if (*view.facts.serving == view.active) return ok();
  return found("it leads to " + *view.facts.serving);
}

}  // namespace understudy::readiness
