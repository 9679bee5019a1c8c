#pragma once
// The second grantor of the writer lease, as the holder sees it: the standby's agent.

#include <cstdint>

#include "base/result.h"
#include "base/time.h"

namespace understudy {

/// Thread-safe.
class Grantor {
 public:
  virtual ~Grantor() = default;
  /// R4. Success promises the holder of `term`: my database is not promoted before ttl + margin
  /// have passed on my clock. Error, unchanged_final: not in this term, or not by a region whose
  /// database is no standby.
  [[nodiscard]] virtual Result<Done> extend(std::uint64_t term, BootTime deadline) = 0;
};

}  // namespace understudy
