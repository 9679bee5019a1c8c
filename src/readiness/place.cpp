// The places, and the people.

#include <fmt/format.h>

#include <algorithm>

#include "readiness/checks.h"

namespace understudy {

namespace {

constexpr std::string_view kFault = "region-kill";
constexpr std::size_t kDrillsMost = 20;
constexpr Duration kDay = std::chrono::hours(24);

/// Of the platform as it is described now; oldest first.
std::vector<PastDrill> relevant_drills(const ReadinessFacts& facts) {
  std::vector<PastDrill> relevant;
  if (!facts.drills) return relevant;
  std::copy_if(facts.drills->begin(), facts.drills->end(), std::back_inserter(relevant),
               [&](const PastDrill& drill) {
                 return drill.fault == kFault && drill.platform_digest == facts.platform_digest;
               });
  return relevant;
}

/// The value that so many percent of them do not exceed. Requires: some.
std::int64_t at_percent(std::vector<std::int64_t> values, std::size_t percent) {
  std::sort(values.begin(), values.end());
  const std::size_t rank = (values.size() * percent + 99) / 100;
  return values[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace

std::optional<Prediction> predict(const ReadinessFacts& facts) {
  const auto drills = relevant_drills(facts);
  std::vector<std::int64_t> rto;
  std::vector<std::int64_t> rto_full;
  for (auto drill = drills.rbegin(); drill != drills.rend() && rto.size() < kDrillsMost; ++drill) {
    if (!drill->rto_ms || !drill->rto_full_ms) continue;
    rto.push_back(*drill->rto_ms);
    rto_full.push_back(*drill->rto_full_ms);
  }
  if (rto.empty()) return std::nullopt;
  return Prediction{.drills = rto.size(),
                    .rto_median_ms = at_percent(rto, 50),
                    .rto_p90_ms = at_percent(rto, 90),
                    .rto_full_p90_ms = at_percent(rto_full, 90)};
}

namespace readiness {

namespace {

/// As the lag gate believes them (steps/replication_lag.cpp).
constexpr Duration kClocksAgree = milliseconds(250);
constexpr Duration kCertificateSoon = 30 * kDay;
constexpr Duration kCertificateNow = kDay;
constexpr Duration kDrillOld = 30 * kDay;

std::int64_t days(Duration length) { return length / kDay; }

std::string never_drilled(const View& view) {
  const auto others = std::count_if(view.facts.drills->begin(), view.facts.drills->end(),
                                    [](const PastDrill& drill) { return drill.fault == kFault; });
  if (others == 0) return "never drilled";
  return fmt::format("never drilled as it is described now ({} drills of other descriptions)",
                     others);
}

}  // namespace

Answer clocks_agree(const View& view) {
  std::vector<std::string> off;
  for (const auto& [region, facts] : view.facts.regions) {
    if (!facts.clock) return not_known(region + "'s clock could not be asked");
    const auto& [ahead, uncertain] = *facts.clock;
    if (uncertain > kClocksAgree)
      return not_known(fmt::format("asking {} took {} ms", region, 2 * to_ms(uncertain)));
    const Duration distance = ahead < Duration::zero() ? -ahead : ahead;
    if (distance - uncertain > kClocksAgree)
      off.push_back(fmt::format("{}'s clock is {} ms {} of the controller's", region,
                                to_ms(distance), ahead < Duration::zero() ? "behind" : "ahead"));
  }
  return found_all(off);
}

Answer certificates_last(const View& view) {
  auto ends = view.facts.certificates;
  for (const auto& [region, facts] : view.facts.regions) {
    if (!facts.inspection->certificate_ends)
      return not_known(region + "'s certificate could not be read");
    ends[region + "'s agent"] = *facts.inspection->certificate_ends;
  }
  Findings findings;
  for (const auto& [owner, end] : ends) {
    const Duration rest = end - view.facts.now;
    if (rest >= kCertificateSoon) continue;
    findings.add(rest < kCertificateNow ? Severity::blocks : Severity::degrades,
                 rest < Duration::zero()
                     ? fmt::format("that of {} is over since {}", owner, format_wall(end))
                     : fmt::format("that of {} ends in {} days", owner, days(rest)));
  }
  return findings.answer();
}

Answer builds_same(const View& view) {
  std::vector<std::string> different;
  const auto compare = [&](const std::string& whose, const std::string& runs,
                           const std::string& deployed) {
    if (runs != deployed)
      different.push_back(fmt::format("{} runs build {}, deployed is {}", whose, runs, deployed));
  };
  compare("the controller", view.facts.build, view.facts.deployed);
  for (const auto& [region, facts] : view.facts.regions)
    compare(region + "'s agent", facts.inspection->build, view.facts.agent_deployed);
  return found_all(different);
}

Answer begins_by_itself(const View& view) {
  return view.facts.hindrance.empty() ? ok() : found(view.facts.hindrance);
}

Answer alerts_reach(const View& view) {
  return view.facts.alerts_problem.empty() ? ok() : found(view.facts.alerts_problem);
}

Answer drilled(const View& view) {
  const auto drills = relevant_drills(view.facts);
  if (drills.empty()) return found(never_drilled(view));
  if (drills.back().passed) return ok();
  return found("the last one, of " + format_wall(drills.back().at) + ", failed",
               "understudy drill --fault region-kill says why");
}

Answer drilled_lately(const View& view) {
  const auto drills = relevant_drills(view.facts);
  if (drills.empty()) return not_known(never_drilled(view));
  const Duration age = view.facts.now - drills.back().at;
  if (age <= kDrillOld) return ok();
  return found(fmt::format("the last one was {} days ago", days(age)));
}

Answer fast_enough(const View& view) {
  const auto predicted = predict(view.facts);
  if (!predicted) return not_known(never_drilled(view));
  const Objectives& objectives = view.topology.objectives;
  std::vector<std::string> slow;
  if (predicted->rto_p90_ms > to_ms(objectives.rto))
    slow.push_back(fmt::format("p90 of rto is {} ms over {} drills, the objective {} ms",
                               predicted->rto_p90_ms, predicted->drills, to_ms(objectives.rto)));
  if (predicted->rto_full_p90_ms > to_ms(objectives.rto_full))
    slow.push_back(fmt::format("p90 of rto_full is {} ms over {} drills, the objective {} ms",
                               predicted->rto_full_p90_ms, predicted->drills,
                               to_ms(objectives.rto_full)));
  return found_all(slow);
}

}  // namespace readiness

}  // namespace understudy
