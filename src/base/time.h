#pragma once
// Two kinds of time that do not mix: boot time for lengths and promises, wall time for people.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace understudy {

using Duration = std::chrono::nanoseconds;
using std::chrono::milliseconds;

/// CLOCK_BOOTTIME: counts suspension, never jumps, means nothing on another host or after a reboot.
struct BootClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};
using BootTime = BootClock::time_point;

/// The wall clock (UTC): for people, for comparing hosts, and as a second judge of a lease. May
/// jump.
struct WallClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<WallClock>;
  static constexpr bool is_steady = false;
};
using WallTime = WallClock::time_point;

/// RFC 3339 in UTC with milliseconds: "2026-11-23T13:20:11.123Z". Rounds down.
[[nodiscard]] std::string format_wall(WallTime time);

/// Reads RFC 3339 with any fraction and any offset. None if it is not such a text, or so far away
/// (before 1679, after 2261) that a WallTime cannot hold it.
[[nodiscard]] std::optional<WallTime> parse_wall(std::string_view text);

/// Whole milliseconds, rounded down: for JSON fields that end in _ms.
[[nodiscard]] constexpr std::int64_t to_ms(Duration length) {
  return std::chrono::floor<milliseconds>(length).count();
}

}  // namespace understudy
