#pragma once
// From a YAML tree to settings: a visitor of fields.h that reads what is there, leaves what is not,
// and names every key and type that was not expected.

#include <charconv>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "topology/fields.h"
#include "topology/findings.h"
#include "topology/names.h"
#include "topology/yaml_tree.h"

namespace understudy {

/// Where each setting stands in the file.
using LinesByPath = std::map<std::string, int>;

/// What a message says was found: the value itself if it is short, else what kind of thing it is.
[[nodiscard]] std::string describe(const YamlNode& node);

/// The known word nearest to a mistyped one, or "" if none is near.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& known);

/// Reads one mapping. finish() is called once, after all its fields were visited.
class YamlReader {
 public:
  /// The references outlive the reader; `mapping` is one. `path` is "" for the whole file.
  YamlReader(const YamlNode& mapping, std::string path, Findings& findings, LinesByPath& lines);

  void text(std::string_view name, std::string& value, Need need, TextRule rule);
  void optional_text(std::string_view name, std::optional<std::string>& value, TextRule rule);
  void texts(std::string_view name, std::vector<std::string>& values, Need need);
  void variables(std::string_view name, std::vector<std::string>& values);
  void pairs(std::string_view name, std::map<std::string, std::string>& values);
  void flag(std::string_view name, bool& value);
  void length(std::string_view name, Duration& value, LengthBounds bounds);

  template <class Unsigned>
  void count(std::string_view name, Unsigned& value, CountBounds bounds) {
    const YamlEntry* entry = find(name);
    if (entry == nullptr) return;
    const std::string& found = entry->value.text;
    const char* end = found.data() + found.size();
    const auto [rest, failure] = std::from_chars(found.data(), end, value);
    if (failure != std::errc() || rest != end) wrong_count(*entry, bounds);
  }

  template <class Enum>
  void choice(std::string_view name, Enum& value) {
    const YamlEntry* entry = find(name);
    if (entry == nullptr) return;
    std::vector<std::string> known;
    for (const auto& [choice, spelling] : Spellings<Enum>::all) {
      if (entry->value.kind == YamlNode::Kind::scalar && entry->value.text == spelling) {
        value = choice;
        return;
      }
      known.emplace_back(spelling);
    }
    wrong_choice(*entry, known);
  }

  template <class Fields>
  void group(std::string_view name, Fields fields) {
    const YamlEntry* entry = find_mapping(name);
    if (entry == nullptr) return;
    YamlReader inner(entry->value, path_of(name), findings_, lines_);
    fields(inner);
    inner.finish();
  }

  /// A mapping from names to groups; if it is required, or there, it holds one at least.
  template <class T, class Fields>
  void named(std::string_view name, std::vector<T>& values, Need need, Fields fields) {
    const YamlEntry* entry = find_named(name, need);
    if (entry == nullptr) return;
    YamlReader each(entry->value, path_of(name), findings_, lines_);
    for (const auto& written : entry->value.entries) {
      if (each.find(written.key) != &written) continue;  // written twice
      T value;
      value.name = written.key;
      each.group(written.key, [&](auto& inner) { fields(inner, value); });
      values.push_back(std::move(value));
    }
    each.finish();
  }

  /// Names keys that no field asked for, and keys written twice.
  void finish();

 private:
  [[nodiscard]] const YamlEntry* find(std::string_view name);
  [[nodiscard]] const YamlEntry* find_mapping(std::string_view name);
  [[nodiscard]] const YamlEntry* find_named(std::string_view name, Need need);
  [[nodiscard]] const YamlEntry* find_scalar(std::string_view name, std::string_view expected);
  [[nodiscard]] bool not_too_many(const YamlEntry& entry);
  [[nodiscard]] std::string path_of(std::string_view name) const;
  void read_list(const YamlEntry& entry, std::string_view name, std::string_view expected,
                 std::vector<std::string>& values);
  void wrong(const YamlEntry& entry, std::string_view expected, std::string_view hint = "");
  void wrong_count(const YamlEntry& entry, CountBounds bounds);
  void wrong_choice(const YamlEntry& entry, const std::vector<std::string>& known);
  void missing(std::string_view name, std::string_view expected);

  const YamlNode& mapping_;
  std::string path_;
  Findings& findings_;
  LinesByPath& lines_;
  std::vector<std::string> known_;  ///< every key a field has asked for
};

}  // namespace understudy
