#include "states/json_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/ensure.h"
#include "states/filter.h"

namespace understudy::states {
namespace {

/// Where a negative index counts from the end. None if the array is too short.
const json::value* element(const json::array& array, std::int64_t index) {
  const auto size = static_cast<std::int64_t>(array.size());
  const auto at = index < 0 ? size + index : index;
  if (at < 0 || at >= size) return nullptr;
  return &array[static_cast<std::size_t>(at)];
}

/// Of the memory of a value that is made at once.
constexpr std::size_t kPieceSize = 4096;

std::string_view kind_of(const json::value& value) {
  if (value.is_array()) return "array";
  if (value.is_string()) return "string";
  if (value.is_bool()) return "boolean";
  if (value.is_null()) return "null";
  return "number";
}

}  // namespace

bool JsonPath::is_reference() const {
  return std::ranges::all_of(steps_, [](const Step& step) {
    if (step.deep) return false;
    if (const auto* name = std::get_if<Name>(&step.what)) return name->any_of.size() == 1;
    if (const auto* index = std::get_if<Index>(&step.what)) {
      return index->any_of.size() == 1 && index->any_of.front() >= 0;
    }
    return false;
  });
}

const std::string* JsonPath::member_name() const {
  if (steps_.size() != 1 || steps_.front().deep) return nullptr;
  const auto* name = std::get_if<Name>(&steps_.front().what);
  return name != nullptr && name->any_of.size() == 1 ? &name->any_of.front() : nullptr;
}

/// What the first so many steps of a definite path lead to, as Step Functions shows it.
std::string JsonPath::way_to(std::size_t steps) const {
  std::string way = "$";
  for (std::size_t i = 0; i < steps; ++i) {
    if (const auto* name = std::get_if<Name>(&steps_[i].what)) {
      way += fmt::format("['{}']", name->any_of.front());
    } else {
      way += fmt::format("[{}]", std::get<Index>(steps_[i].what).any_of.front());
    }
  }
  return way;
}

std::variant<const json::value*, JsonPath::Missing> JsonPath::find(const json::value& root) const {
  ensure(definite_, "find is asked only of a definite path");
  const json::value* at = &root;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (const auto* name = std::get_if<Name>(&steps_[i].what)) {
      const auto& key = name->any_of.front();
      const auto* object = at->if_object();
      if (object == nullptr) {
        return Missing{fmt::format(
            "Expected to find an object with property ['{}'] in path {} but found '{}' instead.",
            key, way_to(i), kind_of(*at))};
      }
      at = object->if_contains(key);
    } else {
      const auto* array = at->if_array();
      at = array == nullptr ? nullptr
                            : element(*array, std::get<Index>(steps_[i].what).any_of.front());
    }
    if (at != nullptr) continue;
    const bool last = i + 1 == steps_.size();
    return Missing{(last ? "No results for path: " : "Missing property in path ") + way_to(i + 1)};
  }
  return at;
}

void JsonPath::apply(const Step& step, const json::value& at, const json::value& root,
                     std::vector<const json::value*>& out) {
  const auto* object = at.if_object();
  const auto* array = at.if_array();
  if (const auto* name = std::get_if<Name>(&step.what)) {
    for (const auto& key : name->any_of) {
      const auto* found = object == nullptr ? nullptr : object->if_contains(key);
      if (found != nullptr) out.push_back(found);
    }
  } else if (const auto* index = std::get_if<Index>(&step.what)) {
    for (const auto wanted : index->any_of) {
      const auto* found = array == nullptr ? nullptr : element(*array, wanted);
      if (found != nullptr) out.push_back(found);
    }
  } else if (const auto* slice = std::get_if<Slice>(&step.what)) {
    if (array == nullptr) return;
    const auto size = static_cast<std::int64_t>(array->size());
    const auto bound = [&](std::int64_t wanted) {
      return std::clamp<std::int64_t>(wanted < 0 ? size + wanted : wanted, 0, size);
    };
    const auto to = bound(slice->to.value_or(size));
    for (auto i = bound(slice->from.value_or(0)); i < to; i += slice->step.value_or(1)) {
      out.push_back(&(*array)[static_cast<std::size_t>(i)]);
    }
  } else if (std::holds_alternative<Every>(step.what)) {
    if (array != nullptr) {
      for (const auto& each : *array) out.push_back(&each);
    } else if (object != nullptr) {
      for (const auto& member : *object) out.push_back(&member.value());
    }
  } else {
    const auto& filter = *std::get<Where>(step.what).filter;
    if (array != nullptr) {
      for (const auto& each : *array) {
        if (filter.holds(each, root)) out.push_back(&each);
      }
    } else if (object != nullptr && !step.deep && filter.holds(at, root)) {
      out.push_back(&at);
    }
  }
}

void JsonPath::apply_deep(const Step& step, const json::value& at, const json::value& root,
                          std::vector<const json::value*>& out) {
  apply(step, at, root, out);
  if (const auto* object = at.if_object()) {
    for (const auto& member : *object) apply_deep(step, member.value(), root, out);
  } else if (const auto* array = at.if_array()) {
    for (const auto& each : *array) apply_deep(step, each, root, out);
  }
}

std::vector<const json::value*> JsonPath::select(const json::value& root) const {
  std::vector<const json::value*> at{&root};
  for (const auto& step : steps_) {
    std::vector<const json::value*> next;
    for (const auto* value : at) {
      if (step.deep) {
        apply_deep(step, *value, root, next);
      } else {
        apply(step, *value, root, next);
      }
    }
    at = std::move(next);
  }
  return at;
}

std::optional<json::value> JsonPath::put(const json::value& root, const json::value& placed) const {
  ensure(is_reference(), "only a reference path is written to");
  if (steps_.empty()) return placed;
  // In one piece: made to be read, and to go as a whole.
  json::value copy(root, json::make_shared_resource<json::monotonic_resource>(kPieceSize));
  json::value* at = &copy;
  for (const auto& step : steps_) {
    if (const auto* name = std::get_if<Name>(&step.what)) {
      if (at->is_null() && at != &copy) at->emplace_object();
      auto* object = at->if_object();
      if (object == nullptr) return std::nullopt;
      at = &(*object)[name->any_of.front()];
    } else {
      const auto index = static_cast<std::size_t>(std::get<Index>(step.what).any_of.front());
      auto* array = at->if_array();
      if (array == nullptr || index >= array->size()) return std::nullopt;
      at = &(*array)[index];
    }
  }
  *at = placed;
  return copy;
}

}  // namespace understudy::states
