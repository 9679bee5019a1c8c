#include "local/timeline_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/ensure.h"

namespace understudy {

namespace {

constexpr WalPosition kSegment = 16ULL << 20;

template <class Number>
bool read_number(std::string_view text, Number& number, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

std::optional<WalPosition> parse_wal_position(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::uint32_t high = 0;
  std::uint32_t low = 0;
  if (!read_number(text.substr(0, slash), high, 16) ||
      !read_number(text.substr(slash + 1), low, 16))
    return std::nullopt;
  return (WalPosition{high} << 32) | low;
}

std::string format_wal_position(WalPosition position) {
  return fmt::format("{:X}/{:X}", position >> 32, position & 0xFFFFFFFFU);
}

std::optional<TimelineHistory> parse_timeline_history(std::uint64_t timeline,
                                                      std::string_view file) {
  TimelineHistory history;
  WalPosition begin = 0;
  std::istringstream lines{std::string(file)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number;
    std::string position;
    if (!(words >> number) || number[0] == '#') continue;
    TimelinePiece piece{.timeline = 0, .begin = begin, .end = {}};
    if (!read_number(number, piece.timeline, 10) || !(words >> position)) return std::nullopt;
    piece.end = parse_wal_position(position);
    if (!piece.end) return std::nullopt;
    begin = *piece.end;
    history.push_back(piece);
  }
  history.push_back({.timeline = timeline, .begin = begin, .end = {}});
  return history;
}

std::string wal_segment_name(std::uint64_t timeline, WalPosition position) {
  constexpr WalPosition kPerFile = (WalPosition{1} << 32) / kSegment;
  const WalPosition segment = position / kSegment;
  return fmt::format("{:08X}{:08X}{:08X}", timeline, segment / kPerFile, segment % kPerFile);
}

std::optional<Parting> parting_of(const TimelineHistory& old, const TimelineHistory& now) {
  std::size_t common = 0;
  while (common < old.size() && common < now.size() &&
         old[common].timeline == now[common].timeline && old[common].begin == now[common].begin)
    ++common;
  if (common == 0) return std::nullopt;
  const TimelinePiece& old_piece = old[common - 1];
  const TimelinePiece& now_piece = now[common - 1];
  Parting parting{.timeline = old_piece.timeline,
                  .at = now_piece.end,
                  .old_left_it = common < old.size(),
                  .now_left_it = common < now.size()};
  if (old_piece.end && (!parting.at || *old_piece.end < *parting.at)) parting.at = old_piece.end;
  return parting;
}

}  // namespace understudy
