#include "drill/invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace understudy::drill {
namespace {

using Broken = std::vector<BrokenInvariant>;

/// I1: at most one region acknowledges application writes at any instant.
void judge_one_writer(const Scene& scene, const Verdict& verdict, Broken& broken) {
  if (verdict.dual_writer_ms > 0) {
    broken.push_back(
        {"I1",
         fmt::format("{} acknowledged order {} ({}) {} ms after {} had acknowledged its first",
                     scene.last_old.region, scene.last_old.order, scene.last_old.key,
                     verdict.dual_writer_ms, scene.first_new->region)});
  }
  // The fence must refuse these before they commit; that nobody heard of them was luck. One that
  // was written before and was past that check already may still commit unheard: it is only
  // counted.
  const auto promoted_at = scene.promoted_at();
  if (!promoted_at) return;
  std::set<std::string> late;
  for (const auto& view : scene.databases) {
    for (const auto& row : view.orders) {
      if (!scene.is_new({row.epoch, row.region}) && row.written_at > *promoted_at)
        late.insert(row.key);
    }
  }
  if (!late.empty()) {
    broken.push_back(
        {"I1", fmt::format("{} wrote and committed {} orders after {} had begun to write",
                           scene.old.region, late.size(), scene.first_new->region)});
  }
}

/// The ticks of one region in one epoch.
struct CronRun {
  WallTime first = WallTime::max();
  WallTime last = WallTime::min();
};

void compare_runs(const std::map<std::pair<std::int64_t, std::string>, CronRun>& runs,
                  Broken& broken) {
  for (auto one = runs.begin(); one != runs.end(); ++one) {
    for (auto other = std::next(one); other != runs.end(); ++other) {
      const bool same_region = one->first.second == other->first.second;
      const auto overlap = std::min(one->second.last, other->second.last) -
                           std::max(one->second.first, other->second.first);
      if (same_region || overlap < Duration::zero()) continue;
      broken.push_back({"I2", fmt::format("cron ran in {} and in {} for {} ms at once",
                                          one->first.second, other->first.second, to_ms(overlap))});
    }
  }
}

/// I2: at most one region runs cron. A second that two regions worked off counts as well, however
/// far apart: its work was done twice.
void judge_one_cron(const Scene& scene, Broken& broken) {
  std::map<std::pair<std::int64_t, std::string>, CronRun> runs;
  std::map<std::int64_t, std::set<std::string>> workers;
  for (const auto& view : scene.databases) {
    for (const auto& tick : view.ticks) {
      auto& run = runs[{tick.epoch, tick.region}];
      run.first = std::min(run.first, tick.at);
      run.last = std::max(run.last, tick.at);
      workers[tick.second].insert(tick.region);
    }
  }
  compare_runs(runs, broken);
  const auto twice = std::count_if(workers.begin(), workers.end(),
                                   [](const auto& entry) { return entry.second.size() > 1; });
  if (twice > 0) {
    broken.push_back({"I2", fmt::format("cron did the work of {} seconds in both regions", twice)});
  }
}

/// I3: an acknowledged write older than the lag budget is never lost, unless a person went on.
void judge_loss(const Scene& scene, const Verdict& verdict, Broken& broken) {
  const auto budget_ms = to_ms(scene.drilled.lag_budget);
  if (verdict.lost_max_age_ms <= budget_ms || scene.drilled.operator_forced_loss) return;
  const auto older = std::count_if(verdict.lost.begin(), verdict.lost.end(),
                                   [&](const auto& lost) { return lost.age_ms > budget_ms; });
  broken.push_back(
      {"I3", fmt::format("{} lost orders were older than the budget of {} ms, the oldest {} ms",
                         older, budget_ms, verdict.lost_max_age_ms)});
}

/// I4: each epoch has one active region. That epochs only grow is seen with I1.
void judge_epochs(const Scene& scene, Broken& broken) {
  std::map<std::int64_t, std::set<std::string>> regions;
  for (const auto& sold : scene.acknowledgements) regions[sold.epoch].insert(sold.region);
  for (const auto& view : scene.databases) {
    for (const auto& row : view.orders) regions[row.epoch].insert(row.region);
    for (const auto& tick : view.ticks) regions[tick.epoch].insert(tick.region);
  }
  for (const auto& [epoch, names] : regions) {
    if (epoch == 0 || names.size() < 2) continue;
    broken.push_back({"I4", fmt::format("{} and {} both wrote in epoch {}", *names.begin(),
                                        *std::next(names.begin()), epoch)});
  }
}

/// I6: nothing fails back without an operator's confirmation.
void judge_failback(const Scene& scene, Broken& broken) {
  if (!scene.first_new || scene.drilled.operator_confirmed_failback) return;
  for (const auto& sold : scene.acknowledgements) {
    if (sold.epoch <= scene.first_new->epoch || sold.region != scene.old.region) continue;
    broken.push_back({"I6", fmt::format("{} came back in epoch {} with nobody's confirmation",
                                        sold.region, sold.epoch)});
    return;
  }
}

}  // namespace

void judge_invariants(const Scene& scene, Verdict& verdict) {
  auto& broken = verdict.invariants_broken;
  judge_one_writer(scene, verdict, broken);
  judge_one_cron(scene, broken);
  judge_loss(scene, verdict, broken);
  judge_epochs(scene, broken);
  judge_failback(scene, broken);
  if (scene.drilled.only_witness_or_standby_lost &&
      (verdict.interrupted || verdict.failed > 0 || scene.first_new)) {
    broken.push_back({"I7", fmt::format("the active region's service suffered: {} orders failed",
                                        verdict.failed)});
  }
  if (!scene.drilled.majority_sees_primary_down && scene.first_new) {
    broken.push_back({"I9", scene.first_new->region + " took over without a majority"});
  }
  for (const char* unseen : {"I5", "I8", "I10"}) {
    verdict.not_judged.push_back(std::string(unseen) + ": clients and databases cannot see it");
  }
}

}  // namespace understudy::drill
