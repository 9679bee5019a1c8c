#include "states/expression.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "states/failure.h"
#include "states/intrinsic.h"

namespace understudy::states {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

Reference Reference::parse(std::string_view text) {
  Reference reference;
  reference.text_ = text;
  if (text.starts_with("$$")) {
    reference.root_ = Root::context;
    reference.path_ = JsonPath::parse(text.substr(1));
    return reference;
  }
  if (text.size() > 1 && text[0] == '$' && is_name_character(text[1])) {
    std::size_t end = 1;
    while (end < text.size() && is_name_character(text[end])) ++end;
    reference.root_ = Root::variable;
    reference.variable_ = text.substr(1, end - 1);
    reference.path_ = JsonPath::parse(fmt::format("${}", text.substr(end)));
    return reference;
  }
  reference.path_ = JsonPath::parse(text);
  return reference;
}

std::variant<Data, JsonPath::Missing> Reference::find(const Scope& scope) const {
  const Data* root = &scope.input;
  if (root_ == Root::context) root = &scope.context();
  if (root_ == Root::variable) {
    root = scope.variables.find(variable_);
    if (root == nullptr) return JsonPath::Missing{fmt::format("No variable ${}", variable_)};
  }
  if (path_.definite()) {
    const auto found = path_.find(root->value());
    if (const auto* missing = std::get_if<JsonPath::Missing>(&found)) return *missing;
    return root->part(*std::get<const json::value*>(found));
  }
  json::array all;
  for (const auto* each : path_.select(root->value())) all.push_back(*each);
  return Data(std::move(all));
}

Expression Expression::parse(std::string_view text) {
  Expression expression;
  if (text.starts_with("States.")) {
    expression.what_ = std::make_shared<const Call>(parse_call(text));
  } else {
    expression.what_ = Reference::parse(text);
  }
  return expression;
}

Data Expression::evaluate(const Scope& scope, std::string_view field) const {
  if (const auto* call = std::get_if<std::shared_ptr<const Call>>(&what_)) {
    return Data(evaluate_call(**call, scope));
  }
  const auto& reference = std::get<Reference>(what_);
  auto found = reference.find(scope);
  if (auto* data = std::get_if<Data>(&found)) return std::move(*data);
  throw runtime_failure(
      fmt::format("The JSONPath '{}' specified for the field '{}' could not be found in the input "
                  "'{}'",
                  reference.text(), field, scope.input.text()));
}

}  // namespace understudy::states
