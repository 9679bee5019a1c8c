#include "code_text.h"

#include <algorithm>
#include <cctype>
#include <regex>

namespace understudy::architecture {

namespace {

/// Walks over C++ text and blanks what is not code.
class Blanker {
 public:
  explicit Blanker(std::string text) : text_(std::move(text)) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (starts("//")) {
        blank_until("\n", false);
      } else if (starts("/*")) {
        blank_until("*/", true);
      } else if (starts("R\"") && !identifier_before()) {
        blank_raw_string();
      } else if (text_[at_] == '"') {
        blank_literal('"');
      } else if (text_[at_] == '\'' && !identifier_before()) {  // else it separates digits
        blank_literal('\'');
      } else {
        ++at_;
      }
    }
    return std::move(text_);
  }

 private:
  [[nodiscard]] bool starts(std::string_view what) const {
    return text_.compare(at_, what.size(), what) == 0;
  }
  [[nodiscard]] bool identifier_before() const {
    if (at_ == 0) return false;
    const char c = text_[at_ - 1];
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  }
  void blank(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < std::min(to, text_.size()); ++i) {
      if (text_[i] != '\n') text_[i] = ' ';
    }
  }
  void blank_until(const std::string& end, bool end_too) {
    const auto found = text_.find(end, at_);
    const std::size_t stop =
        found == std::string::npos ? text_.size() : found + (end_too ? end.size() : 0);
    blank(at_, stop);
    at_ = stop;
  }
  void blank_raw_string() {
    const auto open = text_.find('(', at_);
    if (open == std::string::npos) {
      at_ = text_.size();
      return;
    }
    const std::string end = ")" + text_.substr(at_ + 2, open - at_ - 2) + "\"";
    blank_until(end, true);
  }
  void blank_literal(char quote) {
    const std::size_t from = at_ + 1;
    for (++at_; at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    blank(from, at_);
    ++at_;
  }

  std::string text_;
  std::size_t at_ = 0;
};

/// Preprocessor lines, with their continuations.
std::string without_directives(std::string text) {
  bool directive = false;
  bool line_start = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      directive = directive && i > 0 && text[i - 1] == '\\';
      line_start = true;
      continue;
    }
    if (line_start && text[i] == '#') directive = true;
    if (text[i] != ' ') line_start = false;
    if (directive && text[i] != '\\') text[i] = ' ';
  }
  return text;
}

enum class Block { scope, function, data };

Block kind_of(const std::string& head) {
  static const std::regex kScope(R"(\b(namespace|class|struct|union|enum|extern)\b)");
  static const std::regex kAssignment(R"([^=!<>]=[^=]|=\s*$)");
  const bool called = head.find('(') != std::string::npos;
  const bool assigned = std::regex_search(head, kAssignment);
  if (called && !assigned) return Block::function;
  if (!assigned && std::regex_search(head, kScope)) return Block::scope;
  return Block::data;
}

std::string shortened(const std::string& head) {
  std::string text = std::regex_replace(head, std::regex(R"(\s+)"), " ");
  if (text.starts_with(" ")) text.erase(0, 1);
  while (text.ends_with(" ")) text.pop_back();
  return text.substr(0, 80);
}

}  // namespace

std::string code_only(const std::string& text) { return Blanker(text).run(); }

std::vector<Function> functions_in(const std::string& text) {
  const std::string code = without_directives(code_only(text));
  std::vector<Function> found;
  std::string head;
  int line = 1;
  int head_line = 0;
  int inside = 0;  // braces open since a function or an initialiser began
  Block kind = Block::scope;
  for (const char c : code) {
    if (c == '\n') ++line;
    if (inside > 0) {
      inside += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (inside == 0 && kind == Block::function) found.back().lines = line - head_line + 1;
      if (inside == 0) head.clear(), head_line = 0;
      continue;
    }
    if (c == '{') {
      kind = kind_of(head);
      if (kind != Block::scope) inside = 1;
      if (kind == Block::function) found.push_back({shortened(head), head_line, 0});
      if (kind == Block::scope) head.clear(), head_line = 0;
    } else if (c == '}' || c == ';') {
      head.clear(), head_line = 0;
    } else {
      if (head_line == 0 && std::isspace(static_cast<unsigned char>(c)) == 0) head_line = line;
      head += c;
    }
  }
  return found;
}

}  // namespace understudy::architecture
