#include "drill/lease_history.h"

#include <algorithm>

#include "drill/lease_log.h"

namespace understudy::drill {
namespace {

/// A region's leases as the registry granted them: timed ones, and the endless one, which lasts
/// until the record says otherwise.
struct Granted {
  std::vector<Lease> timed;
  std::vector<Lease> endless;
};

Granted granted_to(const std::string& region, const std::vector<Stage::RegistryChange>& changes,
                   Duration ttl, BootTime now) {
  Granted granted;
  bool held = false;  // an endless lease, which the last of `endless` is
  for (const auto& [record, author, at] : changes) {
    if (held && (record.active != region || !record.lease.endless || record.lease.revoked)) {
      granted.endless.back().until = at;
      held = false;
    }
    if (author != "agent-" + region) continue;
    if (!record.lease.endless) granted.timed.push_back({at, at + ttl});
    if (record.lease.endless && !held) {
      granted.endless.push_back({at, now});
      held = true;
    }
  }
  return granted;
}

Result<std::vector<Stage::RegistryChange>> all_changes(const Stage& stage) {
  std::vector<Stage::RegistryChange> changes;
  while (true) {
    auto page = stage.registry_changes(changes.empty() ? 0 : changes.back().record.version);
    if (!page) return within("reading the registry's log of grants", page.error());
    if (page->empty()) return changes;
    changes.insert(changes.end(), page->begin(), page->end());
  }
}

}  // namespace

Result<std::vector<HeldLease>> read_lease_history(const Stage& stage, const Topology& topology,
                                                  const Instant& fault_at) {
  auto changes = all_changes(stage);
  if (!changes) return changes.error();
  const BootTime now = read_clocks().boot;
  const auto at_ms = [&](BootTime at) {
    return std::chrono::floor<milliseconds>(at - fault_at.boot).count();
  };
  std::vector<HeldLease> history;
  for (const Region& region : topology.regions) {
    auto granted = granted_to(region.name, *changes, topology.lease.ttl, now);
    if (granted.timed.empty() && granted.endless.empty()) continue;
    // With what the other region's agent granted, if it still tells.
    if (auto log = read_lease_log(stage, topology, region.name); log && !granted.timed.empty())
      granted.timed.insert(granted.timed.end(), log->leases.begin(), log->leases.end());
    for (const Lease& lease : joined(std::move(granted.timed)))
      history.push_back({region.name, at_ms(lease.from), at_ms(lease.until), false});
    for (const Lease& lease : granted.endless)
      history.push_back({region.name, at_ms(lease.from), at_ms(lease.until), lease.until == now});
  }
  std::sort(history.begin(), history.end(),
            [](const auto& a, const auto& b) { return a.from_ms < b.from_ms; });
  return history;
}

}  // namespace understudy::drill
