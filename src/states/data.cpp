#include "states/data.h"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>

namespace understudy::states {
namespace {

/// Most texts of an execution are no longer.
constexpr std::size_t kTextUsually = 500;

/// By character: whether it stands in a JSON text as something else.
constexpr auto kEscaped = [] {
  std::array<bool, 256> escaped{};
  for (std::size_t control = 0; control < 0x20; ++control) escaped[control] = true;
  escaped['"'] = escaped['\\'] = true;
  return escaped;
}();

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    case '\b': out += "\\b"; break;
    case '\f': out += "\\f"; break;
    default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  }
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t written = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!kEscaped[static_cast<unsigned char>(text[at])]) [[likely]]
      continue;
    out.append(text, written, at - written);
    append_escaped(out, text[at]);
    written = at + 1;
  }
  out.append(text, written);
  out += '"';
}

template <class Whole>
void append_whole(std::string& out, Whole number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

/// Boost.JSON writes 4.3 as 4.3E0, which people would have to read in histories and in the texts
/// that States.Format makes; and what was too large for a double (1e400) as no JSON at all. It is
/// read back as what it was from a number that is too large again.
void append_double(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += number < 0 ? "-1e999" : "1e999";
    return;
  }
  const auto start = out.size();
  fmt::format_to(std::back_inserter(out), "{}", number);
  if (out.find_first_of(".e", start) == std::string::npos) out += ".0";
}

void append(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: out += "null"; break;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; break;
    case json::kind::int64: append_whole(out, value.get_int64()); break;
    case json::kind::uint64: append_whole(out, value.get_uint64()); break;
    case json::kind::double_: append_double(out, value.get_double()); break;
    case json::kind::string: append_string(out, value.get_string()); break;
    case json::kind::array: {
      out += '[';
      const char* comma = "";
      for (const auto& element : value.get_array()) {
        out += comma;
        append(out, element);
        comma = ",";
      }
      out += ']';
      break;
    }
    case json::kind::object: {
      out += '{';
      const char* comma = "";
      for (const auto& [key, member] : value.get_object()) {
        out += comma;
        append_string(out, key);
        out += ':';
        append(out, member);
        comma = ",";
      }
      out += '}';
      break;
    }
  }
}

}  // namespace

std::string to_text(const json::value& value) {
  std::string out;
  out.reserve(kTextUsually);
  append(out, value);
  return out;
}

std::optional<json::value> parse_json(std::string_view text) {
  boost::system::error_code failed;
  json::parse_options options;
  options.max_depth = 256;
  auto value = json::parse({text.data(), text.size()}, failed, {}, options);
  if (failed) return std::nullopt;
  return value;
}

bool same_json(const json::value& one, const json::value& other) {
  if (one.is_number() && other.is_number()) {
    if (!one.is_double() && !other.is_double()) return one == other;
    return one.to_number<double>() == other.to_number<double>();
  }
  if (one.kind() != other.kind()) return false;
  if (one.is_array()) {
    const auto& left = one.get_array();
    const auto& right = other.get_array();
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (!same_json(left[i], right[i])) return false;
    }
    return true;
  }
  if (one.is_object()) {
    const auto& left = one.get_object();
    const auto& right = other.get_object();
    if (left.size() != right.size()) return false;
    for (const auto& [key, member] : left) {
      const auto* found = right.if_contains(key);
      if (found == nullptr || !same_json(member, *found)) return false;
    }
    return true;
  }
  return one == other;
}

std::optional<std::int64_t> whole_number(const json::value& value) {
  if (const auto* number = value.if_int64()) return *number;
  const auto* number = value.if_uint64();
  if (number == nullptr || *number > INT64_MAX) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

namespace {

std::shared_ptr<const json::value> shared_null() {
  static const auto null = std::make_shared<const json::value>(nullptr);
  return null;
}

}  // namespace

Data::Data() : value_(shared_null()) {}

Data::Data(json::value value) : value_(std::make_shared<const json::value>(std::move(value))) {}

Data::Data(json::value value, std::string text)
    : value_(std::make_shared<const json::value>(std::move(value))),
      text_(std::make_shared<const std::string>(std::move(text))) {}

const std::string& Data::text() const {
  if (!text_) text_ = std::make_shared<const std::string>(to_text(*value_));
  return *text_;
}

Data Data::part(const json::value& inside) const {
  if (&inside == value_.get()) return *this;
  Data part;
  part.value_ = std::shared_ptr<const json::value>(value_, &inside);
  return part;
}

}  // namespace understudy::states
