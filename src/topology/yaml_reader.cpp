#include "topology/yaml_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "topology/length.h"

namespace understudy {
namespace {

using Kind = YamlNode::Kind;

/// How many letters must be changed, added, dropped or swapped with their neighbour.
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before_last, last(to.size() + 1), row(to.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (std::size_t i = 1; i <= from.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t change = last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      row[j] = std::min({change, last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = row;
  }
  return last.back();
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const auto near = nearest(word, known);
  return near.empty() ? "" : fmt::format("; did you mean {}?", near);
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string describe(const YamlNode& node) {
  switch (node.kind) {
    case Kind::nothing: return "nothing";
    case Kind::scalar: return quoted(node.text);
    case Kind::sequence: return "a list";
    case Kind::mapping: return node.entries.empty() ? "an empty mapping" : "a mapping";
  }
  return "?";
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t kWordMax = 40;
  if (word.size() > kWordMax) return {};
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto& candidate : known) {
    if (candidate.size() > kWordMax) continue;
    const auto letters = distance(word, candidate);
    if (letters < best_distance) {
      best = candidate;
      best_distance = letters;
    }
  }
  return best;
}

YamlReader::YamlReader(const YamlNode& mapping, std::string path, Findings& findings,
                       LinesByPath& lines)
    : mapping_(mapping), path_(std::move(path)), findings_(findings), lines_(lines) {
  for (const auto& entry : mapping_.entries) lines_.emplace(path_of(entry.key), entry.line);
}

void YamlReader::text(std::string_view name, std::string& value, Need need, TextRule /*rule*/) {
  if (const YamlEntry* entry = find_scalar(name, "a text")) {
    value = entry->value.text;
  } else if (need == Need::required && find(name) == nullptr) {
    missing(name, "a text");
  }
}

void YamlReader::optional_text(std::string_view name, std::optional<std::string>& value,
                               TextRule /*rule*/) {
  if (const YamlEntry* entry = find_scalar(name, "a text")) value = entry->value.text;
}

void YamlReader::texts(std::string_view name, std::vector<std::string>& values, Need need) {
  constexpr std::string_view kExpected = "a list of texts such as [bin/api, --verbose]";
  const YamlEntry* entry = find(name);
  if (entry == nullptr) {
    if (need == Need::required) missing(name, kExpected);
    return;
  }
  read_list(*entry, name, kExpected, values);
}

void YamlReader::variables(std::string_view name, std::vector<std::string>& values) {
  if (const YamlEntry* entry = find(name))
    read_list(*entry, name, "a list of variables' names such as [STAFF_PASSWORD]", values);
}

void YamlReader::read_list(const YamlEntry& entry, std::string_view name, std::string_view expected,
                           std::vector<std::string>& values) {
  if (entry.value.kind != Kind::sequence) return wrong(entry, expected);
  for (std::size_t i = 0; i < entry.value.items.size(); ++i) {
    const YamlNode& item = entry.value.items[i];
    const auto path = fmt::format("{}[{}]", path_of(name), i);
    lines_.emplace(path, item.line);
    if (item.kind != Kind::scalar) {
      findings_.add(path, fmt::format("expected a text, found {}", describe(item)), item.line);
    }
    values.push_back(item.text);
  }
}

void YamlReader::pairs(std::string_view name, std::map<std::string, std::string>& values) {
  const YamlEntry* entry = find_mapping(name);
  if (entry == nullptr) return;
  YamlReader inner(entry->value, path_of(name), findings_, lines_);
  for (const auto& pair : entry->value.entries) {
    if (inner.find(pair.key) != &pair) continue;
    // A value may be a secret: no message shows it.
    if (pair.value.kind != Kind::scalar) {
      inner.wrong(pair, "a text (\"\" for an empty one)");
    } else {
      values[pair.key] = pair.value.text;
    }
  }
  inner.finish();
}

void YamlReader::flag(std::string_view name, bool& value) {
  const YamlEntry* entry = find(name);
  if (entry == nullptr) return;
  const std::string& found = entry->value.text;
  if (found == "on" || found == "true") {
    value = true;
  } else if (found == "off" || found == "false") {
    value = false;
  } else {
    wrong(*entry, "on or off");
  }
}

void YamlReader::length(std::string_view name, Duration& value, LengthBounds /*bounds*/) {
  const YamlEntry* entry = find(name);
  if (entry == nullptr) return;
  if (const auto length = parse_length(entry->value.text)) {
    value = *length;
    return;
  }
  const bool bare = all_digits(entry->value.text);
  wrong(*entry, "a length such as 2s or 600ms", bare ? "; a unit is needed: ms, s, min or h" : "");
}

void YamlReader::finish() {
  std::map<std::string_view, int> first_lines;
  for (const auto& [key, line, node] : mapping_.entries) {
    const auto [first, is_first] = first_lines.emplace(key, line);
    if (!is_first) {
      findings_.add(path_of(key), fmt::format("is written twice, first in line {}", first->second),
                    line);
    } else if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
      const auto meant = findings_.full() ? "" : nearest(key, known_);
      // What was meant for it would be judged with the default in its place.
      if (!meant.empty()) findings_.spoil(path_of(meant));
      const auto hint = meant.empty() ? fmt::format("expected one of {}", fmt::join(known_, ", "))
                                      : fmt::format("did you mean {}?", meant);
      findings_.add(path_of(key), "is not a setting; " + hint, line);
    }
  }
}

/// The first one counts where a key is written twice; finish() names the second.
const YamlEntry* YamlReader::find(std::string_view name) {
  if (std::find(known_.begin(), known_.end(), name) == known_.end()) known_.emplace_back(name);
  for (const auto& entry : mapping_.entries) {
    if (entry.key == name) return &entry;
  }
  return nullptr;
}

const YamlEntry* YamlReader::find_mapping(std::string_view name) {
  const YamlEntry* entry = find(name);
  if (entry == nullptr) return nullptr;
  if (entry->value.kind != Kind::mapping) {
    wrong(*entry, "a mapping of settings");
    return nullptr;
  }
  return not_too_many(*entry) ? entry : nullptr;
}

const YamlEntry* YamlReader::find_named(std::string_view name, Need need) {
  const auto expected = fmt::format("a mapping of names to {}", name);
  const YamlEntry* entry = find(name);
  if (entry == nullptr) {
    if (need == Need::required) missing(name, expected);
    return nullptr;
  }
  if (entry->value.kind != Kind::mapping || entry->value.entries.empty()) {
    wrong(*entry, expected);
    return nullptr;
  }
  return not_too_many(*entry) ? entry : nullptr;
}

bool YamlReader::not_too_many(const YamlEntry& entry) {
  constexpr std::size_t kEntriesMax = 200;
  const auto found = entry.value.entries.size();
  if (found <= kEntriesMax) return true;
  findings_.add(path_of(entry.key),
                fmt::format("expected at most {} entries, found {}", kEntriesMax, found),
                entry.line);
  return false;
}

const YamlEntry* YamlReader::find_scalar(std::string_view name, std::string_view expected) {
  const YamlEntry* entry = find(name);
  if (entry == nullptr || entry->value.kind == Kind::scalar) return entry;
  wrong(*entry, expected);
  return nullptr;
}

std::string YamlReader::path_of(std::string_view name) const { return setting_path(path_, name); }

void YamlReader::wrong(const YamlEntry& entry, std::string_view expected, std::string_view hint) {
  findings_.add(path_of(entry.key),
                fmt::format("expected {}, found {}{}", expected, describe(entry.value), hint),
                entry.line);
}

void YamlReader::wrong_count(const YamlEntry& entry, CountBounds bounds) {
  const bool number = all_digits(entry.value.text) && entry.value.text.size() <= 20;
  findings_.add(path_of(entry.key),
                fmt::format("expected a whole number from {} to {}, found {}", bounds.least,
                            bounds.most, number ? entry.value.text : describe(entry.value)),
                entry.line);
}

void YamlReader::wrong_choice(const YamlEntry& entry, const std::vector<std::string>& known) {
  const bool scalar = entry.value.kind == Kind::scalar;
  wrong(entry, fmt::format("one of {}", fmt::join(known, ", ")),
        scalar ? did_you_mean(entry.value.text, known) : "");
}

void YamlReader::missing(std::string_view name, std::string_view expected) {
  const auto in = lines_.find(path_);
  findings_.add(path_of(name), fmt::format("is missing: expected {}", expected),
                in == lines_.end() ? 0 : in->second);
}

}  // namespace understudy
