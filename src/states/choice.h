#pragma once
// The rules of a Choice state.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "states/expression.h"

namespace understudy::states {

/// How a comparison treats its two values; a value of another type than the comparison's is no
/// match.
enum class Comparison : std::uint8_t {
  boolean_equals,
  numeric_equals,
  numeric_less,
  numeric_less_equals,
  numeric_greater,
  numeric_greater_equals,
  string_equals,
  string_less,
  string_less_equals,
  string_greater,
  string_greater_equals,
  string_matches,
  timestamp_equals,
  timestamp_less,
  timestamp_less_equals,
  timestamp_greater,
  timestamp_greater_equals,
  is_boolean,
  is_null,
  is_numeric,
  is_present,
  is_string,
  is_timestamp,
};

/// "NumericLessThan" and so on, with what its right side must be and whether a …Path form exists.
struct ComparisonName {
  std::string_view name;
  Comparison comparison;
  enum class Takes : std::uint8_t { boolean, number, string, timestamp } takes;
  bool has_path_form;
};

/// None if there is no such comparison. `is_path` tells whether the …Path form was named.
[[nodiscard]] const ComparisonName* comparison_named(std::string_view name, bool& is_path);

/// One condition: a comparison, or And, Or, Not of others. Immutable.
struct Condition {
  enum class Kind : std::uint8_t { compare, all, any, negated } kind = Kind::compare;
  std::vector<Condition> parts;

  Reference variable;
  Comparison comparison = Comparison::is_present;
  std::variant<json::value, Reference> operand;

  /// Throws EvaluationFailed if a path leads nowhere (is_present excepted).
  [[nodiscard]] bool holds(const Scope& scope) const;
};

/// Reads an RFC 3339 time as the Timestamp comparisons and fields take it.
[[nodiscard]] bool is_timestamp(const json::value& value);

}  // namespace understudy::states
