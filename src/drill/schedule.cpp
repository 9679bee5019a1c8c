#include "drill/schedule.h"

#include <cmath>

#include "base/ensure.h"

namespace understudy::drill {

Schedule::Schedule(unsigned per_second, Arrivals arrivals, std::uint64_t seed)
    : per_second_(per_second), arrivals_(arrivals), random_(seed) {
  if (!silent() && arrivals_ == Arrivals::poisson) next_ = after_gap(Duration::zero());
}

Duration Schedule::next() const {
  ensure(!silent(), "a silent schedule has no next arrival");
  return next_;
}

void Schedule::take() {
  ensure(!silent(), "a silent schedule has nothing to take");
  ++taken_;
  if (arrivals_ == Arrivals::poisson) {
    next_ = after_gap(next_);
    return;
  }
  // From the count, not by adding up rounded gaps: no drift over a soak of hours.
  const std::uint64_t seconds = taken_ / per_second_;
  const std::uint64_t rest = taken_ % per_second_;
  next_ = std::chrono::seconds(seconds) + Duration(rest * 1'000'000'000 / per_second_);
}

Duration Schedule::after_gap(Duration from) {
  // 53 random bits as a number in (0, 1]: std::exponential_distribution differs between libraries.
  const double uniform = static_cast<double>((random_() >> 11) + 1) * 0x1.0p-53;
  const double gap = -std::log(uniform) / per_second_;
  return from + Duration(static_cast<std::int64_t>(gap * 1e9));
}

}  // namespace understudy::drill
