#include "states/choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/time.h"
#include "states/failure.h"

namespace understudy::states {
namespace {

using Takes = ComparisonName::Takes;

constexpr std::array kComparisons = {
    ComparisonName{"BooleanEquals", Comparison::boolean_equals, Takes::boolean, true},
    ComparisonName{"NumericEquals", Comparison::numeric_equals, Takes::number, true},
    ComparisonName{"NumericLessThan", Comparison::numeric_less, Takes::number, true},
    ComparisonName{"NumericLessThanEquals", Comparison::numeric_less_equals, Takes::number, true},
    ComparisonName{"NumericGreaterThan", Comparison::numeric_greater, Takes::number, true},
    ComparisonName{"NumericGreaterThanEquals", Comparison::numeric_greater_equals, Takes::number,
                   true},
    ComparisonName{"StringEquals", Comparison::string_equals, Takes::string, true},
    ComparisonName{"StringLessThan", Comparison::string_less, Takes::string, true},
    ComparisonName{"StringLessThanEquals", Comparison::string_less_equals, Takes::string, true},
    ComparisonName{"StringGreaterThan", Comparison::string_greater, Takes::string, true},
    ComparisonName{"StringGreaterThanEquals", Comparison::string_greater_equals, Takes::string,
                   true},
    ComparisonName{"StringMatches", Comparison::string_matches, Takes::string, false},
    ComparisonName{"TimestampEquals", Comparison::timestamp_equals, Takes::timestamp, true},
    ComparisonName{"TimestampLessThan", Comparison::timestamp_less, Takes::timestamp, true},
    ComparisonName{"TimestampLessThanEquals", Comparison::timestamp_less_equals, Takes::timestamp,
                   true},
    ComparisonName{"TimestampGreaterThan", Comparison::timestamp_greater, Takes::timestamp, true},
    ComparisonName{"TimestampGreaterThanEquals", Comparison::timestamp_greater_equals,
                   Takes::timestamp, true},
    ComparisonName{"IsBoolean", Comparison::is_boolean, Takes::boolean, false},
    ComparisonName{"IsNull", Comparison::is_null, Takes::boolean, false},
    ComparisonName{"IsNumeric", Comparison::is_numeric, Takes::boolean, false},
    ComparisonName{"IsPresent", Comparison::is_present, Takes::boolean, false},
    ComparisonName{"IsString", Comparison::is_string, Takes::boolean, false},
    ComparisonName{"IsTimestamp", Comparison::is_timestamp, Takes::boolean, false},
};

/// `*` stands for any run of characters, `\*` for an asterisk, `\\` for a backslash.
bool matches(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  auto star = std::string_view::npos;  // where to go on when the run that began there must grow
  std::size_t run_end = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      run_end = t;
      continue;
    }
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    const auto literal = escaped ? p + 1 : p;
    if (literal < pattern.size() && pattern[literal] == text[t]) {
      p = literal + 1;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++run_end;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// `base` is the …Equals of a family of five; its order is that of the enumeration.
bool ordered(Comparison asked, Comparison base, std::partial_ordering order) {
  switch (static_cast<int>(asked) - static_cast<int>(base)) {
    case 0: return order == 0;
    case 1: return order < 0;
    case 2: return order <= 0;
    case 3: return order > 0;
    default: return order >= 0;
  }
}

std::partial_ordering numeric_order(const json::value& left, const json::value& right) {
  if (left.is_int64() && right.is_int64()) return left.get_int64() <=> right.get_int64();
  return left.to_number<double>() <=> right.to_number<double>();
}

std::optional<WallTime> time_of(const json::value& value) {
  const auto* text = value.if_string();
  if (text == nullptr) return std::nullopt;
  return parse_wall({text->data(), text->size()});
}

std::partial_ordering text_order(const json::value& left, const json::value& right) {
  return left.get_string().compare(right.get_string()) <=> 0;
}

bool compare(Comparison asked, const json::value& left, const json::value& right) {
  if (asked == Comparison::boolean_equals) {
    return left.is_bool() && right.is_bool() && left.get_bool() == right.get_bool();
  }
  if (asked <= Comparison::numeric_greater_equals) {
    return left.is_number() && right.is_number() &&
           ordered(asked, Comparison::numeric_equals, numeric_order(left, right));
  }
  if (asked <= Comparison::string_greater_equals) {
    return left.is_string() && right.is_string() &&
           ordered(asked, Comparison::string_equals, text_order(left, right));
  }
  if (asked == Comparison::string_matches) {
    return left.is_string() && right.is_string() && matches(left.get_string(), right.get_string());
  }
  const auto one = time_of(left);
  const auto other = time_of(right);
  return one && other && ordered(asked, Comparison::timestamp_equals, *one <=> *other);
}

bool has_type(Comparison asked, const json::value& value) {
  switch (asked) {
    case Comparison::is_boolean: return value.is_bool();
    case Comparison::is_null: return value.is_null();
    case Comparison::is_numeric: return value.is_number();
    case Comparison::is_string: return value.is_string();
    default: return is_timestamp(value);
  }
}

Data required(const Reference& reference, const Scope& scope) {
  auto found = reference.find(scope);
  if (auto* data = std::get_if<Data>(&found)) return std::move(*data);
  throw runtime_failure(
      fmt::format("Invalid path '{}': The choice state's condition path references an invalid "
                  "value.",
                  reference.text()));
}

/// A path that may name several values is present if it names at least one.
bool is_present(const Reference& reference, const Scope& scope) {
  const auto found = reference.find(scope);
  const auto* data = std::get_if<Data>(&found);
  if (data == nullptr) return false;
  return reference.definite() || !data->value().get_array().empty();
}

}  // namespace

bool is_timestamp(const json::value& value) { return time_of(value).has_value(); }

const ComparisonName* comparison_named(std::string_view name, bool& is_path) {
  is_path = name.ends_with("Path");
  if (is_path) name.remove_suffix(4);
  const auto found = std::ranges::find(kComparisons, name, &ComparisonName::name);
  if (found == kComparisons.end() || (is_path && !found->has_path_form)) return nullptr;
  return &*found;
}

bool Condition::holds(const Scope& scope) const {
  const auto part_holds = [&](const Condition& part) { return part.holds(scope); };
  switch (kind) {
    case Kind::all: return std::ranges::all_of(parts, part_holds);
    case Kind::any: return std::ranges::any_of(parts, part_holds);
    case Kind::negated: return !part_holds(parts.front());
    case Kind::compare: break;
  }
  const auto* literal = std::get_if<json::value>(&operand);
  if (comparison == Comparison::is_present) {
    return is_present(variable, scope) == literal->get_bool();
  }
  const auto left = required(variable, scope);
  if (comparison >= Comparison::is_boolean) {
    return has_type(comparison, left.value()) == literal->get_bool();
  }
  if (literal != nullptr) return compare(comparison, left.value(), *literal);
  return compare(comparison, left.value(), required(std::get<Reference>(operand), scope).value());
}

}  // namespace understudy::states
