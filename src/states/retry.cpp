#include "states/retry.h"

#include <algorithm>
#include <cmath>

namespace understudy::states {

bool takes(const std::vector<std::string>& names, const Failure& failure) {
  const auto error = failure.error.value_or("");
  return std::ranges::any_of(names, [&](const std::string& name) {
    if (name == "States.ALL") return error != "States.Runtime";
    if (name == "States.HeartbeatTimeout") return failure.heartbeat;
    if (name == "States.TaskFailed") {
      return error != "States.Timeout" && error != "States.Runtime";
    }
    return failure.error == name;
  });
}

std::chrono::milliseconds Retrier::delay(std::int64_t retry, Random& random) const {
  constexpr double kLongest = 31'622'400;  // Step Functions' own limit: 366 days
  double seconds =
      static_cast<double>(interval_s) * std::pow(backoff_rate, static_cast<double>(retry));
  if (delay_max_s) seconds = std::min(seconds, static_cast<double>(*delay_max_s));
  const auto longest = std::llround(std::min(seconds, kLongest) * 1000.0);
  if (!full_jitter || longest == 0) return std::chrono::milliseconds(longest);
  return std::chrono::milliseconds(random.below(static_cast<std::uint64_t>(longest) + 1));
}

}  // namespace understudy::states
