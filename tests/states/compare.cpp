#include <fmt/format.h>

#include <map>

#include "case.h"

namespace understudy::states::testing {
namespace {

/// Compares with the record by its rules: volatile values need only be there, and a text may stand
/// for the JSON in it.
class Comparison {
 public:
  Comparison(const Case& recorded, const Run& run)
      : recorded_(recorded),
        run_(run),
        volatile_(recorded.texts("volatile")),
        expected_(recorded.member("expected")->as_object()) {}

  std::optional<std::string> run() {
    json::object actual{{"status", std::string(to_string(run_.finished.status))}};
    if (run_.finished.status == Status::succeeded) actual["output"] = run_.finished.output.value();
    if (run_.finished.error) actual["error"] = *run_.finished.error;
    if (run_.finished.cause) actual["cause"] = *run_.finished.cause;
    for (const auto* name : {"status", "output", "error", "cause"}) {
      if (auto found = member(expected_, actual, name, "/expected")) return found;
    }
    const auto* history = expected_.if_contains("history");
    if (history == nullptr) return std::nullopt;
    const bool total = recorded_.text("history_order") == "total";
    return total ? in_order(history->as_array(), run_.events)
                 : interleaved(history->as_array(), run_.events);
  }

 private:
  using Difference = std::optional<std::string>;

  Difference member(const json::object& expected, const json::object& actual,
                    const std::string& name, const std::string& path) const {
    const auto here = path + "/" + escaped(name);
    const auto* wanted = expected.if_contains(name);
    const auto* found = actual.if_contains(name);
    if (wanted == nullptr && found == nullptr) return std::nullopt;
    if (wanted == nullptr) return fmt::format("{}: there is {}", here, to_text(*found));
    if (found == nullptr) return fmt::format("{}: missing", here);
    return value(*wanted, *found, here);
  }

  /// Tilde and slash as JSON pointers write them.
  static std::string escaped(const std::string& name) {
    std::string out;
    for (const char c : name) out += c == '~' ? "~0" : (c == '/' ? "~1" : std::string(1, c));
    return out;
  }

  /// The recorder put a name in the place of each token.
  [[nodiscard]] bool is_token(const json::value& expected, const json::value& actual) const {
    if (!expected.is_string() || !actual.is_string()) return false;
    const auto found = run_.tokens.find(std::string(actual.get_string()));
    if (found == run_.tokens.end()) return false;
    if (found->second.empty()) found->second = std::string(expected.get_string());
    return found->second == std::string(expected.get_string());
  }

  Difference value(const json::value& expected, const json::value& actual,
                   const std::string& path) const {
    if (volatile_.contains(path)) return std::nullopt;
    if (expected.is_structured() && actual.is_string()) {
      const auto parsed = parse_json(std::string_view(actual.get_string()));
      if (parsed) return value(expected, *parsed, path);
    }
    if (expected.is_object() && actual.is_object()) {
      const auto& left = expected.get_object();
      const auto& right = actual.get_object();
      for (const auto& each : left) {
        if (auto found = member(left, right, std::string(each.key()), path)) return found;
      }
      for (const auto& each : right) {
        if (auto found = member(left, right, std::string(each.key()), path)) return found;
      }
      return std::nullopt;
    }
    if (expected.is_array() && actual.is_array()) {
      const auto& left = expected.get_array();
      const auto& right = actual.get_array();
      for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
        if (auto found = value(left[i], right[i], fmt::format("{}/{}", path, i))) return found;
      }
      if (left.size() == right.size()) return std::nullopt;
      return fmt::format("{}: {} elements instead of {}", path, right.size(), left.size());
    }
    if (same_json(expected, actual) || is_token(expected, actual)) return std::nullopt;
    return fmt::format("{}: {} instead of {}", path, to_text(actual), to_text(expected));
  }

  /// The recorder parsed the texts that hold JSON.
  static json::value unpack(std::string_view name, const json::value& detail) {
    if (name == "input" || name == "output" || name == "parameters") {
      return parse_json(std::string_view(detail.as_string())).value();
    }
    if (name != "assignedVariables") return detail;
    json::object variables;
    for (const auto& [variable, text] : detail.as_object()) {
      variables[variable] = parse_json(std::string_view(text.as_string())).value();
    }
    return variables;
  }

  Difference event(const json::object& expected, const HistoryEvent& event, std::size_t at) const {
    json::object actual{{"type", std::string(to_string(event.type))}};
    for (const auto& [name, details] : event.details) {
      auto& unpacked = actual[name].emplace_object();
      for (const auto& [key, detail] : details.as_object()) unpacked[key] = unpack(key, detail);
    }
    auto wanted = expected;
    // The role may differ from the one that the execution was described with.
    for (auto* side : {&wanted, &actual}) {
      auto* started = side->if_contains("executionStartedEventDetails");
      if (started != nullptr) started->as_object().erase("roleArn");
    }
    return value(wanted, actual, fmt::format("/expected/history/{}", at));
  }

  [[nodiscard]] const json::array* ids() const {
    const auto* ids = recorded_.member("history_ids");
    return ids == nullptr ? nullptr : &ids->as_array();
  }

  Difference in_order(const json::array& expected, const std::vector<HistoryEvent>& actual) const {
    for (std::size_t i = 0; i < std::min(expected.size(), actual.size()); ++i) {
      if (auto found = event(expected[i].as_object(), actual[i], i)) return found;
      if (ids() == nullptr) continue;
      const auto id = (*ids())[i].at(0).to_number<std::uint64_t>();
      const auto previous = (*ids())[i].at(1).to_number<std::uint64_t>();
      if (id == actual[i].id && previous == actual[i].previous_id) continue;
      return fmt::format("event {} follows {} instead of {}", id, actual[i].previous_id, previous);
    }
    if (expected.size() == actual.size()) return std::nullopt;
    return fmt::format("{} events instead of {}", actual.size(), expected.size());
  }

  /// As a set of events; the chains of previous ids must be the same.
  Difference interleaved(const json::array& expected,
                         const std::vector<HistoryEvent>& actual) const {
    std::vector<bool> used(actual.size(), false);
    std::map<std::uint64_t, std::uint64_t> id_of{{0, 0}};
    for (std::size_t i = 0; i < expected.size(); ++i) {
      Difference closest =
          fmt::format("/expected/history/{}: no {}", i, to_text(expected[i].at("type")));
      std::size_t found = actual.size();
      for (std::size_t j = 0; j < actual.size() && found == actual.size(); ++j) {
        if (used[j] || expected[i].at("type").as_string() != to_string(actual[j].type)) continue;
        closest = event(expected[i].as_object(), actual[j], i);
        if (!closest && follows(i, actual[j], id_of)) found = j;
      }
      if (found == actual.size()) {
        return closest ? *closest : fmt::format("event {} follows another one", i + 1);
      }
      used[found] = true;
      if (ids() != nullptr) {
        id_of[(*ids())[i].at(0).to_number<std::uint64_t>()] = actual[found].id;
      }
    }
    for (std::size_t j = 0; j < actual.size(); ++j) {
      const auto name = to_string(actual[j].type);
      // Where it reordered the events, the recorder also dropped these.
      if (used[j] || (ids() == nullptr && name.starts_with("ParallelState"))) continue;
      return fmt::format("there is also event {}, {}", actual[j].id, name);
    }
    return std::nullopt;
  }

  bool follows(std::size_t at, const HistoryEvent& event,
               const std::map<std::uint64_t, std::uint64_t>& id_of) const {
    if (ids() == nullptr) return true;
    const auto found = id_of.find((*ids())[at].at(1).to_number<std::uint64_t>());
    return found != id_of.end() && found->second == event.previous_id;
  }

  const Case& recorded_;
  const Run& run_;
  std::set<std::string> volatile_;
  const json::object& expected_;
};

}  // namespace

std::optional<std::string> difference(const Case& recorded, const Run& run) {
  return Comparison(recorded, run).run();
}

}  // namespace understudy::states::testing
