#include "states/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/ensure.h"
#include "states/failure.h"

namespace understudy::states {

Template Template::parse(const json::value& value, const std::string& path, const Report& report) {
  Template parsed;
  if (const auto* object = value.if_object()) {
    parsed.kind_ = Kind::object;
    parsed.of_object_ = true;
    for (const auto& [key, member] : *object) {
      const std::string name(key);
      const auto here = fmt::format("{}/{}", path, name);
      if (!name.ends_with(".$")) {
        parsed.parts_.emplace_back(name, parse(member, here, report));
        continue;
      }
      Template dynamic;
      dynamic.kind_ = Kind::expression;
      const auto* text = member.if_string();
      try {
        if (text == nullptr) throw Malformed{"a member named \"….$\" must be a string"};
        dynamic.expression_ = Expression::parse({text->data(), text->size()});
      } catch (const Malformed& malformed) {
        report(here, malformed.what);
      }
      parsed.parts_.emplace_back(name.substr(0, name.size() - 2), std::move(dynamic));
    }
  } else if (const auto* array = value.if_array()) {
    parsed.kind_ = Kind::array;
    for (std::size_t i = 0; i < array->size(); ++i) {
      parsed.parts_.emplace_back("", parse((*array)[i], fmt::format("{}/{}", path, i), report));
    }
  }
  const bool fixed = std::ranges::all_of(
      parsed.parts_, [](const auto& part) { return part.second.kind_ == Kind::constant; });
  if (fixed) {
    parsed.kind_ = Kind::constant;
    parsed.constant_ = Data(value);
    // Executions on several threads share this constant: its text must be there before they do.
    (void)parsed.constant_.text();
    if (!parsed.of_object_) parsed.parts_.clear();
  }
  return parsed;
}

Data Template::evaluate(const Scope& scope, const std::string& field) const {
  switch (kind_) {
    case Kind::constant: return constant_;
    case Kind::expression: return expression_->evaluate(scope, field + ".$");
    case Kind::array: {
      json::array array;
      for (const auto& [name, part] : parts_) {
        array.push_back(part.evaluate(scope, field).value());
      }
      return Data(std::move(array));
    }
    case Kind::object: break;
  }
  json::object object;
  for (const auto& [name, part] : parts_) {
    object.insert_or_assign(name, part.evaluate(scope, name).value());
  }
  return Data(std::move(object));
}

std::vector<std::pair<std::string, Data>> Template::evaluate_members(const Scope& scope) const {
  ensure(of_object_, "only an object has members to evaluate");
  std::vector<std::pair<std::string, Data>> members;
  for (const auto& [name, part] : parts_) members.emplace_back(name, part.evaluate(scope, name));
  return members;
}

}  // namespace understudy::states
