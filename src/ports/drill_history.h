#pragma once
// What came of the drills of this platform: the only evidence of how long a failover takes.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace understudy {

struct PastDrill {
  WallTime at{};  ///< when the fault was done
  std::string fault;
  bool passed = false;
  std::optional<std::int64_t> rto_ms;       ///< none: nothing failed over
  std::optional<std::int64_t> rto_full_ms;  ///< none: service was never full again
  std::string platform_digest;              ///< of what was drilled: see platform_digest()
  bool operator==(const PastDrill&) const = default;
};

/// Thread-safe.
class DrillHistory {
 public:
  virtual ~DrillHistory() = default;
  /// Oldest first; empty if there was none.
  [[nodiscard]] virtual Result<std::vector<PastDrill>> past() = 0;
};

}  // namespace understudy
