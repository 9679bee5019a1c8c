#pragma once
// The mistakes found so far, and which settings they leave without a value worth judging.

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "topology/load.h"

namespace understudy {

/// Quoted, unprintable characters escaped, and never longer than a person wants to read.
[[nodiscard]] std::string quoted(std::string_view text);

/// The path of a setting inside a group ("" for the whole file): "services.api-web.posture".
[[nodiscard]] std::string setting_path(std::string_view group, std::string_view name);

class Findings {
 public:
  /// Beyond so many, a file is no topology gone slightly wrong; the rest are only counted.
  static constexpr std::size_t kShownMax = 100;

  /// A mistake in one setting, which is spoilt from now on.
  void add(std::string path, std::string what, int line = 0) {
    spoil(path);
    add_relation(std::move(path), std::move(what), line);
  }

  /// A mistake between settings each of which is well by itself: none is spoilt by it.
  void add_relation(std::string path, std::string what, int line = 0) {
    if (mistakes_.size() < kShownMax) {
      mistakes_.push_back(Mistake{{}, line, std::move(path), std::move(what)});
    } else {
      ++unshown_;
    }
  }

  /// Nothing more is said about the setting: its value is not what the file's author meant.
  void spoil(const std::string& path) { spoilt_.insert(path); }

  /// True if the setting or one of the groups it is in is spoilt.
  [[nodiscard]] bool spoilt(std::string_view path) const {
    while (!path.empty()) {
      if (spoilt_.contains(std::string(path))) return true;
      const auto parent = path.find_last_of(".[");
      path = path.substr(0, parent == std::string_view::npos ? 0 : parent);
    }
    return false;
  }

  /// True if a relation between these can be judged.
  [[nodiscard]] bool sound(std::initializer_list<std::string_view> paths) const {
    for (const auto path : paths) {
      if (spoilt(path)) return false;
    }
    return true;
  }

  [[nodiscard]] bool empty() const { return mistakes_.empty(); }
  [[nodiscard]] bool full() const { return mistakes_.size() == kShownMax; }
  [[nodiscard]] std::size_t unshown() const { return unshown_; }
  [[nodiscard]] std::vector<Mistake>& mistakes() { return mistakes_; }

 private:
  std::vector<Mistake> mistakes_;
  std::set<std::string> spoilt_;
  std::size_t unshown_ = 0;
};

/// Judges every value by itself, then what values must be to each other; spoilt ones are passed
/// over. Paths are set, lines are not.
void check_values(const Topology& topology, Findings& findings);
void check_places(const Topology& topology, Findings& findings);
void check_services(const Topology& topology, Findings& findings);
void check_timing(const Topology& topology, Findings& findings);
void check_alerts(const Topology& topology, Findings& findings);

/// All of the above.
void check_all(const Topology& topology, Findings& findings);

}  // namespace understudy
