#pragma once
// True time, which no clock in a simulated world shows exactly.

#include "base/time.h"

namespace understudy::simulation {

/// Since the history began.
struct TrueClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<TrueClock>;
  static constexpr bool is_steady = true;
};
using TrueTime = TrueClock::time_point;

}  // namespace understudy::simulation
