// The rules of a Choice state.

#include <fmt/format.h>

#include <boost/json.hpp>

#include "states/failure.h"
#include "states/parser.h"

namespace understudy::states {

void DocumentParser::choice(Fields& fields, State& state) {
  ChoiceFields choice;
  if (const auto* rules = fields.array("Choices", Need::required)) {
    if (rules->empty()) fields.problem("Choices", "must not be empty");
    for (std::size_t i = 0; i < rules->size(); ++i) {
      choice.rules.push_back(rule((*rules)[i], fmt::format("{}/{}", fields.path_of("Choices"), i)));
    }
  }
  choice.otherwise = fields.target("Default");
  state.fields = std::move(choice);
  for (const auto* key : {"Next", "End"}) {
    if (fields.any(key) == nullptr) continue;
    fields.problem(key, "is no field of a Choice state: its rules and Default say where to go");
  }
  input_output(fields, state);
  state.assign = assign(fields);
}

ChoiceRule DocumentParser::rule(const json::value& value, const std::string& path) {
  Fields fields(value, path, problems_);
  ChoiceRule rule;
  rule.next = fields.target("Next", Need::required);
  rule.assign = assign(fields);
  rule.condition = condition(fields);
  fields.refuse_the_rest("a choice rule");
  return rule;
}

Condition DocumentParser::condition(Fields& fields) {
  Condition condition;
  fields.text("Comment");
  fields.at_most_one({"And", "Or", "Not", "Variable"});
  const bool negated = fields.has("Not");
  if (!negated && !fields.has("And") && !fields.has("Or")) {
    compare(fields, condition);
    return condition;
  }
  const auto nested = [&](const json::value& value, const std::string& path) {
    Fields inner(value, path, problems_);
    for (const auto* key : {"Next", "Assign"}) {
      if (inner.any(key) == nullptr) continue;
      inner.problem(key, "may stand in a top-level rule only");
    }
    condition.parts.push_back(this->condition(inner));
    inner.refuse_the_rest("a choice rule");
  };
  if (negated) {
    condition.kind = Condition::Kind::negated;
    nested(*fields.any("Not"), fields.path_of("Not"));
    return condition;
  }
  const bool all = fields.has("And");
  const auto* key = all ? "And" : "Or";
  condition.kind = all ? Condition::Kind::all : Condition::Kind::any;
  const auto* parts = fields.array(key);
  if (parts != nullptr && parts->empty()) fields.problem(key, "must not be empty");
  for (std::size_t i = 0; parts != nullptr && i < parts->size(); ++i) {
    nested((*parts)[i], fmt::format("{}/{}", fields.path_of(key), i));
  }
  return condition;
}

void DocumentParser::compare(Fields& fields, Condition& condition) {
  if (const auto variable = fields.reference("Variable")) {
    condition.variable = *variable;
  } else if (!fields.has("Variable")) {
    fields.problem("Variable", "is required, or And, Or or Not");
  }
  std::string found;
  for (const auto& key : fields.keys()) {
    bool is_path = false;
    const auto* named = comparison_named(key, is_path);
    if (named == nullptr) continue;
    if (!found.empty()) fields.problem(key, fmt::format("must not stand beside \"{}\"", found));
    found = key;
    operand(fields, key, *named, is_path, condition);
  }
  if (found.empty()) {
    problems_.push_back({fields.path(), "has no comparison such as StringEquals or IsPresent"});
  }
}

void DocumentParser::operand(Fields& fields, const std::string& key, const ComparisonName& named,
                             bool is_path, Condition& condition) {
  condition.comparison = named.comparison;
  if (is_path) {
    if (auto reference = fields.reference(key)) condition.operand = std::move(*reference);
    return;
  }
  const auto* value = fields.any(key);
  condition.operand = *value;
  switch (named.takes) {
    case ComparisonName::Takes::boolean:
      if (!value->is_bool()) fields.problem(key, "must be true or false");
      break;
    case ComparisonName::Takes::number:
      if (!value->is_number()) fields.problem(key, "must be a number");
      break;
    case ComparisonName::Takes::string:
      if (!value->is_string()) fields.problem(key, "must be a string");
      break;
    case ComparisonName::Takes::timestamp:
      if (!is_timestamp(*value)) fields.problem(key, "does not match RFC 3339");
      break;
  }
}

}  // namespace understudy::states
