#pragma once
// One history from its plan to its end.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "simulation/chronicle.h"
#include "simulation/plan.h"
#include "simulation/sabotage.h"

namespace understudy::simulation {

struct Outcome {
  std::vector<Violation> violations;
  /// An assertion of the product that stopped it: reported, and no proof of anything by itself.
  std::optional<std::string> assertion;
  Marks marks;
  std::uint64_t digest = 0;       ///< of all events in their order
  std::uint64_t fingerprint = 0;  ///< of the generator at the end
  std::uint64_t events = 0;
  Duration length{};                     ///< in virtual time
  std::optional<Duration> converged_in;  ///< after the healing
  std::vector<Chronicle::Line> story;    ///< if it was told
  bool failed_over = false;
  std::optional<TrueTime> first_revoked;  ///< when the active region was left; none if it never was

  [[nodiscard]] bool ok() const { return violations.empty() && !assertion; }
};

/// Runs it on the calling thread. The same plan and product give the same outcome.
[[nodiscard]] Outcome run_history(const Plan& plan, const Composition& product, bool told);

}  // namespace understudy::simulation
