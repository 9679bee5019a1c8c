// The first line is a path or a call of an intrinsic function; the rest, if it is JSON, is what it
// is asked of.

#include "states/json_path.h"

#include <algorithm>
#include <boost/json.hpp>

#include "states/expression.h"
#include "states/failure.h"
#include "targets.h"

namespace understudy::fuzz {

namespace json = boost::json;

namespace {

using namespace understudy::states;

constexpr std::string_view kData =
    R"({"a": {"b": [1, 2.5, "x", null, {"c": true, "a": -7}]}, "list": [3, 1, 2], "text": "a,b"})";

template <class Parse>
auto parsed(Parse parse) -> std::optional<decltype(parse())> {
  try {
    return parse();
  } catch (const Malformed& refused) {
    must(!refused.what.empty(), "what is malformed is said");
    return std::nullopt;
  }
}

void judge_path(std::string_view text, const json::value& data) {
  const auto path = parsed([&] { return JsonPath::parse(text); });
  if (!path) return;
  const auto all = path->select(data);
  if (path->definite()) {
    const auto one = path->find(data);
    const auto* const* found = std::get_if<const json::value*>(&one);
    must((found != nullptr) == (all.size() == 1), "a definite path finds what it selects");
    must(found == nullptr || *found == all.front(), "and it is the same value");
  }
  if (!path->is_reference()) return;
  const auto put = path->put(data, "placed");
  if (!put) return;
  const auto there = path->find(*put);
  const auto* const* found = std::get_if<const json::value*>(&there);
  must(found != nullptr && **found == "placed", "what is put is found");
}

void judge_expression(std::string_view text, const Data& input) {
  const auto expression = parsed([&] { return Expression::parse(text); });
  if (!expression) return;
  const Data context{json::object{{"Task", json::object{{"Token", "t"}}}}};
  Variables variables;
  variables.set("v", input);
  const auto value = [&]() -> std::optional<std::string> {
    Random random(7);
    try {
      return expression
          ->evaluate({input, [&]() -> const Data& { return context; }, variables, random}, "x.$")
          .text();
    } catch (const EvaluationFailed& failed) {
      must(failed.error.starts_with("States."), "a failure has a name of Step Functions'");
      return std::nullopt;
    }
  };
  const auto once = value();
  must(once == value(), "the same expression of the same data is the same value");
  must(!once || parse_json(*once), "a value is JSON");
}

}  // namespace

void json_path(std::string_view bytes) {
  const auto text = bytes.substr(0, bytes.find('\n'));
  // It comes out of a document, and so is a JSON text.
  if (!parse_json(json::serialize(json::string(text)))) return;
  const auto rest = bytes.substr(std::min(bytes.size(), text.size() + 1));
  const Data data(parse_json(rest).value_or(json::parse(kData)));
  judge_path(text, data.value());
  judge_expression(text, data);
}

}  // namespace understudy::fuzz
