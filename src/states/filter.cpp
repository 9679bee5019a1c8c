#include "states/filter.h"

#include <algorithm>
#include <boost/json.hpp>

#include "states/data.h"

namespace understudy::states {
namespace {

std::vector<const json::value*> values_of(const Filter::Operand& operand,
                                          const json::value& element, const json::value& root) {
  if (!operand.path) return {&operand.literal};
  return operand.path->select(operand.of_element ? element : root);
}

/// Ordered comparison exists between two numbers or two strings only.
std::optional<int> order(const json::value& left, const json::value& right) {
  if (left.is_number() && right.is_number()) {
    const auto a = left.to_number<double>();
    const auto b = right.to_number<double>();
    return a < b ? -1 : (a > b ? 1 : 0);
  }
  if (left.is_string() && right.is_string()) return left.get_string().compare(right.get_string());
  return std::nullopt;
}

bool compare(Filter::Kind kind, const json::value& left, const json::value& right) {
  if (kind == Filter::Kind::equal) return same_json(left, right);
  if (kind == Filter::Kind::unequal) return !same_json(left, right);
  const auto ordered = order(left, right);
  if (!ordered) return false;
  switch (kind) {
    case Filter::Kind::less: return *ordered < 0;
    case Filter::Kind::at_most: return *ordered <= 0;
    case Filter::Kind::more: return *ordered > 0;
    default: return *ordered >= 0;
  }
}

}  // namespace

bool Filter::holds(const json::value& element, const json::value& root) const {
  const auto part_holds = [&](const Filter& part) { return part.holds(element, root); };
  switch (kind) {
    case Kind::all: return std::ranges::all_of(parts, part_holds);
    case Kind::any: return std::ranges::any_of(parts, part_holds);
    case Kind::negated: return !part_holds(parts.front());
    case Kind::exists: return !values_of(operands.front(), element, root).empty();
    default: break;
  }
  const auto left = values_of(operands[0], element, root);
  const auto right = values_of(operands[1], element, root);
  if (left.empty() || right.empty()) return kind == Kind::unequal && left.size() != right.size();
  return compare(kind, *left.front(), *right.front());
}

}  // namespace understudy::states
