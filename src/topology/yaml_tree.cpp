#include "topology/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <boost/locale/utf.hpp>
#include <exception>
#include <optional>
#include <sstream>

namespace understudy {
namespace {

constexpr std::size_t kDepthMax = 32;
constexpr std::size_t kNodesMax = 20'000;

/// Thrown out of yaml-cpp's parser by the handler below; never leaves this file.
struct Refused : std::exception {
  explicit Refused(YamlRefusal why) : refusal(std::move(why)) {}
  [[nodiscard]] const char* what() const noexcept override { return refusal.what.c_str(); }
  YamlRefusal refusal;
};

/// Builds the tree from the parser's events rather than from YAML::Load: that one drops the first
/// of two equal keys without a word, and shares aliased nodes.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string_view text)
      : lines_(static_cast<int>(std::count(text.begin(), text.end(), '\n')) +
               (text.ends_with('\n') ? 0 : 1)) {}

  /// What is missed at the end is missing in the last line, not in what we put below it.
  [[nodiscard]] int line_of(const YAML::Mark& mark) const {
    return std::min(mark.line + 1, lines_);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) refuse(mark, "a second document starts here; expected one");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    refuse_as_key(mark);
    add(mark, YamlNode::Kind::nothing);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    refuse(mark, "aliases (*name) are not supported; write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                const std::string& value) override {
    refuse_tag(mark, tag);
    if (value.find('\0') != std::string::npos) refuse(mark, "a text holds a null character");
    if (expects_key()) {
      count(mark);
      open_.back().key = value;
      open_.back().key_line = line_of(mark);
      return;
    }
    add(mark, YamlNode::Kind::scalar).text = value;
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, YamlNode::Kind::sequence);
  }
  void OnSequenceEnd() override { open_.pop_back(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, YamlNode::Kind::mapping);
  }
  void OnMapEnd() override { open_.pop_back(); }

  [[nodiscard]] YamlNode take() { return std::move(root_); }

  /// The line of the last key or value that the parser got through.
  [[nodiscard]] int last_line() const { return last_line_; }

 private:
  /// A collection whose end has not come. The pointer stays good: a parent's vector grows only
  /// after its last child was closed.
  struct Open {
    YamlNode* node = nullptr;
    std::optional<std::string> key;
    int key_line = 0;
  };

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string what) const {
    throw Refused(YamlRefusal{line_of(mark), std::move(what)});
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;  // plain and quoted
    refuse(mark, "tags (!name) are not supported; write the plain value");
  }

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().node->kind == YamlNode::Kind::mapping &&
           !open_.back().key;
  }

  void refuse_as_key(const YAML::Mark& mark) const {
    if (expects_key()) refuse(mark, "expected a plain text as key");
  }

  void count(const YAML::Mark& mark) {
    last_line_ = line_of(mark);
    if (++nodes_ > kNodesMax) refuse(mark, fmt::format("more than {} values", kNodesMax));
  }

  void open(const YAML::Mark& mark, const std::string& tag, YamlNode::Kind kind) {
    refuse_as_key(mark);
    refuse_tag(mark, tag);
    if (open_.size() == kDepthMax) {
      refuse(mark, fmt::format("nested deeper than {} levels", kDepthMax));
    }
    open_.push_back(Open{&add(mark, kind)});
  }

  YamlNode& add(const YAML::Mark& mark, YamlNode::Kind kind) {
    count(mark);
    YamlNode& node = place();
    node.kind = kind;
    node.line = line_of(mark);
    return node;
  }

  YamlNode& place() {
    if (open_.empty()) return root_;
    Open& parent = open_.back();
    if (parent.node->kind == YamlNode::Kind::sequence) return parent.node->items.emplace_back();
    auto& entry = parent.node->entries.emplace_back();
    entry.key = std::move(*parent.key);
    entry.line = parent.key_line;
    parent.key.reset();
    return entry.value;
  }

  const int lines_;
  YamlNode root_;
  std::vector<Open> open_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
  int last_line_ = 1;
};

/// yaml-cpp guesses encodings and swallows control characters; we take text or say where it ends.
std::optional<YamlRefusal> refuse_binary(std::string_view text) {
  using Utf8 = boost::locale::utf::utf_traits<char>;
  int line = 1;
  for (auto at = text.begin(); at != text.end();) {
    const auto point = Utf8::decode(at, text.end());
    const bool is_text = boost::locale::utf::is_valid_codepoint(point) &&
                         (point >= 0x20 || point == '\n' || point == '\r' || point == '\t') &&
                         point != 0x7f;
    if (!is_text) return YamlRefusal{line, "this is not a text file in UTF-8"};
    if (point == '\n') ++line;
  }
  return std::nullopt;
}

}  // namespace

std::variant<YamlNode, YamlRefusal> read_yaml(std::string_view text) {
  if (text.size() > kYamlBytesMax) return YamlRefusal{0, "is larger than 1 MiB"};
  if (auto refusal = refuse_binary(text)) return *refusal;
  // yaml-cpp takes the end of the text for the end of an open quote, and so everything below one
  // for its text. It does refuse to find a document's end inside a quote.
  const std::string closed = fmt::format("{}{}...\n", text, text.ends_with('\n') ? "" : "\n");
  TreeBuilder builder(text);
  try {
    std::istringstream stream(closed);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return YamlRefusal{0, "is empty"};
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.take();
  } catch (const Refused& refused) {
    return refused.refusal;
  } catch (const YAML::ParserException& refused) {
    if (refused.msg == YAML::ErrorMsg::DOC_IN_SCALAR ||
        refused.msg == YAML::ErrorMsg::EOF_IN_SCALAR) {
      return YamlRefusal{builder.last_line(),
                         "is not YAML: a quote opened here or below is never closed"};
    }
    return YamlRefusal{refused.mark.is_null() ? 0 : builder.line_of(refused.mark),
                       fmt::format("is not YAML: {}", refused.msg)};
  } catch (const std::exception& refused) {
    return YamlRefusal{0, fmt::format("is not YAML: {}", refused.what())};
  }
}

}  // namespace understudy
