#pragma once
// Many seeds: on all cores, with what they reached and what they broke.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulation/history.h"

namespace understudy::simulation {

struct CampaignOptions {
  std::uint64_t from = 1;
  std::uint64_t seeds = 1000;
  unsigned jobs = 1;
  Profile profile = Profile::everything;
  Composition product = whole();
  /// Stop at the first seed that breaks a promise.
  bool first_violation_only = false;
};

struct Failure {
  std::uint64_t seed = 0;
  std::string what;
  bool assertion = false;  ///< the product's own, not an observer's
};

struct CampaignResult {
  std::uint64_t histories = 0;
  std::uint64_t failovers = 0;
  std::uint64_t events = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(Mark::kCount)> reached{};
  std::vector<Failure> failures;  ///< by seed; at most the first hundred
  std::uint64_t failed = 0;
  std::uint64_t run_twice = 0;  ///< a sample, to see that both runs end alike
  /// How many converged in which time after the healing. Convergence is looked for every 100 ms:
  /// this stays small, however many the histories.
  std::map<Duration, std::uint64_t> converged_in;
  std::uint64_t slowest_seed = 0;  ///< the first of those as slow; 0: none converged
  /// Of the first violation that an observer saw, counted from `from`; none if there was none.
  std::optional<std::uint64_t> caught_after;
};

/// The time within which that share of the histories converged. Requires: one did.
[[nodiscard]] Duration within_which(const std::map<Duration, std::uint64_t>& converged_in,
                                    double share);

/// `progress` is called now and then, from one thread at a time.
[[nodiscard]] CampaignResult run_campaign(
    const CampaignOptions& options, const std::function<void(const CampaignResult&)>& progress);

/// What some settings of the probes come to, over many histories.
struct DetectionResult {
  std::uint64_t lived = 0;             ///< histories of half a minute in which the region was well
  std::uint64_t left_though_well = 0;  ///< of those
  std::vector<Duration> detected_in;  ///< death to revocation, sorted; of each history with a death
  std::uint64_t never_detected = 0;   ///< within the history
};
[[nodiscard]] DetectionResult study_detection(const DetectionSettings& settings,
                                              std::uint64_t histories);

/// The same plan with as few faults as still break a promise. Requires: it breaks one.
[[nodiscard]] Plan shrunk(Plan plan, const Composition& product);

}  // namespace understudy::simulation
