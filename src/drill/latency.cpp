#include "drill/latency.h"

#include <algorithm>

#include "base/ensure.h"

namespace understudy::drill {

void Latencies::add(Duration latency) {
  all_.push_back(latency);
  sorted_ = false;
}

void Latencies::sort() const {
  if (!sorted_) std::sort(all_.begin(), all_.end());
  sorted_ = true;
}

Duration Latencies::at_permille(unsigned permille) const {
  ensure(permille <= 1000, "a share of a whole is at most 1000 in 1000");
  if (all_.empty()) return Duration::zero();
  sort();
  const auto rank = (all_.size() * permille + 999) / 1000;
  return all_[std::max<std::size_t>(rank, 1) - 1];
}

std::size_t Latencies::count_from(Duration latency) const {
  sort();
  return static_cast<std::size_t>(
      std::distance(std::lower_bound(all_.begin(), all_.end(), latency), all_.end()));
}

}  // namespace understudy::drill
