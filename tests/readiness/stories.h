#pragma once
// A platform of which nothing is wrong, and situations in which one thing is.

#include <functional>
#include <string>
#include <vector>

#include "readiness/readiness.h"

namespace understudy::fake {

/// two_regions(), with an API, pages behind the CDN, and secrets.
[[nodiscard]] Topology ready_platform();

/// Its wall time.
inline constexpr WallTime kReadyAt{std::chrono::seconds(1'800'000'000)};

/// All is well: north is active, south stands by.
[[nodiscard]] ReadinessFacts ready_facts(const Topology& topology);

/// A drill region-kill that passed.
[[nodiscard]] PastDrill past_drill(Duration ago, std::int64_t rto_ms);

struct ReadinessStory {
  std::string what;
  int id;  ///< of the question that it is the answer to
  Severity severity;
  std::function<void(ReadinessFacts&)> change;
  std::string cause;  ///< a part of it
};
[[nodiscard]] std::vector<ReadinessStory> readiness_stories();

[[nodiscard]] inline RegionFacts& north(ReadinessFacts& facts) { return facts.regions.at("north"); }
[[nodiscard]] inline RegionFacts& south(ReadinessFacts& facts) { return facts.regions.at("south"); }
/// Requires: it is there.
[[nodiscard]] DatabaseState& database_of(RegionFacts& region);
[[nodiscard]] ServiceState& service_of(RegionFacts& region, const std::string& name);
[[nodiscard]] ServiceConfiguration& configuration_of(RegionFacts& region, const std::string& name);

}  // namespace understudy::fake
