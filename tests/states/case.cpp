#include "case.h"

#include <fstream>

namespace understudy::states::testing {

const json::value* Case::member(std::string_view name) const {
  return all.if_contains({name.data(), name.size()});
}

std::string Case::text(std::string_view name) const {
  const auto* value = member(name);
  return value == nullptr || !value->is_string() ? "" : std::string(value->get_string());
}

std::set<std::string> Case::texts(std::string_view name) const {
  std::set<std::string> texts;
  const auto* value = member(name);
  if (value == nullptr) return texts;
  for (const auto& each : value->as_array()) texts.emplace(each.as_string());
  return texts;
}

std::vector<Case> read_cases(const std::string& file) {
  std::vector<Case> cases;
  std::ifstream in(file);
  std::string line;
  json::parse_options options;
  options.max_depth = 256;
  while (std::getline(in, line)) {
    cases.push_back({json::parse(line, {}, options).as_object()});
  }
  return cases;
}

}  // namespace understudy::states::testing
