#pragma once
// Retry and Catch: which errors they take, and how long a retry waits.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "states/failure.h"
#include "states/random.h"

namespace understudy::states {

/// True if one of the names takes the failure; States.ALL and States.TaskFailed are wildcards with
/// the exceptions that Step Functions makes.
[[nodiscard]] bool takes(const std::vector<std::string>& names, const Failure& failure);

struct Retrier {
  std::vector<std::string> errors;
  std::int64_t interval_s = 1;
  std::int64_t attempts_max = 3;
  double backoff_rate = 2.0;
  std::optional<std::int64_t> delay_max_s;
  bool full_jitter = false;

  /// How long to wait before retry number `retry` (0 is the first).
  [[nodiscard]] std::chrono::milliseconds delay(std::int64_t retry, Random& random) const;
};

}  // namespace understudy::states
