#pragma once
// A YAML text as a tree that forgets nothing a message needs: lines, and keys written twice.

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace understudy {

struct YamlEntry;

struct YamlNode {
  enum class Kind { nothing, scalar, sequence, mapping };

  Kind kind = Kind::nothing;
  int line = 0;      ///< from 1
  std::string text;  ///< of a scalar: valid UTF-8 without a null character
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  ///< in the order of the file; a key may stand here twice
};

struct YamlEntry {
  std::string key;
  int line = 0;
  YamlNode value;
};

/// Why a text is no tree.
struct YamlRefusal {
  int line = 0;  ///< 0: the text as a whole
  std::string what;
};

/// Reads one document. Refuses what is no YAML, and what a settings file has no use for and an
/// attacker or an accident may: aliases, tags, a second document, more than 1 MiB, 32 levels or
/// 20,000 values. Time and memory are bounded by these limits.
[[nodiscard]] std::variant<YamlNode, YamlRefusal> read_yaml(std::string_view text);

/// The largest text that read_yaml() takes.
inline constexpr std::size_t kYamlBytesMax = std::size_t{1} << 20;

}  // namespace understudy
