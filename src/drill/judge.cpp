#include "drill/judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "drill/invariants.h"
#include "drill/latency.h"
#include "drill/sales.h"
#include "drill/scene.h"

namespace understudy::drill {
namespace {

std::int64_t ms_between(BootTime from, BootTime to) { return to_ms_up(to - from); }

void judge_outcome(const Scene& scene, Verdict& verdict) {
  const BootTime fault = scene.drilled.fault_at.boot;
  const auto not_served = scene.level.first_not_full(fault);
  verdict.interrupted = not_served.has_value();
  verdict.full_at_the_end = scene.level.full_at_the_end();
  std::optional<BootTime> full;
  if (scene.first_new) {
    verdict.outcome = Outcome::fails_over;
    verdict.rto_ms = ms_between(fault, scene.first_new->received.boot);
    full = scene.level.first_full(scene.first_new->received.boot);
  } else {
    verdict.outcome = verdict.interrupted && verdict.full_at_the_end ? Outcome::recovers_in_place
                                                                     : Outcome::holds;
    if (not_served) full = scene.level.first_full(*not_served);
  }
  if (full) verdict.rto_full_ms = ms_between(fault, *full);
}

std::int64_t longest_silence_ms(const Scene& scene) {
  BootTime quiet_since = scene.drilled.fault_at.boot;
  Duration longest{};
  for (const auto& sold : scene.acknowledgements) {
    if (sold.received.boot <= quiet_since) continue;
    longest = std::max(longest, sold.received.boot - quiet_since);
    quiet_since = sold.received.boot;
  }
  return to_ms_up(std::max(longest, scene.last_arrival - quiet_since));
}

void count_fates(const Scene& scene, Verdict& verdict) {
  for (const auto& story : scene.stories) {
    ++verdict.orders;
    if (story.fate == Fate::acknowledged) ++verdict.acked;
    if (story.fate == Fate::refused) ++verdict.refused;
    if (story.fate == Fate::unknown) ++verdict.unknown;
    if (story.fate != Fate::acknowledged && !story.seat) ++verdict.failed;
  }
  verdict.page_reads = static_cast<std::int64_t>(scene.ledger.pages.size());
  verdict.page_errors = std::count_if(scene.ledger.pages.begin(), scene.ledger.pages.end(),
                                      [](const auto& page) { return !page.ok; });
}

void measure_clients(const Scene& scene, Verdict& verdict) {
  Latencies before;
  Latencies all;
  for (const auto& story : scene.stories) {
    if (story.acknowledgements.empty()) continue;
    const BootTime received = story.acknowledgements.front().received.boot;
    all.add(received - story.scheduled.boot);
    if (received <= scene.drilled.fault_at.boot) before.add(received - story.scheduled.boot);
  }
  verdict.latency_p50_ms = to_ms_up(before.at_permille(500));
  verdict.latency_p99_ms = to_ms_up(before.at_permille(990));
  verdict.latency_max_ms = to_ms_up(all.longest());
  verdict.orders_per_second_before = scene.level.per_second_before();
  for (const auto& stall : scene.ledger.stalls) {
    verdict.client_stall_max_ms = std::max(verdict.client_stall_max_ms, to_ms_up(stall.length));
  }
  verdict.ledger_torn = scene.ledger.torn;
}

void judge_overlap(const Scene& scene, Verdict& verdict) {
  if (!scene.first_new) return;
  const auto overlap = scene.last_old.received.boot - scene.first_new->received.boot;
  if (overlap > Duration::zero()) verdict.dual_writer_ms = to_ms_up(overlap);
}

void draw_timeline(const Scene& scene, Verdict& verdict) {
  const BootTime fault = scene.drilled.fault_at.boot;
  verdict.phases = scene.drilled.phases;
  if (scene.first_new) {
    verdict.phases.push_back({"last acknowledgement of " + scene.old.region,
                              ms_between(fault, scene.last_old.received.boot), true});
    verdict.phases.push_back(
        {"first acknowledgement of " + scene.first_new->region, *verdict.rto_ms, true});
  }
  if (verdict.rto_full_ms) verdict.phases.push_back({"full service", *verdict.rto_full_ms, true});
  std::stable_sort(verdict.phases.begin(), verdict.phases.end(),
                   [](const auto& a, const auto& b) { return a.at_ms < b.at_ms; });
}

void require_time(std::string_view name, std::optional<std::int64_t> taken_ms, Duration objective,
                  Verdict& verdict) {
  if (taken_ms && *taken_ms <= to_ms(objective)) return;
  verdict.objectives_missed.push_back(
      taken_ms ? fmt::format("{}: {} ms, objective {} ms", name, *taken_ms, to_ms(objective))
               : fmt::format("{}: never, objective {} ms", name, to_ms(objective)));
}

void judge_objectives(const Scene& scene, Verdict& verdict) {
  const auto& objectives = scene.drilled.objectives;
  auto& missed = verdict.objectives_missed;
  if (verdict.expected == Outcome::fails_over) {
    require_time("rto", verdict.rto_ms, objectives.rto, verdict);
    require_time("rto_full", verdict.rto_full_ms, objectives.rto_full, verdict);
  }
  if (verdict.expected == Outcome::recovers_in_place && verdict.interrupted) {
    require_time("rto_full", verdict.rto_full_ms, objectives.rto_full, verdict);
  }
  if (!verdict.lost_acked && verdict.expected != Outcome::holds) {
    missed.push_back("rpo: losses could not be judged");
  }
  if (verdict.lost_max_age_ms > to_ms(objectives.rpo)) {
    missed.push_back(
        fmt::format("rpo: an order acknowledged {} ms before the end was lost, objective {} ms",
                    verdict.lost_max_age_ms, to_ms(objectives.rpo)));
  }
  if (verdict.duplicate_orders > 0) missed.push_back("orders were duplicated");
  if (verdict.oversold > 0) missed.push_back("seats were sold twice");
  if (verdict.refused_but_present > 0)
    missed.push_back("orders that clients were told had failed were sold");
  if (!verdict.invariants_broken.empty()) missed.push_back("an invariant was broken");
  verdict.objectives_met = missed.empty();
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::fails_over: return "fails over";
    case Outcome::recovers_in_place: return "recovers in place";
    case Outcome::holds: return "holds";
  }
  return "holds";
}

bool Verdict::outcome_as_expected() const {
  switch (expected) {
    case Outcome::fails_over: return outcome == Outcome::fails_over;
    case Outcome::recovers_in_place: return outcome != Outcome::fails_over && full_at_the_end;
    case Outcome::holds: return outcome != Outcome::fails_over;
  }
  return false;
}

bool Verdict::passed() const {
  return outcome_as_expected() && objectives_met && invariants_broken.empty();
}

Result<Verdict> judge(const Case& drilled, const Ledger& ledger,
                      const std::vector<DatabaseView>& databases) {
  auto scene = set_scene(drilled, ledger, databases);
  if (!scene) return scene.error();
  Verdict verdict;
  verdict.fault = drilled.fault;
  verdict.expected = drilled.expected;
  judge_outcome(*scene, verdict);
  verdict.longest_silence_ms = longest_silence_ms(*scene);
  count_fates(*scene, verdict);
  measure_clients(*scene, verdict);
  judge_overlap(*scene, verdict);
  judge_sales(*scene, verdict);
  judge_invariants(*scene, verdict);
  draw_timeline(*scene, verdict);
  judge_objectives(*scene, verdict);
  return verdict;
}

}  // namespace understudy::drill
