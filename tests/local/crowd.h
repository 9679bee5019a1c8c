#pragma once
// Many clients at once, each with one order on a connection of its own.

#include <chrono>
#include <string>
#include <vector>

#include "base/time.h"
#include "local/layout.h"

namespace understudy {

/// What one of them was told, and how long that took; status 0: nothing.
struct Told {
  unsigned status = 0;
  std::string head;
  milliseconds after{0};
};

struct CrowdPlan {
  unsigned count = 0;
  unsigned a_second = 0;
  milliseconds patience{100'000};  ///< of each, before it hangs up
};

/// POSTs /order/0, /order/1 and so on with a short body, at a steady rate, and returns when the
/// last was answered: in order. One thread, whatever the number.
[[nodiscard]] std::vector<Told> order_in_a_crowd(const Endpoint& at, const CrowdPlan& plan);

/// How many were told `status`.
[[nodiscard]] unsigned count_told(const std::vector<Told>& all, unsigned status);
[[nodiscard]] milliseconds longest(const std::vector<Told>& all);
/// "1195 x 200, 5 x 503; longest 1403 ms, half within 15 ms"
[[nodiscard]] std::string summary(const std::vector<Told>& all);

}  // namespace understudy
