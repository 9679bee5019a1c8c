#include "simulation/campaign.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "base/ensure.h"

namespace understudy::simulation {

namespace {

constexpr std::uint64_t kBatch = 64;
constexpr std::size_t kFailuresKept = 100;
/// One seed in so many is run twice.
constexpr std::uint64_t kRunTwice = 499;

/// The outcome, or that it is another each time.
Outcome run_and_compare(const Plan& plan, const Composition& product, bool twice) {
  Outcome outcome = run_history(plan, product, false);
  if (!twice) return outcome;
  const Outcome again = run_history(plan, product, false);
  if (again.digest != outcome.digest || again.fingerprint != outcome.fingerprint)
    outcome.violations.push_back({"determinism", "a second run went another way", {}});
  return outcome;
}

/// Threads come in any order: of equally slow ones the first seed counts.
void note_convergence(CampaignResult& whole, std::uint64_t seed, Duration took) {
  auto& all = whole.converged_in;
  const bool slower = all.empty() || took > all.rbegin()->first;
  const bool as_slow = !slower && took == all.rbegin()->first;
  if (slower || (as_slow && seed < whole.slowest_seed)) whole.slowest_seed = seed;
  ++all[took];
}

/// What one batch of seeds came to, added to the whole under a lock.
void add(CampaignResult& whole, std::uint64_t from, std::uint64_t seed, const Outcome& outcome) {
  ++whole.histories;
  whole.failovers += outcome.failed_over ? 1 : 0;
  whole.events += outcome.events;
  for (std::size_t mark = 0; mark < whole.reached.size(); ++mark)
    whole.reached[mark] += outcome.marks.test(mark) ? 1 : 0;
  if (outcome.converged_in) note_convergence(whole, seed, *outcome.converged_in);
  if (outcome.ok()) return;
  ++whole.failed;
  const bool seen = !outcome.violations.empty();
  if (seen) {
    const std::uint64_t after = seed - from + 1;
    whole.caught_after = std::min(whole.caught_after.value_or(after), after);
  }
  const std::string what =
      seen ? outcome.violations.front().invariant + ": " + outcome.violations.front().what
           : *outcome.assertion;
  if (whole.failures.size() < kFailuresKept) whole.failures.push_back({seed, what, !seen});
}

}  // namespace

Duration within_which(const std::map<Duration, std::uint64_t>& converged_in, double share) {
  std::uint64_t all = 0;
  for (const auto& [took, histories] : converged_in) all += histories;
  ensure(all > 0, "a history converged");
  std::uint64_t reached = 0;
  for (const auto& [took, histories] : converged_in) {
    reached += histories;
    if (static_cast<double>(reached) >= share * static_cast<double>(all)) return took;
  }
  return converged_in.rbegin()->first;
}

CampaignResult run_campaign(const CampaignOptions& options,
                            const std::function<void(const CampaignResult&)>& progress) {
  CampaignResult result;
  std::mutex lock;
  std::atomic<std::uint64_t> next{options.from};
  std::atomic<bool> stop{false};
  const std::uint64_t end = options.from + options.seeds;
  const auto work = [&] {
    while (!stop) {
      const std::uint64_t first = next.fetch_add(kBatch);
      if (first >= end) return;
      for (std::uint64_t seed = first; seed < std::min(first + kBatch, end) && !stop; ++seed) {
        const bool twice = seed % kRunTwice == 0;
        const Outcome outcome =
            run_and_compare(draw_plan(seed, options.profile), options.product, twice);
        const std::lock_guard held(lock);
        result.run_twice += twice ? 1 : 0;
        add(result, options.from, seed, outcome);
        if (options.first_violation_only && !outcome.violations.empty()) stop = true;
      }
      const std::lock_guard held(lock);
      if (progress) progress(result);
    }
  };
  std::vector<std::thread> workers;
  for (unsigned job = 1; job < options.jobs; ++job) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  std::sort(result.failures.begin(), result.failures.end(),
            [](const Failure& a, const Failure& b) { return a.seed < b.seed; });
  return result;
}

DetectionResult study_detection(const DetectionSettings& settings, std::uint64_t histories) {
  DetectionResult result;
  for (std::uint64_t seed = 1; seed <= histories; ++seed) {
    const Outcome lived = run_history(draw_detection_plan(seed, settings, false), whole(), false);
    ++result.lived;
    result.left_though_well += lived.first_revoked ? 1 : 0;
    const Plan plan = draw_detection_plan(seed, settings, true);
    const Outcome died = run_history(plan, whole(), false);
    const TrueTime fault = plan.faults.front().at;
    if (died.first_revoked && *died.first_revoked >= fault) {
      result.detected_in.push_back(*died.first_revoked - fault);
    } else {
      ++result.never_detected;
    }
  }
  std::sort(result.detected_in.begin(), result.detected_in.end());
  return result;
}

Plan shrunk(Plan plan, const Composition& product) {
  bool smaller = true;
  while (smaller) {
    smaller = false;
    for (std::size_t at = 0; at < plan.faults.size(); ++at) {
      Plan without = plan;
      without.faults.erase(without.faults.begin() + static_cast<std::ptrdiff_t>(at));
      if (run_history(without, product, false).ok()) continue;
      plan = std::move(without);
      smaller = true;
      break;
    }
  }
  return plan;
}

}  // namespace understudy::simulation
