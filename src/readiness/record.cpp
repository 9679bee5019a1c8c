// The record, the lease and the agents.

#include <fmt/format.h>

#include <algorithm>

#include "readiness/checks.h"

namespace understudy::readiness {

Answer registry_answers(const View& view) {
  return view.facts.record ? ok() : found(view.facts.record_problem);
}

Answer nothing_under_way(const View& view) {
  const Transition& transition = view.facts.record->transition;
  if (transition.phase == Phase::none) return ok();
  return found(fmt::format("{} is {}", transition.execution, to_string(transition.phase)));
}

Answer standby_attached(const View& view) {
  if (view.facts.record->standby) return ok();
  return found(
      fmt::format("{} is not attached: nobody could take over from {}", view.target, view.active));
}

Answer standby_agent(const View& view) {
  const RegionFacts& standby = view.of_target();
  return standby.status ? ok() : found(view.target + ": " + standby.status_problem);
}

Answer active_agent(const View& view) {
  const RegionFacts& active = view.of_active();
  if (active.status) return ok();
  return found(fmt::format("{}: {}; a failover would wait for the end of its lease", view.active,
                           active.status_problem));
}

Answer lease_timed(const View& view) {
  const Lease& lease = view.facts.record->lease;
  if (lease.endless) return found(view.active + " holds an endless lease");
  return lease.revoked ? found("it is revoked") : ok();
}

Answer lease_held(const View& view) {
  const AgentStatus& active = *view.of_active().status;
  if (active.writable) return ok();
  return found(fmt::format("{} may not write now{}{}", view.active, active.note.empty() ? "" : ": ",
                           active.note));
}

Answer lease_grantors(const View& view) {
  const auto& grantors = view.facts.record->grantors;
  std::vector<std::string> missing;
  for (const std::string& wanted : {std::string(kRegistryGrantor), view.target}) {
    if (std::find(grantors.begin(), grantors.end(), wanted) == grantors.end())
      missing.push_back(wanted + " does not extend it: losing the other grantor would stop writes");
  }
  return found_all(missing);
}

}  // namespace understudy::readiness
