#pragma once
// Payload templates: Parameters, ResultSelector, ItemSelector, Assign and the like.

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "states/expression.h"

namespace understudy::states {

/// JSON whose members named "x.$" are replaced by what their expression gives. Immutable.
class Template {
 public:
  /// Told each thing that is wrong: its place in the document, and what it is.
  using Report = std::function<void(const std::string& path, const std::string& what)>;

  [[nodiscard]] static Template parse(const json::value& value, const std::string& path,
                                      const Report& report);

  /// Shares data where nothing has to be built. Throws EvaluationFailed.
  [[nodiscard]] Data evaluate(const Scope& scope) const { return evaluate(scope, {}); }

  /// Member by member, for Assign. Requires: parsed from an object.
  [[nodiscard]] std::vector<std::pair<std::string, Data>> evaluate_members(
      const Scope& scope) const;

 private:
  enum class Kind { constant, object, array, expression };

  [[nodiscard]] Data evaluate(const Scope& scope, const std::string& field) const;

  Kind kind_ = Kind::constant;
  Data constant_;
  std::optional<Expression> expression_;
  /// Names without ".$"; an array's elements have none.
  std::vector<std::pair<std::string, Template>> parts_;
  bool of_object_ = false;
};

}  // namespace understudy::states
