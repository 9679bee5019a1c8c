#include "record/canonical.h"

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "base/ensure.h"
#include "states/data.h"
#include "states/digest.h"

namespace understudy::record {

namespace json = boost::json;

namespace {

json::value sorted(const json::value& value) {
  if (const auto* list = value.if_array()) {
    json::array out;
    for (const auto& element : *list) out.push_back(sorted(element));
    return out;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return value;
  std::vector<const json::key_value_pair*> members;
  for (const auto& member : *object) members.push_back(&member);
  std::ranges::sort(members, {},
                    [](const auto* member) { return std::string_view(member->key()); });
  json::object out;
  for (const auto* member : members) out[member->key()] = sorted(member->value());
  return out;
}

}  // namespace

std::string canonical(const json::value& value) { return states::to_text(sorted(value)); }

Result<json::object> parse_canonical(std::string_view text) {
  const auto value = states::parse_json(text);
  if (!value || !value->is_object()) return Error{After::unchanged_final, "is no JSON object"};
  if (canonical(*value) != text)
    return Error{After::unchanged_final, "is not written as this program writes it"};
  return value->get_object();
}

std::string sha256(std::string_view bytes) {
  const auto hex = states::digest_hex("SHA-256", bytes);
  ensure(hex.has_value(), "SHA-256 is always there");
  return *hex;
}

}  // namespace understudy::record
