#pragma once
// A moment as a client on this machine knows it, by both clocks.

#include "base/time.h"

namespace understudy::drill {

/// Boot time for every length in a verdict; wall time for comparing with a database's commit times.
struct Instant {
  BootTime boot{};
  WallTime wall{};
};

/// Both clocks, read one right after the other. Thread-safe.
[[nodiscard]] Instant read_clocks();

/// The same shift on both clocks.
[[nodiscard]] constexpr Instant operator+(Instant at, Duration by) {
  return Instant{at.boot + by, at.wall + by};
}

/// Whole milliseconds, rounded up: a verdict understates nothing.
[[nodiscard]] constexpr std::int64_t to_ms_up(Duration length) {
  return std::chrono::ceil<milliseconds>(length).count();
}

}  // namespace understudy::drill
