#include "report/fields.h"

#include <fmt/format.h>

namespace understudy::report {

namespace json = boost::json;

namespace {

/// Three years in milliseconds, and more orders than a drill has: sums of such numbers do not
/// overflow in any file that is read.
constexpr std::int64_t kMost = 100'000'000'000;

bool is_number(const json::value& value) {
  const auto* number = value.if_int64();
  return number != nullptr && *number <= kMost && *number >= -kMost;
}

}  // namespace

void Fields::say(std::string_view key, std::string_view expected) const {
  if (wrong_.empty()) wrong_ = fmt::format("{}{}: expected {}", path_, key, expected);
}

const json::value& Fields::at(std::string_view key) const {
  static const json::value kNothing;
  const auto* found = object_.if_contains(key);
  return found != nullptr ? *found : kNothing;
}

const json::array& Fields::list(std::string_view key) const {
  static const json::array kNone;
  const auto* found = at(key).if_array();
  if (found == nullptr) say(key, "a list");
  return found != nullptr ? *found : kNone;
}

std::string Fields::text(std::string_view key) const {
  const auto* found = at(key).if_string();
  if (found == nullptr) say(key, "a text");
  return found != nullptr ? std::string(*found) : std::string();
}

std::int64_t Fields::number(std::string_view key) const {
  if (is_number(at(key))) return at(key).get_int64();
  say(key, "a whole number up to 10^11");
  return 0;
}

std::optional<std::int64_t> Fields::number_or_null(std::string_view key) const {
  const auto* found = object_.if_contains(key);
  if (found != nullptr && found->is_null()) return std::nullopt;
  return number(key);
}

double Fields::real(std::string_view key) const {
  json::error_code failed;
  const auto found = at(key).to_number<double>(failed);
  if (failed) say(key, "a number");
  return failed ? 0 : found;
}

bool Fields::flag(std::string_view key) const {
  const auto* found = at(key).if_bool();
  if (found == nullptr) say(key, "true or false");
  return found != nullptr && *found;
}

std::vector<std::string> Fields::texts(std::string_view key) const {
  std::vector<std::string> all;
  for (const auto& each : list(key)) {
    if (!each.is_string()) say(key, "a list of texts");
    all.emplace_back(each.is_string() ? std::string(each.get_string()) : std::string());
  }
  return all;
}

std::vector<std::optional<std::int64_t>> Fields::numbers_or_nulls(std::string_view key) const {
  std::vector<std::optional<std::int64_t>> all;
  for (const auto& each : list(key)) {
    if (!is_number(each) && !each.is_null()) say(key, "a list of whole numbers up to 10^11");
    all.push_back(is_number(each) ? std::optional(each.get_int64()) : std::nullopt);
  }
  return all;
}

std::vector<std::int64_t> Fields::numbers(std::string_view key) const {
  std::vector<std::int64_t> all;
  for (const auto& each : numbers_or_nulls(key)) {
    if (!each) say(key, "a list of whole numbers, without null");
    all.push_back(each.value_or(0));
  }
  return all;
}

Fields Fields::object(std::string_view key) const {
  static const json::object kEmpty;
  const auto* found = at(key).if_object();
  if (found == nullptr) say(key, "an object");
  return {found != nullptr ? *found : kEmpty, fmt::format("{}{}.", path_, key), wrong_};
}

std::vector<Fields> Fields::objects(std::string_view key) const {
  std::vector<Fields> all;
  for (const auto& each : list(key)) {
    const auto* found = each.if_object();
    if (found == nullptr) {
      say(key, "a list of objects");
      continue;
    }
    all.emplace_back(*found, fmt::format("{}{}[{}].", path_, key, all.size()), wrong_);
  }
  return all;
}

}  // namespace understudy::report
