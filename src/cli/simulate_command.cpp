#include "cli/simulate_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "cli/commands.h"
#include "simulation/campaign.h"

namespace understudy {

using namespace simulation;

namespace {

unsigned jobs_of(const SimulateWords& words) {
  return words.jobs != 0 ? words.jobs : std::max(1U, std::thread::hardware_concurrency());
}

void print_story(const Outcome& outcome) {
  for (const auto& line : outcome.story)
    fmt::print("{:>10.3f} ms  {}\n", static_cast<double>(line.at.time_since_epoch().count()) / 1e6,
               line.text);
}

void print_settings(const Plan& plan) {
  const LeaseTiming& lease = plan.topology.lease;
  fmt::print("seed {}: ttl {} ms, lag budget {} ms, {} replication, links {}–{} µs\n", plan.seed,
             to_ms(lease.ttl), to_ms(plan.topology.policy.lag_budget),
             to_string(plan.topology.database.replication), plan.link_least.count() / 1000,
             plan.link_most.count() / 1000);
  for (const Fault& fault : plan.faults) fmt::print("  {}\n", describe(fault, plan));
}

int print_verdict(const Outcome& outcome) {
  for (const Violation& broken : outcome.violations)
    fmt::print("BROKEN {}: {} (at {} ms)\n", broken.invariant, broken.what,
               to_ms(broken.at.time_since_epoch()));
  if (outcome.assertion) fmt::print("ASSERTION {}\n", *outcome.assertion);
  if (outcome.ok())
    fmt::print("no promise broken; {} events, {:.1f} s of virtual time\n", outcome.events,
               static_cast<double>(outcome.length.count()) / 1e9);
  return outcome.ok() ? 0 : 1;
}

Exit one_seed(const SimulateWords& words, Profile profile) {
  const Sabotage* sabotage = find_sabotage(words.sabotage);
  const Composition product = sabotage != nullptr ? sabotaged(*sabotage) : whole();
  Plan plan = draw_plan(words.seed, profile);
  if (words.shrink && !run_history(plan, product, false).ok()) plan = shrunk(plan, product);
  print_settings(plan);
  const Outcome outcome = run_history(plan, product, words.trace);
  print_story(outcome);
  return print_verdict(outcome) == 0 ? Exit::ok : Exit::no;
}

void print_convergence(const CampaignResult& result) {
  const auto& all = result.converged_in;
  if (all.empty()) return;
  fmt::print(
      "converged after the healing: median {} ms, p99 {} ms, at the slowest {} ms (seed {})\n",
      to_ms(within_which(all, 0.5)), to_ms(within_which(all, 0.99)), to_ms(all.rbegin()->first),
      result.slowest_seed);
}

void print_result(const CampaignResult& result, double seconds, Profile profile,
                  const SimulateWords& words) {
  fmt::print("{} histories, {} failovers, {:.0f} histories/s, {:.0f} events a history\n",
             result.histories, result.failovers, static_cast<double>(result.histories) / seconds,
             static_cast<double>(result.events) / static_cast<double>(result.histories));
  print_convergence(result);
  if (profile == Profile::everything) {
    for (std::size_t mark = 0; mark < result.reached.size(); ++mark)
      fmt::print("  reached {:<40} {}\n", to_string(static_cast<Mark>(mark)), result.reached[mark]);
  }
  for (std::size_t at = 0; at < std::min<std::size_t>(result.failures.size(), 20); ++at) {
    const Failure& failure = result.failures[at];
    fmt::print("{} seed {}: {}\n    understudy simulate --profile {} --seed {} --trace\n",
               failure.assertion ? "ASSERTION" : "BROKEN", failure.seed, failure.what,
               words.profile, failure.seed);
  }
  fmt::print("{} run twice, to see that they end alike\n", result.run_twice);
  fmt::print("{} of {} seeds failed\n", result.failed, result.histories);
}

/// In a long run every rare branch must have been reached: else it proves less than it seems to.
unsigned never_reached(const CampaignResult& result) {
  unsigned missing = 0;
  for (std::size_t mark = 0; mark < result.reached.size(); ++mark) {
    if (result.reached[mark] != 0) continue;
    fmt::print("NEVER REACHED {}\n", to_string(static_cast<Mark>(mark)));
    ++missing;
  }
  return missing;
}

/// How many seeds it takes, from several starting points, until an observer sees it. Empty: it was
/// not seen from one of them.
std::vector<std::uint64_t> seeds_until_caught(const Sabotage& sabotage, const SimulateWords& words,
                                              Profile profile) {
  constexpr unsigned kStarts = 20;
  std::vector<std::uint64_t> taken;
  for (unsigned start = 0; start < kStarts; ++start) {
    const CampaignOptions options{.from = words.from + start * 1'000'000,
                                  .seeds = words.seeds,
                                  .jobs = jobs_of(words),
                                  .profile = profile,
                                  .product = sabotaged(sabotage),
                                  .first_violation_only = true};
    const auto caught = run_campaign(options, nullptr).caught_after;
    if (!caught) return {};
    taken.push_back(*caught);
  }
  std::sort(taken.begin(), taken.end());
  return taken;
}

/// One that another guard holds: nothing is seen in a tenth of the seeds. True if so.
bool holds(const Sabotage& sabotage, const SimulateWords& words, Profile profile) {
  const CampaignOptions options{.from = words.from,
                                .seeds = std::max<std::uint64_t>(words.seeds / 10, 1),
                                .jobs = jobs_of(words),
                                .profile = profile,
                                .product = sabotaged(sabotage)};
  return run_campaign(options, nullptr).failed == 0;
}

/// True if it came out as it should. Prints its line.
bool print_sabotage(const Sabotage& sabotage, const SimulateWords& words, Profile profile) {
  std::string result;
  bool as_expected = true;
  if (!sabotage.held_by.empty()) {
    as_expected = holds(sabotage, words, profile);
    result = as_expected ? "held" : "NOT HELD";
  } else {
    const auto taken = seeds_until_caught(sabotage, words, profile);
    as_expected = !taken.empty();
    result = as_expected ? std::to_string(taken[taken.size() / 2]) : "NOT CAUGHT";
  }
  fmt::print("{:<24} {:>12}  {}{}{}\n", sabotage.name, result, sabotage.what,
             sabotage.held_by.empty() ? "" : "; held by ", sabotage.held_by);
  std::fflush(stdout);
  return as_expected;
}

Exit sabotage_all(const SimulateWords& words, Profile profile) {
  unsigned wrong = 0;
  fmt::print("{:<24} {:>12}  {}\n", "sabotage", "median seeds", "what");
  for (const Sabotage& sabotage : all_sabotages()) {
    if (words.sabotage != "all" && words.sabotage != sabotage.name) continue;
    wrong += print_sabotage(sabotage, words, profile) ? 0 : 1;
  }
  fmt::print("{}\n", wrong == 0 ? "all as expected: each was caught by an observer outside the "
                                  "product, but for those that a second guard holds"
                                : fmt::format("{} not as expected", wrong));
  return wrong == 0 ? Exit::ok : Exit::no;
}

/// One line for each setting of the probes and each share of messages lost. See docs/detection.md.
Exit print_detection(std::uint64_t histories) {
  fmt::print(
      "interval_ms,failures,loss_percent,histories,left_though_well_percent,detected_p50_ms,"
      "detected_p90_ms,detected_p99_ms,never_detected\n");
  for (const int interval : {100, 200, 400}) {
    for (const unsigned failures : {2U, 3U, 4U}) {
      for (const std::uint32_t loss_percent : {0U, 1U, 3U, 10U, 20U}) {
        const DetectionResult result =
            study_detection({milliseconds(interval), failures, loss_percent * 10'000}, histories);
        const auto quantile = [&](double share) {
          const auto& all = result.detected_in;
          if (all.empty()) return std::int64_t{-1};
          return to_ms(all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))]);
        };
        fmt::print("{},{},{},{},{:.2f},{},{},{},{}\n", interval, failures, loss_percent,
                   result.lived,
                   100.0 * static_cast<double>(result.left_though_well) /
                       static_cast<double>(result.lived),
                   quantile(0.5), quantile(0.9), quantile(0.99), result.never_detected);
        std::fflush(stdout);
      }
    }
  }
  return Exit::ok;
}

Exit list_sabotages() {
  for (const Sabotage& sabotage : all_sabotages())
    fmt::print("{:<26} {}\n", sabotage.name, sabotage.what);
  return Exit::ok;
}

}  // namespace

Exit simulate_command(const SimulateWords& words) {
  const auto profile = profile_from(words.profile);
  if (!profile)
    return fail("simulate",
                fmt::format("no profile named \"{}\"; there are everything, failover "
                            "and quiet",
                            words.profile),
                Exit::usage);
  if (words.detection) return print_detection(words.seeds);
  if (words.sabotage == "list") return list_sabotages();
  if (!words.sabotage.empty() && words.sabotage != "all" &&
      find_sabotage(words.sabotage) == nullptr)
    return fail("simulate", "no sabotage named \"" + words.sabotage + "\"; see --sabotage list",
                Exit::usage);
  if (words.seed != 0) return one_seed(words, *profile);
  if (!words.sabotage.empty()) return sabotage_all(words, *profile);
  CampaignOptions options;
  options.from = words.from;
  options.seeds = words.seeds;
  options.jobs = jobs_of(words);
  options.profile = *profile;
  const auto began = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  double shown = 0;
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const CampaignResult result = run_campaign(options, [&](const CampaignResult& so_far) {
    if (!terminal || elapsed() - shown < 1) return;
    shown = elapsed();
    fmt::print(stderr, "\r{} of {} histories, {} failed, {:.0f}/s ", so_far.histories,
               options.seeds, so_far.failed, static_cast<double>(so_far.histories) / shown);
  });
  if (terminal) fmt::print(stderr, "\r\033[K");
  print_result(result, elapsed(), *profile, words);
  constexpr std::uint64_t kLongRun = 50'000;
  const bool must_reach_all = *profile == Profile::everything && result.histories >= kLongRun;
  const unsigned missing = must_reach_all ? never_reached(result) : 0;
  return result.failed == 0 && missing == 0 ? Exit::ok : Exit::no;
}

}  // namespace understudy
