// Reading and evaluating calls; what each function does is in intrinsic.cpp.

#include <fmt/format.h>

#include <boost/json.hpp>

#include "states/failure.h"
#include "states/intrinsic.h"

namespace understudy::states {
namespace {

class CallParser {
 public:
  explicit CallParser(std::string_view text) : text_(text) {}

  Call whole() {
    auto parsed = call(0);
    skip_spaces();
    if (at_ != text_.size()) fail("unexpected text after the call");
    return parsed;
  }

 private:
  /// Deeper nesting than Step Functions takes.
  static constexpr int kDepthMax = 10;

  [[noreturn]] void fail(std::string_view why) const {
    throw Malformed{fmt::format("\"{}\" is no intrinsic function call: {} at character {}", text_,
                                why, at_ + 1)};
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_spaces() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }
  bool take(char c) {
    skip_spaces();
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  Call call(int depth) {
    if (depth >= kDepthMax) fail("calls are nested too deeply");
    const auto start = at_;
    at_ += std::string_view("States.").size();
    const auto name_at = at_;
    while (at_ < text_.size() && text_[at_] != '(' && text_[at_] != ' ') ++at_;
    const auto name = text_.substr(name_at, at_ - name_at);
    Call call;
    call.function = intrinsic_named(name);
    if (call.function == nullptr) fail(fmt::format("there is no function States.{}", name));
    if (!take('(')) fail("expected (");
    if (!take(')')) {
      do {
        const bool is_template = name == "Format" && call.arguments.empty();
        call.arguments.push_back(argument(depth, is_template));
      } while (take(','));
      if (!take(')')) fail("expected , or )");
    }
    const auto count = call.arguments.size();
    if (count < call.function->fewest || count > call.function->most) {
      fail(fmt::format("States.{} does not take {} arguments", name, count));
    }
    call.text = text_.substr(start, at_ - start);
    return call;
  }

  Call::Argument argument(int depth, bool is_template) {
    skip_spaces();
    if (peek() == '\'') return json::value(json::string(quoted(is_template)));
    if (peek() == '$') return reference();
    if (text_.substr(at_).starts_with("States.")) {
      return std::make_shared<const Call>(call(depth + 1));
    }
    const auto start = at_;
    while (at_ < text_.size() && peek() != ',' && peek() != ')' && peek() != ' ') ++at_;
    const auto literal = parse_json(text_.substr(start, at_ - start));
    if (!literal || literal->is_structured() || literal->is_string()) {
      fail("expected a path, a call, a number, true, false, null or a text in single quotes");
    }
    return *literal;
  }

  /// In a template of States.Format an escaped brace must keep its backslash until the braces are
  /// counted; everywhere else an escaped character stands for itself.
  std::string quoted(bool is_template) {
    ++at_;
    std::string out;
    while (peek() != '\'') {
      if (at_ >= text_.size()) fail("missing closing quote");
      if (peek() == '\\') {
        ++at_;
        const char escaped = peek();
        if (std::string_view("'{}\\").find(escaped) == std::string_view::npos) {
          fail("only ' { } and \\ may follow a backslash");
        }
        if (is_template && escaped != '\'') out += '\\';
      }
      out += peek();
      ++at_;
    }
    ++at_;
    return out;
  }

  /// A path ends at the comma or parenthesis that belongs to the call, not to a filter or a name.
  Reference reference() {
    const auto start = at_;
    int depth = 0;
    char quote = '\0';
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quote != '\0') {
        if (c == quote) quote = '\0';
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '[' || c == '(') {
        ++depth;
      } else if (c == ']' || (c == ')' && depth > 0)) {
        --depth;
      } else if (depth == 0 && (c == ',' || c == ')' || c == ' ')) {
        break;
      }
    }
    return Reference::parse(text_.substr(start, at_ - start));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Call parse_call(std::string_view text) { return CallParser(text).whole(); }

namespace {

json::value evaluate_argument(const Call::Argument& argument, const Scope& scope) {
  if (const auto* literal = std::get_if<json::value>(&argument)) return *literal;
  if (const auto* nested = std::get_if<std::shared_ptr<const Call>>(&argument)) {
    return evaluate_call(**nested, scope);
  }
  const auto& reference = std::get<Reference>(argument);
  const auto found = reference.find(scope);
  if (const auto* data = std::get_if<Data>(&found)) return data->value();
  throw runtime_failure(
      fmt::format("The JsonPath argument for the field '{}' could not be found in the input '{}'",
                  reference.text(), scope.input.text()));
}

}  // namespace

json::value evaluate_call(const Call& call, const Scope& scope) {
  Arguments arguments;
  arguments.reserve(call.arguments.size());
  for (const auto& argument : call.arguments) {
    arguments.push_back(evaluate_argument(argument, scope));
  }
  try {
    return call.function->apply(arguments, scope.random);
  } catch (const EvaluationFailed& failed) {
    throw EvaluationFailed{
        failed.error,
        fmt::format("The function '{}' had the following error: {}", call.text, failed.what)};
  }
}

}  // namespace understudy::states
