#pragma once
// Latencies, kept exactly: a drill has some ten thousand of them, so no buckets are needed.

#include <cstddef>
#include <vector>

#include "base/time.h"

namespace understudy::drill {

/// Not thread-safe.
class Latencies {
 public:
  void add(Duration latency);
  [[nodiscard]] std::size_t count() const { return all_.size(); }
  /// The smallest latency that at least `permille` of 1000 do not exceed; zero if there are none.
  /// Requires: permille <= 1000.
  [[nodiscard]] Duration at_permille(unsigned permille) const;
  [[nodiscard]] Duration longest() const { return at_permille(1000); }
  /// How many are at least that long.
  [[nodiscard]] std::size_t count_from(Duration latency) const;

 private:
  void sort() const;
  mutable std::vector<Duration> all_;
  mutable bool sorted_ = true;
};

}  // namespace understudy::drill
