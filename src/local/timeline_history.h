#pragma once
// Which histories of a PostgreSQL cluster part where. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ports/database.h"

namespace understudy {

/// One timeline of a history: from where it was promoted until the next one left it.
struct TimelinePiece {
  std::uint64_t timeline = 0;
  WalPosition begin = 0;
  std::optional<WalPosition> end;  ///< none: it goes on
  bool operator==(const TimelinePiece&) const = default;
};
using TimelineHistory = std::vector<TimelinePiece>;

/// "0/17B2A80" as a number; none if it is not one.
[[nodiscard]] std::optional<WalPosition> parse_wal_position(std::string_view text);
[[nodiscard]] std::string format_wal_position(WalPosition position);

/// The history of `timeline` from its .history file; timeline 1 has none (""). None: malformed.
[[nodiscard]] std::optional<TimelineHistory> parse_timeline_history(std::uint64_t timeline,
                                                                    std::string_view file);

/// Name of a segment of the log (of 16 MiB), as in pg_wal.
[[nodiscard]] std::string wal_segment_name(std::uint64_t timeline, WalPosition position);

/// Where `old` and `now` part: the last timeline that both have, and where the first of them left
/// it. No `at`: both are on that timeline still, one behind the other. None: they have no timeline
/// in common.
struct Parting {
  std::uint64_t timeline = 0;
  std::optional<WalPosition> at;
  bool old_left_it = false;  ///< `old` has timelines that `now` does not have
  bool now_left_it = false;  ///< and the other way round
};
[[nodiscard]] std::optional<Parting> parting_of(const TimelineHistory& old,
                                                const TimelineHistory& now);

}  // namespace understudy
