#pragma once
// References ($.path, $$.path, $variable.path) and intrinsic functions: the right side of "name.$".

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "states/data.h"
#include "states/json_path.h"
#include "states/scope.h"

namespace understudy::states {

/// A path into the data, the context object or a variable.
class Reference {
 public:
  /// Throws Malformed.
  [[nodiscard]] static Reference parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool definite() const { return path_.definite(); }
  /// True if it only names `$`.
  [[nodiscard]] bool is_whole_input() const { return text_ == "$"; }

  /// Shares the referenced data; a path that may name several values gives an array of them.
  [[nodiscard]] std::variant<Data, JsonPath::Missing> find(const Scope& scope) const;

 private:
  enum class Root { input, context, variable };
  Root root_ = Root::input;
  std::string variable_;
  JsonPath path_;
  std::string text_;
};

struct Call;

/// A reference or a call of an intrinsic function. Immutable, shared when copied.
class Expression {
 public:
  /// Throws Malformed.
  [[nodiscard]] static Expression parse(std::string_view text);

  /// `field` is the member it was written in, for the error text. Throws EvaluationFailed.
  [[nodiscard]] Data evaluate(const Scope& scope, std::string_view field) const;

 private:
  std::variant<Reference, std::shared_ptr<const Call>> what_;
};

}  // namespace understudy::states
