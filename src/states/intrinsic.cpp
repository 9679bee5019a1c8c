#include "states/intrinsic.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <boost/locale/utf.hpp>
#include <cmath>

#include "states/data.h"
#include "states/digest.h"
#include "states/failure.h"

namespace understudy::states {
namespace {

constexpr std::size_t kTextMax = 10'000;  ///< Step Functions' limit for hashes and base64.
constexpr std::size_t kRangeMax = 1'000;
constexpr std::size_t kAnyNumber = 1'000;

[[noreturn]] void refuse(std::string what) {
  throw EvaluationFailed{"States.IntrinsicFailure", std::move(what)};
}

const json::array& array_at(const Arguments& arguments, std::size_t at) {
  const auto* array = arguments[at].if_array();
  if (array == nullptr) refuse(fmt::format("argument {} must be an array", at + 1));
  return *array;
}

std::string text_at(const Arguments& arguments, std::size_t at) {
  const auto* text = arguments[at].if_string();
  if (text == nullptr) refuse(fmt::format("argument {} must be a string", at + 1));
  return {text->data(), text->size()};
}

/// A journal is UTF-8: what is not could not be read back.
bool is_text(std::string_view bytes) {
  using Utf8 = boost::locale::utf::utf_traits<char>;
  for (auto at = bytes.begin(); at != bytes.end();) {
    if (!boost::locale::utf::is_valid_codepoint(Utf8::decode(at, bytes.end()))) return false;
  }
  return true;
}

/// How many bytes the character that begins there has.
std::size_t character_at(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return end - at;
}

/// Numbers with a fraction are rounded to the nearest whole one, halves upwards.
std::int64_t integer_at(const Arguments& arguments, std::size_t at) {
  const auto& value = arguments[at];
  if (!value.is_number()) refuse(fmt::format("argument {} must be a number", at + 1));
  if (const auto whole = whole_number(value)) return *whole;
  const auto rounded = std::floor(value.to_number<double>() + 0.5);
  if (std::abs(rounded) > 9e18) refuse(fmt::format("argument {} is too large", at + 1));
  return static_cast<std::int64_t>(rounded);
}

json::value array(const Arguments& arguments, Random&) {
  return json::array(arguments.begin(), arguments.end());
}

json::value array_partition(const Arguments& arguments, Random&) {
  const auto& all = array_at(arguments, 0);
  const auto size = integer_at(arguments, 1);
  if (size < 1) refuse("the size of a part must be a positive number");
  json::array parts;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % static_cast<std::size_t>(size) == 0) parts.emplace_back(json::array());
    parts.back().get_array().push_back(all[i]);
  }
  return parts;
}

bool contains(const json::array& array, const json::value& wanted) {
  return std::ranges::any_of(array, [&](const auto& each) { return same_json(each, wanted); });
}

json::value array_contains(const Arguments& arguments, Random&) {
  return contains(array_at(arguments, 0), arguments[1]);
}

json::value array_range(const Arguments& arguments, Random&) {
  const auto first = integer_at(arguments, 0);
  const auto last = integer_at(arguments, 1);
  const auto step = integer_at(arguments, 2);
  if (step == 0) refuse("the step must not be zero");
  json::array range;
  for (auto i = first; step > 0 ? i <= last : i >= last;) {
    if (range.size() == kRangeMax) refuse(fmt::format("more than {} elements", kRangeMax));
    range.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return range;
}

json::value array_get_item(const Arguments& arguments, Random&) {
  const auto& all = array_at(arguments, 0);
  const auto index = integer_at(arguments, 1);
  if (index < 0 || index >= static_cast<std::int64_t>(all.size())) {
    refuse(fmt::format("index {} is outside an array of {}", index, all.size()));
  }
  return all[static_cast<std::size_t>(index)];
}

json::value array_length(const Arguments& arguments, Random&) {
  return static_cast<std::int64_t>(array_at(arguments, 0).size());
}

json::value array_unique(const Arguments& arguments, Random&) {
  json::array unique;
  for (const auto& each : array_at(arguments, 0)) {
    if (!contains(unique, each)) unique.push_back(each);
  }
  return unique;
}

std::string short_text_at(const Arguments& arguments, std::size_t at) {
  auto text = text_at(arguments, at);
  if (text.size() > kTextMax) refuse(fmt::format("argument {} is too long", at + 1));
  return text;
}

json::value base64_encoded(const Arguments& arguments, Random&) {
  return json::string(base64_encode(short_text_at(arguments, 0)));
}

json::value base64_decoded(const Arguments& arguments, Random&) {
  const auto decoded = base64_decode(short_text_at(arguments, 0));
  if (!decoded) refuse("the argument is no base64");
  if (!is_text(*decoded)) refuse("the argument is no text once decoded");
  return json::string(*decoded);
}

json::value hash(const Arguments& arguments, Random&) {
  const auto text = arguments[0].is_string() ? text_at(arguments, 0) : to_text(arguments[0]);
  if (text.size() > kTextMax) refuse("argument 1 is too long");
  const auto algorithm = text_at(arguments, 1);
  const auto hex = digest_hex(algorithm, text);
  if (!hex) refuse("the algorithm must be MD5, SHA-1, SHA-256, SHA-384 or SHA-512");
  return json::string(*hex);
}

json::value json_merge(const Arguments& arguments, Random&) {
  const auto* first = arguments[0].if_object();
  const auto* second = arguments[1].if_object();
  if (first == nullptr || second == nullptr) refuse("arguments 1 and 2 must be objects");
  if (!arguments[2].is_bool() || arguments[2].get_bool()) {
    refuse("argument 3 must be false: only shallow merging is supported");
  }
  auto merged = *first;
  for (const auto& [key, member] : *second) merged.insert_or_assign(key, member);
  return merged;
}

json::value string_to_json(const Arguments& arguments, Random&) {
  const auto text = text_at(arguments, 0);
  if (text.empty()) return nullptr;
  auto parsed = parse_json(text);
  if (!parsed) refuse("the argument is no JSON text");
  return std::move(*parsed);
}

json::value json_to_string(const Arguments& arguments, Random&) {
  return json::string(to_text(arguments[0]));
}

json::value math_add(const Arguments& arguments, Random&) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(integer_at(arguments, 0), integer_at(arguments, 1), &sum)) {
    refuse("the sum is too large");
  }
  return sum;
}

/// With a seed the draw depends on the seed alone.
json::value math_random(const Arguments& arguments, Random& random) {
  const auto from = integer_at(arguments, 0);
  const auto to = integer_at(arguments, 1);
  if (from >= to) refuse("the first number must be less than the second");
  const auto span = static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
  Random seeded(arguments.size() == 3 ? static_cast<std::uint64_t>(integer_at(arguments, 2)) : 0);
  const auto drawn = arguments.size() == 3 ? seeded.below(span) : random.below(span);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(from) + drawn);
}

/// Every character of the second argument separates; empty parts are dropped.
json::value string_split(const Arguments& arguments, Random&) {
  const auto text = text_at(arguments, 0);
  const auto separators = text_at(arguments, 1);
  json::array parts;
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto length = character_at(text, at);
    if (separators.find(text.substr(at, length)) != std::string_view::npos) {
      if (at > from) parts.emplace_back(text.substr(from, at - from));
      from = at + length;
    }
    at += length;
  }
  if (text.size() > from) parts.emplace_back(text.substr(from));
  return parts;
}

json::value uuid(const Arguments&, Random& random) { return json::string(random.uuid()); }

json::value format(const Arguments& arguments, Random&) {
  const auto pattern = text_at(arguments, 0);
  std::string out;
  std::size_t used = 1;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (c == '\\' && (next == '{' || next == '}' || next == '\\')) {
      out += next;
      ++i;
    } else if (c == '{') {
      if (next != '}') refuse("matching '}' not found");
      if (used == arguments.size()) refuse("fewer arguments than {} in the template");
      const auto& value = arguments[used++];
      out += value.is_string() ? std::string(value.get_string()) : to_text(value);
      ++i;
    } else {
      out += c;
    }
  }
  if (used != arguments.size()) refuse("more arguments than {} in the template");
  return json::string(out);
}

constexpr std::array kIntrinsics = {
    Intrinsic{"Array", 0, kAnyNumber, array},
    Intrinsic{"ArrayPartition", 2, 2, array_partition},
    Intrinsic{"ArrayContains", 2, 2, array_contains},
    Intrinsic{"ArrayRange", 3, 3, array_range},
    Intrinsic{"ArrayGetItem", 2, 2, array_get_item},
    Intrinsic{"ArrayLength", 1, 1, array_length},
    Intrinsic{"ArrayUnique", 1, 1, array_unique},
    Intrinsic{"Base64Encode", 1, 1, base64_encoded},
    Intrinsic{"Base64Decode", 1, 1, base64_decoded},
    Intrinsic{"Hash", 2, 2, hash},
    Intrinsic{"JsonMerge", 3, 3, json_merge},
    Intrinsic{"StringToJson", 1, 1, string_to_json},
    Intrinsic{"JsonToString", 1, 1, json_to_string},
    Intrinsic{"MathAdd", 2, 2, math_add},
    Intrinsic{"MathRandom", 2, 3, math_random},
    Intrinsic{"StringSplit", 2, 2, string_split},
    Intrinsic{"UUID", 0, 0, uuid},
    Intrinsic{"Format", 1, kAnyNumber, format},
};

}  // namespace

const Intrinsic* intrinsic_named(std::string_view name) {
  const auto found = std::ranges::find(kIntrinsics, name, &Intrinsic::name);
  return found == kIntrinsics.end() ? nullptr : &*found;
}

}  // namespace understudy::states
