#pragma once
// The condition of a JSONPath filter: [?(@.status == 0 && @.name)].

#include <boost/json/value.hpp>
#include <string>
#include <variant>
#include <vector>

#include "states/json_path.h"

namespace understudy::states {

class Filter {
 public:
  enum class Kind { all, any, negated, exists, equal, unequal, less, at_most, more, at_least };

  /// A literal, or a path: of the element (`@`) or of the whole document (`$`).
  struct Operand {
    json::value literal;
    std::optional<JsonPath> path;
    bool of_element = false;
  };

  Kind kind = Kind::all;
  std::vector<Filter> parts;      ///< Of all, any (any number) and negated (one).
  std::vector<Operand> operands;  ///< Of exists (one) and of comparisons (two).

  [[nodiscard]] bool holds(const json::value& element, const json::value& root) const;
};

}  // namespace understudy::states
