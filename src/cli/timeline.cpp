#include "cli/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace understudy {

namespace json = boost::json;

namespace {

std::string text_at(const json::object& object, std::string_view key) {
  const auto* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

/// The one member that holds an event's details.
const json::object& details_of(const json::object& event) {
  static const json::object kNone;
  for (const auto& member : event) {
    if (member.value().is_object()) return member.value().get_object();
  }
  return kNone;
}

std::string status_after(const std::string& type) {
  if (type == "ExecutionSucceeded") return "SUCCEEDED";
  if (type == "ExecutionFailed") return "FAILED";
  if (type == "ExecutionAborted") return "ABORTED";
  if (type == "ExecutionTimedOut") return "TIMED_OUT";
  return {};
}

void add(Timeline& timeline, const json::object& event) {
  const std::string type = text_at(event, "type");
  const WallTime at = parse_wall(text_at(event, "timestamp")).value_or(WallTime());
  const json::object& details = details_of(event);
  if (type == "ExecutionStarted") timeline.started = at;
  if (const std::string status = status_after(type); !status.empty()) timeline.status = status;
  if (type.ends_with("StateEntered")) {
    timeline.entries.push_back(
        {.state = text_at(details, "name"), .entered = at, .left = std::nullopt, .note = {}});
  } else if (type.ends_with("StateExited")) {
    const std::string name = text_at(details, "name");
    const auto open = std::find_if(
        timeline.entries.rbegin(), timeline.entries.rend(),
        [&](const TimelineEntry& entry) { return entry.state == name && !entry.left; });
    if (open != timeline.entries.rend()) open->left = at;
  } else if (type.ends_with("Failed") && !timeline.entries.empty() && details.contains("cause")) {
    timeline.entries.back().note = text_at(details, "error") + ": " + text_at(details, "cause");
  }
}

void add_budget(Timeline& timeline, const json::object& budget) {
  timeline.learnt_from = budget.at("runs").to_number<unsigned>();
  timeline.predicted_end = parse_wall(text_at(budget, "predicted_end"));
  if (const auto* path = budget.if_contains("critical_path")) {
    for (const auto& state : path->as_array()) {
      timeline.critical_path += timeline.critical_path.empty() ? "" : ", ";
      timeline.critical_path += std::string(state.as_string());
    }
  }
  const json::object& of_states = budget.at("states").as_object();
  for (TimelineEntry& entry : timeline.entries) {
    const auto* found = of_states.if_contains(entry.state);
    if (found != nullptr)
      entry.budget = milliseconds(found->as_object().at("p90_ms").to_number<std::int64_t>());
  }
}

}  // namespace

Timeline timeline_of(const json::object& history) {
  Timeline timeline{.execution = text_at(history, "execution"),
                    .status = "RUNNING",
                    .started = {},
                    .entries = {}};
  const auto* events = history.if_contains("events");
  if (events == nullptr || !events->is_array()) return timeline;
  for (const auto& event : events->get_array()) {
    if (event.is_object()) add(timeline, event.get_object());
  }
  const auto* budget = history.if_contains("budget");
  if (budget != nullptr && budget->is_object()) add_budget(timeline, budget->get_object());
  return timeline;
}

json::object to_json(const Timeline& timeline) {
  json::array entries;
  for (const TimelineEntry& entry : timeline.entries) {
    json::object one{{"state", entry.state},
                     {"entered", format_wall(entry.entered)},
                     {"after_ms", to_ms(entry.entered - timeline.started)}};
    if (entry.left) one["took_ms"] = to_ms(*entry.left - entry.entered);
    if (!entry.note.empty()) one["note"] = entry.note;
    if (entry.budget) one["budget_ms"] = to_ms(*entry.budget);
    entries.push_back(std::move(one));
  }
  return {
      {"execution", timeline.execution},
      {"status", timeline.status},
      {"started", format_wall(timeline.started)},
      {"states", std::move(entries)},
      {"learnt_from", timeline.learnt_from},
      {"predicted_end", timeline.predicted_end ? json::value(format_wall(*timeline.predicted_end))
                                               : json::value(nullptr)}};
}

std::string describe(const Timeline& timeline) {
  std::string out =
      fmt::format("{}  {}  {}", timeline.execution, timeline.status, format_wall(timeline.started));
  for (const TimelineEntry& entry : timeline.entries) {
    const double after = static_cast<double>(to_ms(entry.entered - timeline.started)) / 1000;
    out += fmt::format("\n  {:>8.3f} s  {:<22}", after, entry.state);
    out += entry.left ? fmt::format(" {:>6} ms", to_ms(*entry.left - entry.entered))
                      : std::string("      ...");
    if (entry.budget && entry.left && *entry.left - entry.entered > *entry.budget)
      out += fmt::format("  over its budget of {} ms", to_ms(*entry.budget));
    if (!entry.note.empty()) out += "  " + entry.note;
  }
  if (timeline.predicted_end) {
    out += fmt::format(
        "\n  predicted to end at {}, by {} earlier ones; what is left, longest first: {}",
        format_wall(*timeline.predicted_end), timeline.learnt_from, timeline.critical_path);
  }
  return out;
}

}  // namespace understudy
