#pragma once
// When buyers come: decided by rate and seed alone, never by how fast they are served.

#include <cstdint>
#include <random>

#include "base/time.h"

namespace understudy::drill {

enum class Arrivals : std::uint8_t {
  even,     ///< one every 1/rate
  poisson,  ///< independent buyers: gaps are exponential with the same mean
};

/// The arrival times of one stream, one after the other, as offsets from its start. The same rate,
/// kind and seed give the same times. A rate of 0 never comes: test with `silent()` first.
class Schedule {
 public:
  Schedule(unsigned per_second, Arrivals arrivals, std::uint64_t seed);

  [[nodiscard]] bool silent() const { return per_second_ == 0; }
  /// The next arrival that has not been taken. Requires: not silent().
  [[nodiscard]] Duration next() const;
  /// Goes on to the one after. Requires: not silent().
  void take();

 private:
  Duration after_gap(Duration from);

  unsigned per_second_;
  Arrivals arrivals_;
  std::mt19937_64 random_;
  std::uint64_t taken_ = 0;
  Duration next_{};
};

}  // namespace understudy::drill
