#include "base/time.h"

#include <cstdlib>
#include <ctime>

namespace understudy {

std::string format_wall(WallTime time) {
  const auto since_epoch = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const auto fraction = std::chrono::floor<milliseconds>(since_epoch - seconds);
  const std::time_t whole = seconds.count();
  std::tm utc{};
  gmtime_r(&whole, &utc);
  // Every event has one of these: digits by hand cost a tenth of a format string.
  std::string text = "0000-00-00T00:00:00.000Z";
  const auto write = [&](std::size_t end, std::int64_t number) {
    for (std::size_t at = end; number > 0; number /= 10)
      text[--at] = static_cast<char>('0' + number % 10);
  };
  write(4, utc.tm_year + 1900);
  write(7, utc.tm_mon + 1);
  write(10, utc.tm_mday);
  write(13, utc.tm_hour);
  write(16, utc.tm_min);
  write(19, utc.tm_sec);
  write(23, fraction.count());
  return text;
}

namespace {

/// Takes exactly `digits` digits off the front; none if they are not there.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

Duration take_fraction(std::string_view& text) {
  std::int64_t nanoseconds = 0;
  std::int64_t unit = 100'000'000;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    nanoseconds += (text.front() - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
  }
  return Duration(nanoseconds);
}

/// "Z" or "+02:00", as what to subtract to get UTC.
std::optional<Duration> take_offset(std::string_view& text) {
  if (take_char(text, "Zz")) return Duration::zero();
  if (text.empty()) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  if (!take_char(text, "+-")) return std::nullopt;
  const auto hours = take_number(text, 2);
  const bool colon = hours && take_char(text, ":");
  const auto minutes = colon ? take_number(text, 2) : std::nullopt;
  if (!minutes) return std::nullopt;
  return sign * (std::chrono::hours(*hours) + std::chrono::minutes(*minutes));
}

}  // namespace

std::optional<WallTime> parse_wall(std::string_view text) {
  std::tm utc{};
  const auto field = [&](std::size_t digits, std::string_view after, int& into, int offset) {
    const auto number = take_number(text, digits);
    if (!number || (!after.empty() && !take_char(text, after))) return false;
    into = *number + offset;
    return true;
  };
  if (!field(4, "-", utc.tm_year, -1900) || !field(2, "-", utc.tm_mon, -1) ||
      !field(2, "Tt", utc.tm_mday, 0) || !field(2, ":", utc.tm_hour, 0) ||
      !field(2, ":", utc.tm_min, 0) || !field(2, "", utc.tm_sec, 0)) {
    return std::nullopt;
  }
  if (utc.tm_mon < 0 || utc.tm_mon > 11 || utc.tm_mday < 1 || utc.tm_mday > 31 ||
      utc.tm_hour > 23 || utc.tm_min > 59 || utc.tm_sec > 60) {
    return std::nullopt;
  }
  const int day_asked = utc.tm_mday;
  Duration fraction{};
  if (take_char(text, ".")) fraction = take_fraction(text);
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  const std::time_t seconds = timegm(&utc);
  // Nanoseconds in 64 bits end in 1677 and in 2262; an offset is at most some days.
  constexpr std::time_t kFarthest = 9'200'000'000;
  if (seconds < -kFarthest || seconds > kFarthest) return std::nullopt;
  if (utc.tm_mday != day_asked && utc.tm_sec != 60) return std::nullopt;  // 31 February
  return WallTime(std::chrono::seconds(seconds) + fraction - *offset);
}

}  // namespace understudy
