#pragma once
// The intrinsic functions: States.Format and its kin.

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "states/expression.h"

namespace understudy::states {

using Arguments = std::vector<json::value>;

/// One function: its name, how many arguments it takes, what it does. The body throws
/// EvaluationFailed when the arguments do not fit.
struct Intrinsic {
  std::string_view name;  ///< Without "States.".
  std::size_t fewest;
  std::size_t most;
  json::value (*apply)(const Arguments& arguments, Random& random);
};

/// Null if there is no function of that name.
[[nodiscard]] const Intrinsic* intrinsic_named(std::string_view name);

/// A parsed call; arguments are values, references or calls.
struct Call {
  using Argument = std::variant<json::value, Reference, std::shared_ptr<const Call>>;
  const Intrinsic* function = nullptr;
  std::string text;
  std::vector<Argument> arguments;
};

/// Throws Malformed.
[[nodiscard]] Call parse_call(std::string_view text);

/// Throws EvaluationFailed.
[[nodiscard]] json::value evaluate_call(const Call& call, const Scope& scope);

}  // namespace understudy::states
