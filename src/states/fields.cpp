#include "states/fields.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "states/failure.h"

namespace understudy::states {
namespace {

/// Members of the other query language, so that the message can say more than "unknown".
bool is_jsonata_only(std::string_view key) {
  return key == "Arguments" || key == "Output" || key == "Items" || key == "Condition";
}

}  // namespace

Fields::Fields(const json::value& value, std::string path, std::vector<Problem>& problems)
    : object_(value.if_object()), path_(std::move(path)), problems_(problems) {
  if (object_ != nullptr) return;
  problems_.push_back({path_.empty() ? "/" : path_, "must be an object"});
  object_ = &empty_;
}

std::string Fields::path_of(std::string_view key) const { return fmt::format("{}/{}", path_, key); }

bool Fields::has(std::string_view key) const { return object_->contains({key.data(), key.size()}); }

std::vector<std::string> Fields::keys() const {
  std::vector<std::string> keys;
  for (const auto& member : *object_) keys.emplace_back(member.key());
  return keys;
}

void Fields::problem(std::string_view key, std::string what) {
  problems_.push_back({path_of(key), std::move(what)});
}

const json::value* Fields::any(std::string_view key, Need need) {
  asked_.emplace(key);
  const auto* value = object_->if_contains({key.data(), key.size()});
  if (value == nullptr && need == Need::required) problem(key, "is required");
  return value;
}

std::optional<std::string> Fields::text(std::string_view key, Need need) {
  const auto* value = any(key, need);
  if (value == nullptr) return std::nullopt;
  if (const auto* text = value->if_string()) return std::string(text->data(), text->size());
  problem(key, "must be a string");
  return std::nullopt;
}

std::optional<bool> Fields::boolean(std::string_view key, Need need) {
  const auto* value = any(key, need);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->get_bool();
  problem(key, "must be true or false");
  return std::nullopt;
}

std::optional<std::int64_t> Fields::integer(std::string_view key, std::int64_t least,
                                            std::int64_t most, Need need) {
  const auto* value = any(key, need);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64() && value->get_int64() >= least && value->get_int64() <= most) {
    return value->get_int64();
  }
  problem(key, fmt::format("must be a whole number from {} to {}", least, most));
  return std::nullopt;
}

std::optional<double> Fields::number(std::string_view key, double least) {
  const auto* value = any(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number() && value->to_number<double>() >= least) return value->to_number<double>();
  problem(key, fmt::format("must be a number of at least {}", least));
  return std::nullopt;
}

const json::object* Fields::object(std::string_view key, Need need) {
  const auto* value = any(key, need);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) problem(key, "must be an object");
  return value->if_object();
}

const json::array* Fields::array(std::string_view key, Need need) {
  const auto* value = any(key, need);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) problem(key, "must be an array");
  return value->if_array();
}

std::vector<std::string> Fields::texts(std::string_view key, Need need) {
  std::vector<std::string> texts;
  const auto* all = array(key, need);
  if (all == nullptr) return texts;
  if (all->empty()) problem(key, "must not be empty");
  for (const auto& each : *all) {
    if (const auto* text = each.if_string()) {
      texts.emplace_back(text->data(), text->size());
    } else {
      problem(key, "must hold strings only");
    }
  }
  return texts;
}

Target Fields::target(std::string_view key, Need need) {
  return {text(key, need).value_or(""), path_of(key)};
}

std::optional<Reference> Fields::reference(std::string_view key) {
  const auto written = text(key);
  if (!written) return std::nullopt;
  try {
    return Reference::parse(*written);
  } catch (const Malformed& malformed) {
    problem(key, malformed.what);
    return std::nullopt;
  }
}

std::optional<Template> Fields::payload(std::string_view key) {
  const auto* value = any(key);
  if (value == nullptr) return std::nullopt;
  return Template::parse(*value, path_of(key),
                         [&](const std::string& path, const std::string& what) {
                           problems_.push_back({path, what});
                         });
}

NumberField Fields::number_or_path(std::string_view key, std::int64_t least, std::int64_t most) {
  const auto path_key = fmt::format("{}Path", key);
  at_most_one({key, path_key});
  NumberField field;
  field.constant = integer(key, least, most);
  field.path = reference(path_key);
  return field;
}

PathField Fields::path_field(std::string_view key) {
  const auto* value = any(key);
  PathField field;
  if (value == nullptr) return field;
  if (value->is_null()) {
    field.discard = true;
    return field;
  }
  field.reference = reference(key);
  if (field.reference && field.reference->is_whole_input()) field.reference.reset();
  return field;
}

ResultPath Fields::result_path(std::string_view key) {
  const auto* value = any(key);
  ResultPath result;
  if (value == nullptr) return result;
  if (value->is_null()) {
    result.discard = true;
    return result;
  }
  const auto written = text(key);
  if (!written) return result;
  try {
    result.text = *written;
    result.path = JsonPath::parse(*written);
    if (!result.path.is_reference()) {
      problem(key, "must be a reference path: names and indices only");
      result.path = {};
    }
  } catch (const Malformed& malformed) {
    problem(key, malformed.what);
  }
  return result;
}

void Fields::at_most_one(std::initializer_list<std::string_view> keys) {
  std::string_view first;
  for (const auto key : keys) {
    if (!has(key)) continue;
    if (!first.empty()) problem(key, fmt::format("must not stand beside \"{}\"", first));
    if (first.empty()) first = key;
  }
}

void Fields::refuse_the_rest(std::string_view owner) {
  for (const auto& member : *object_) {
    const std::string_view key(member.key().data(), member.key().size());
    if (asked_.contains(key)) continue;
    if (is_jsonata_only(key)) {
      problem(key, "is a JSONata field; only the JSONPath query language is supported");
    } else {
      problem(key, fmt::format("is no field of {}", owner));
    }
  }
}

}  // namespace understudy::states
