#include "drill/lease_log.h"

#include <algorithm>

#include "drill/event_log.h"
#include "drill/instant.h"

namespace understudy::drill {

namespace {

BootTime boot_at(const boost::json::object& event, std::string_view key) {
  return BootTime(Duration(number_at(event, key)));
}

Result<std::vector<Lease>> granted_by_registry(const Stage& stage, Duration ttl,
                                               const std::string& holder) {
  std::vector<Lease> grants;
  std::uint64_t version = 0;
  while (true) {
    auto page = stage.registry_changes(version);
    if (!page) return within("reading the registry's log of grants", page.error());
    if (page->empty()) return grants;
    for (const auto& [record, author, at] : *page) {
      version = record.version;
      if (author == "agent-" + holder) grants.push_back({at, at + ttl});
    }
  }
}

Result<std::vector<Lease>> extended_by(const Stage& stage, const std::string& grantor,
                                       Duration margin) {
  std::vector<Lease> rows;
  for (const auto& [at, event] : events_since(stage.site().layout(), grantor, WallTime{})) {
    if (text_at(event, "event") != "lease.begun") continue;
    if (!rows.empty()) rows.back().until = boot_at(event, "last_ended_boot_ns");
    rows.push_back({boot_at(event, "at_boot_ns"), {}});
  }
  if (rows.empty()) return rows;
  auto status = stage.agent_status(grantor);
  if (!status) return within("asking the agent of " + grantor, status.error());
  rows.back().until = read_clocks().boot + milliseconds(status->promise_rest_ms) - margin;
  return rows;
}

}  // namespace

std::vector<Lease> joined(std::vector<Lease> leases) {
  std::sort(leases.begin(), leases.end(),
            [](const Lease& a, const Lease& b) { return a.from < b.from; });
  std::vector<Lease> rows;
  for (const Lease& lease : leases) {
    if (rows.empty() || lease.from > rows.back().until) {
      rows.push_back(lease);
    } else {
      rows.back().until = std::max(rows.back().until, lease.until);
    }
  }
  return rows;
}

Result<LeaseLog> read_lease_log(const Stage& stage, const Topology& topology,
                                const std::string& holder) {
  auto granted = granted_by_registry(stage, topology.lease.ttl, holder);
  if (!granted) return granted.error();
  auto extended = extended_by(stage, topology.other(holder).name, topology.lease.margin);
  if (!extended) return extended.error();
  LeaseLog log{.grants = granted->size(), .extended = extended->size()};
  granted->insert(granted->end(), extended->begin(), extended->end());
  log.leases = joined(std::move(*granted));
  return log;
}

}  // namespace understudy::drill
