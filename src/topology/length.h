#pragma once
// Lengths of time as people write them: 2s, 600ms, 1min, 2h.

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace understudy {

/// Reads a whole number and its unit (ms, s, min, h), without a space: "600ms". None if it is not
/// such a text, or longer than ten years.
[[nodiscard]] std::optional<Duration> parse_length(std::string_view text);

/// The same in the largest unit that is exact ("1min", "90s", "600ms"); below a millisecond as a
/// fraction rounded to the nearest microsecond ("54.005ms").
[[nodiscard]] std::string format_length(Duration length);

}  // namespace understudy
