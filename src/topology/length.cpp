#include "topology/length.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace understudy {
namespace {

struct Unit {
  std::string_view name;
  Duration length;
};

/// The largest first: that is the order in which format_length() tries them.
constexpr std::array kUnits = {
    Unit{"h", std::chrono::hours(1)},
    Unit{"min", std::chrono::minutes(1)},
    Unit{"s", std::chrono::seconds(1)},
    Unit{"ms", milliseconds(1)},
};

constexpr Duration kLongest = std::chrono::hours(10 * 365 * 24);

}  // namespace

std::optional<Duration> parse_length(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc() || number < 0 || text.front() == '-') return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  for (const auto& known : kUnits) {
    if (unit != known.name) continue;
    if (number > kLongest / known.length) return std::nullopt;
    return number * known.length;
  }
  return std::nullopt;
}

std::string format_length(Duration length) {
  if (length == Duration::zero()) return "0s";
  for (const auto& unit : kUnits) {
    if (length % unit.length == Duration::zero()) {
      return fmt::format("{}{}", length / unit.length, unit.name);
    }
  }
  return fmt::format("{:.3f}ms", static_cast<double>(length.count()) / 1e6);
}

}  // namespace understudy
