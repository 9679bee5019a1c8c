// Relations between lengths of time, each refused by its name and with its reason. The first two
// are what the safety of the lease rests on; the others refuse promises that cannot be kept.
#include <fmt/format.h>

#include <algorithm>

#include "topology/findings.h"
#include "topology/length.h"

namespace understudy {
namespace {

/// The least margin: twice the drift over a ttl, once for the holder's clock and once for the
/// waiting one's, and the time an answer takes to leave. Rounded up to a microsecond.
/// Requires: settings within their bounds, so that nothing overflows.
Duration margin_min(const LeaseTiming& lease) {
  constexpr std::int64_t kMillion = 1'000'000;
  constexpr std::int64_t kMicrosecond = 1000;
  const std::int64_t ppm = lease.clock_drift_ppm_max;
  const std::int64_t part = lease.ttl.count() * 2 * ppm;
  const std::int64_t whole = kMillion - ppm;
  const std::int64_t drift = (part + whole - 1) / whole;
  const std::int64_t needed = drift + lease.answer_max.count();
  return Duration((needed + kMicrosecond - 1) / kMicrosecond * kMicrosecond);
}

void check_lease(const LeaseTiming& lease, Findings& findings) {
  if (findings.sound({"lease.ttl", "lease.renew_interval"}) &&
      lease.renew_interval > lease.ttl / 3) {
    findings.add_relation(
        "lease.renew_interval",
        fmt::format("relation lease-renewal: {} is more than a third of lease.ttl ({} / 3 = {}); "
                    "one lost answer must not cost the lease",
                    format_length(lease.renew_interval), format_length(lease.ttl),
                    format_length(lease.ttl / 3)));
  }
  if (!findings.sound(
          {"lease.ttl", "lease.margin", "lease.answer_max", "lease.clock_drift_ppm_max"})) {
    return;
  }
  if (const auto least = margin_min(lease); lease.margin < least) {
    findings.add_relation(
        "lease.margin",
        fmt::format("relation lease-margin: {} is less than {} (lease.ttl {} * 2r/(1-r) with r = "
                    "lease.clock_drift_ppm_max {} ppm, and lease.answer_max {}); the standby could "
                    "be promoted while the old region still acknowledges writes",
                    format_length(lease.margin), format_length(least), format_length(lease.ttl),
                    lease.clock_drift_ppm_max, format_length(lease.answer_max)));
  }
}

void check_loss(const Topology& topology, Findings& findings) {
  // A synchronous standby has every acknowledged write, whatever the lag.
  if (findings.spoilt("database.replication") ||
      topology.database.replication == Replication::synchronous) {
    return;
  }
  const auto budget = topology.policy.lag_budget;
  if (findings.sound({"policy.lag_budget", "lease.ttl", "lease.margin"}) &&
      budget < topology.lease.ttl + topology.lease.margin) {
    findings.add_relation(
        "policy.lag_budget",
        fmt::format("relation lag-budget: {} is less than lease.ttl + lease.margin ({} + {} = {}) "
                    "with asynchronous replication; lag is counted to the end of the old lease, so "
                    "every failover from a dead region would be over budget",
                    format_length(budget), format_length(topology.lease.ttl),
                    format_length(topology.lease.margin),
                    format_length(topology.lease.ttl + topology.lease.margin)));
  }
  if (findings.sound({"policy.lag_budget", "objectives.rpo"}) && topology.objectives.rpo < budget) {
    findings.add_relation(
        "objectives.rpo",
        fmt::format("relation rpo-objective: {} is less than policy.lag_budget ({}) with "
                    "asynchronous replication; a failover may lose up to the budget without asking",
                    format_length(topology.objectives.rpo), format_length(budget)));
  }
}

/// Commits are held from budget − ttl − margin − kHoldObeyed on (RpoGuard); a standby that keeps up
/// is behind for some moments, too.
void check_rpo_guard(const Topology& topology, Findings& findings) {
  if (topology.policy.rpo != RpoPolicy::budget_first ||
      topology.database.replication == Replication::synchronous ||
      !findings.sound({"policy.lag_budget", "lease.ttl", "lease.margin"}))
    return;
  const auto least = topology.lease.ttl + topology.lease.margin + 2 * kHoldObeyed;
  if (topology.policy.lag_budget >= least) return;
  findings.add_relation(
      "policy.lag_budget",
      fmt::format("relation rpo-budget: {} is less than lease.ttl + lease.margin + {} ({} + {} + "
                  "{} = {}) with policy.rpo budget-first; a region whose agent is frozen goes on "
                  "to the end of its lease with nobody to hold its commits",
                  format_length(topology.policy.lag_budget), format_length(2 * kHoldObeyed),
                  format_length(topology.lease.ttl), format_length(topology.lease.margin),
                  format_length(2 * kHoldObeyed), format_length(least)));
}

void check_probe(const Topology& topology, Findings& findings) {
  if (!findings.sound({"probe.interval", "probe.timeout", "probe.failures"})) return;
  const auto& probe = topology.probe;
  const auto detection = probe.failures * probe.interval + probe.timeout;
  const auto sum = fmt::format(
      "probe.failures * probe.interval + probe.timeout ({} * {} + {} = {})", probe.failures,
      format_length(probe.interval), format_length(probe.timeout), format_length(detection));
  if (findings.sound({"probe.patience"}) && probe.patience <= detection) {
    findings.add_relation(
        "probe.patience",
        fmt::format("relation probe-patience: {} is not more than {}; what recovers in place would "
                    "be left before a vantage could see it recover",
                    format_length(probe.patience), sum));
  }
  if (!findings.sound({"objectives.rto", "lease.ttl", "lease.margin"})) return;
  const auto wait = topology.lease.ttl + topology.lease.margin;
  const auto rto = topology.objectives.rto;
  if (rto < detection) {
    findings.add_relation(
        "objectives.rto",
        fmt::format("relation rto-objective: {} is less than {}; a failover begins no earlier",
                    format_length(rto), sum));
  } else if (rto < wait) {
    findings.add_relation(
        "objectives.rto",
        fmt::format("relation rto-objective: {} is less than lease.ttl + lease.margin ({} + {} = "
                    "{}); the lease of a dead region is waited for",
                    format_length(rto), format_length(topology.lease.ttl),
                    format_length(topology.lease.margin), format_length(wait)));
  }
}

void check_objectives(const Objectives& objectives, Findings& findings) {
  if (!findings.sound({"objectives.rto", "objectives.rto_full"})) return;
  if (objectives.rto_full >= objectives.rto) return;
  findings.add_relation(
      "objectives.rto_full",
      fmt::format("relation rto-full-objective: {} is less than objectives.rto ({}); full service "
                  "cannot come before the first order",
                  format_length(objectives.rto_full), format_length(objectives.rto)));
}

}  // namespace

void check_timing(const Topology& topology, Findings& findings) {
  check_lease(topology.lease, findings);
  check_loss(topology, findings);
  check_rpo_guard(topology, findings);
  check_probe(topology, findings);
  check_objectives(topology.objectives, findings);
}

}  // namespace understudy
