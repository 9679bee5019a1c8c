#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>

#include "states/data.h"
#include "states/failure.h"
#include "states/filter.h"
#include "states/json_path.h"

namespace understudy::states {

/// Recursive descent over one path; a filter's paths are read by the same parser.
class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text) {}

  JsonPath whole() {
    auto path = path_from("$");
    if (at_ != text_.size()) fail("unexpected text");
    return path;
  }

 private:
  static constexpr int kDepthMax = 32;

  [[noreturn]] void fail(std::string_view why) const {
    throw Malformed{fmt::format("\"{}\" is no JSONPath: {} at character {}", text_, why, at_ + 1)};
  }
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void expect(std::string_view word) {
    if (!take(word)) fail(fmt::format("expected {}", word));
  }
  void skip_spaces() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }

  JsonPath path_from(std::string_view root) {
    expect(root);
    JsonPath path;
    while (peek() == '.' || peek() == '[') path.steps_.push_back(step());
    path.definite_ = true;
    for (const auto& each : path.steps_) {
      const auto* name = std::get_if<JsonPath::Name>(&each.what);
      const auto* index = std::get_if<JsonPath::Index>(&each.what);
      const bool one = (name != nullptr && name->any_of.size() == 1) ||
                       (index != nullptr && index->any_of.size() == 1);
      if (each.deep || !one) path.definite_ = false;
    }
    return path;
  }

  JsonPath::Step step() {
    JsonPath::Step step;
    if (take("..")) {
      step.deep = true;
      if (peek() != '[') {
        step.what = dotted();
        return step;
      }
    } else if (take(".")) {
      step.what = dotted();
      return step;
    }
    expect("[");
    skip_spaces();
    if (take("*")) {
      step.what = JsonPath::Every{};
    } else if (peek() == '\'' || peek() == '"') {
      step.what = names();
    } else if (take("?")) {
      step.what = where();
    } else {
      indices_or_slice(step);
    }
    skip_spaces();
    expect("]");
    return step;
  }

  std::variant<JsonPath::Name, JsonPath::Index, JsonPath::Slice, JsonPath::Every, JsonPath::Where>
  dotted() {
    if (take("*")) return JsonPath::Every{};
    const auto start = at_;
    while (at_ < text_.size() &&
           std::string_view(".[]()*?@,'\" <>=!&|").find(peek()) == std::string_view::npos) {
      ++at_;
    }
    if (at_ == start) fail("expected a member name");
    if (peek() == '(') fail("functions in paths are not supported");
    return JsonPath::Name{{std::string(text_.substr(start, at_ - start))}};
  }

  /// A backslash stands for itself except before a quote or another backslash.
  std::string quoted() {
    const char quote = peek();
    ++at_;
    std::string name;
    while (peek() != quote) {
      if (at_ >= text_.size()) fail("missing closing quote");
      if (peek() == '\\' && (peek(1) == quote || peek(1) == '\\')) ++at_;
      name += peek();
      ++at_;
    }
    ++at_;
    return name;
  }

  JsonPath::Name names() {
    JsonPath::Name name;
    do {
      skip_spaces();
      if (peek() != '\'' && peek() != '"') fail("expected a quoted member name");
      name.any_of.push_back(quoted());
      skip_spaces();
    } while (take(","));
    return name;
  }

  std::optional<std::int64_t> integer() {
    skip_spaces();
    std::int64_t number = 0;
    const auto* begin = text_.data() + at_;
    const auto [end, failed] = std::from_chars(begin, text_.data() + text_.size(), number);
    if (failed != std::errc()) return std::nullopt;
    at_ += static_cast<std::size_t>(end - begin);
    skip_spaces();
    return number;
  }

  void indices_or_slice(JsonPath::Step& step) {
    auto first = integer();
    if (take(":")) {
      JsonPath::Slice slice{first, integer(), std::nullopt};
      if (take(":")) slice.step = integer();
      if (slice.step && *slice.step < 1) fail("a slice's step is at least 1");
      step.what = slice;
      return;
    }
    if (!first) fail("expected an index, a name in quotes, *, a slice or a filter");
    JsonPath::Index index{{*first}};
    while (take(",")) {
      const auto next = integer();
      if (!next) fail("expected an index");
      index.any_of.push_back(*next);
    }
    step.what = std::move(index);
  }

  JsonPath::Where where() {
    expect("(");
    auto filter = any();
    skip_spaces();
    expect(")");
    return {std::make_shared<const Filter>(std::move(filter))};
  }

  Filter any() {
    if (++depth_ > kDepthMax) fail("the filter is nested too deeply");
    Filter filter{Filter::Kind::any, {}, {}};
    do filter.parts.push_back(all());
    while (skip_spaces(), take("||"));
    --depth_;
    return filter.parts.size() == 1 ? Filter(filter.parts.front()) : filter;
  }

  Filter all() {
    Filter filter{Filter::Kind::all, {}, {}};
    do filter.parts.push_back(term());
    while (skip_spaces(), take("&&"));
    return filter.parts.size() == 1 ? Filter(filter.parts.front()) : filter;
  }

  Filter term() {
    skip_spaces();
    if (peek() == '!' && peek(1) != '=') {
      ++at_;
      if (++depth_ > kDepthMax) fail("the filter is nested too deeply");
      Filter negated{Filter::Kind::negated, {term()}, {}};
      --depth_;
      return negated;
    }
    if (take("(")) {
      auto inner = any();
      skip_spaces();
      expect(")");
      return inner;
    }
    Filter filter{Filter::Kind::exists, {}, {operand()}};
    skip_spaces();
    if (const auto kind = comparison()) {
      filter.kind = *kind;
      filter.operands.push_back(operand());
    } else if (!filter.operands.front().path) {
      fail("a value alone is no condition");
    }
    return filter;
  }

  std::optional<Filter::Kind> comparison() {
    if (take("==")) return Filter::Kind::equal;
    if (take("!=")) return Filter::Kind::unequal;
    if (take("<=")) return Filter::Kind::at_most;
    if (take(">=")) return Filter::Kind::at_least;
    if (take("<")) return Filter::Kind::less;
    if (take(">")) return Filter::Kind::more;
    if (take("=~")) fail("regular expressions are not supported");
    return std::nullopt;
  }

  Filter::Operand operand() {
    skip_spaces();
    Filter::Operand operand;
    if (peek() == '@' || peek() == '$') {
      operand.of_element = peek() == '@';
      operand.path = path_from(operand.of_element ? "@" : "$");
    } else if (peek() == '\'' || peek() == '"') {
      operand.literal = json::string(quoted());
    } else {
      const auto start = at_;
      while (at_ < text_.size() &&
             std::string_view(" )&|<>=!,]").find(peek()) == std::string_view::npos) {
        ++at_;
      }
      const auto literal = parse_json(text_.substr(start, at_ - start));
      if (!literal || literal->is_structured()) fail("expected a path or a value");
      operand.literal = *literal;
    }
    return operand;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

JsonPath JsonPath::parse(std::string_view text) { return PathParser(text).whole(); }

}  // namespace understudy::states
