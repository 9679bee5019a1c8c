#include "report/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "report/course_view.h"
#include "report/fields.h"

namespace understudy::report {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kInvariants = {{
    {"I1", "At most one region acknowledges writes at any instant"},
    {"I2", "At most one region runs cron, workers only in the active region"},
    {"I3", "An acknowledged write older than the lag budget is never lost"},
    {"I4", "Epochs only grow, and each has one active region"},
    {"I5", "One transition at a time, which ends or waits visibly for a person"},
    {"I6", "Nothing fails back without an operator's confirmation"},
    {"I7", "The loss of the witness or of the standby alone never stops the active region"},
    {"I8", "A crash anywhere resumes and repeats no harmful effect"},
    {"I9", "No failover unless a strict majority of the vantages sees the primary down"},
    {"I10", "Traffic does not stay long with a region that cannot serve it"},
}};

std::string or_dash(const std::optional<std::int64_t>& ms) { return ms ? length_text(*ms) : "–"; }

std::string counted(std::int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string sentence(const Fields& drill) {
  const auto rto = drill.number_or_null("rto_ms");
  const auto full = drill.number_or_null("rto_full_ms");
  const auto lost = drill.number_or_null("lost_acked");
  const auto outcome = drill.text("outcome");
  std::string text = fmt::format("Expected: {}. ", drill.text("expected"));
  if (rto) {
    text += fmt::format("The other region took over and acknowledged orders again after {}; ",
                        length_text(*rto));
    text += full ? fmt::format("service was full again after {}.", length_text(*full))
                 : "service was not full again while the drill lasted.";
  } else if (!drill.flag("interrupted")) {
    text += "No region took over, and service was never interrupted.";
  } else {
    text += "No region took over; service was interrupted and ";
    text += full ? fmt::format("full again after {}.", length_text(*full))
                 : "not full again while the drill lasted.";
  }
  if (!lost) return text + " Losses could not be judged.";
  text += *lost == 0 ? " No acknowledged order was lost."
                     : fmt::format(" {} lost.", counted(*lost, "acknowledged order was",
                                                        "acknowledged orders were"));
  return text;
}

/// What must be seen first when a drill has failed.
json::array wrongs(const Fields& drill) {
  json::array wrong;
  const auto add = [&](std::string text) {
    wrong.push_back(json::object{{"text", std::move(text)}});
  };
  if (!drill.flag("outcome_as_expected")) {
    add(fmt::format("expected: {}; what came: {}", drill.text("expected"), drill.text("outcome")));
  }
  for (const auto& missed : drill.texts("objectives_missed")) add(missed);
  if (drill.has("failed_checks")) {
    for (const auto& check : drill.texts("failed_checks")) add(check);
  }
  return wrong;
}

class Tiles {
 public:
  explicit Tiles(const Fields& drill) {
    if (drill.has("environment") && drill.object("environment").has("settings")) {
      const auto settings = drill.object("environment").object("settings");
      if (settings.has("objectives")) objectives_.emplace(settings.object("objectives"));
    }
    add_times(drill);
    add_sales(drill);
  }
  [[nodiscard]] json::array take() { return std::move(tiles_); }

 private:
  void add(std::string_view name, std::string value, std::string note, bool bad) {
    tiles_.push_back(
        {{"name", name}, {"value", std::move(value)}, {"note", std::move(note)}, {"bad", bad}});
  }

  void add_time(const Fields& drill, std::string_view name, std::string_view key,
                std::string note) {
    const auto taken = drill.number_or_null(std::string(key) + "_ms");
    bool bad = false;
    if (!taken && !drill.flag("interrupted")) note = "never interrupted";
    if (objectives_ && objectives_->has(std::string(key) + "_ms")) {
      const auto objective = objectives_->number(std::string(key) + "_ms");
      note += fmt::format("; objective {}", length_text(objective));
      bad = taken && *taken > objective;
    }
    add(name, or_dash(taken), note, bad);
  }

  void add_times(const Fields& drill) {
    add_time(drill, "RTO", "rto", "first order again");
    add_time(drill, "RTO full", "rto_full", "service as before");
  }

  void add_sales(const Fields& drill) {
    const auto lost = drill.number_or_null("lost_acked");
    const auto age = drill.number("lost_max_age_ms");
    std::string note = "acknowledged orders";
    if (lost.value_or(0) > 0) note += fmt::format(", oldest {}", length_text(age));
    bool too_old = false;
    if (objectives_ && objectives_->has("rpo_ms")) {
      note += fmt::format("; up to {} allowed", length_text(objectives_->number("rpo_ms")));
      too_old = age > objectives_->number("rpo_ms");
    }
    add("Lost", lost ? std::to_string(*lost) : "not judged", note, too_old);
    const auto dual = drill.number("dual_writer_ms");
    add("Two writers", length_text(dual), "at once, seen by clients", dual > 0);
    const auto wrong = drill.number("duplicate_orders") + drill.number("oversold") +
                       drill.number("refused_but_present");
    add("Wrong sales", std::to_string(wrong), "duplicated, oversold, or refused but sold",
        wrong > 0);
    add("Acknowledged", std::to_string(drill.number("acked")),
        fmt::format("of {} orders", drill.number("orders")), false);
  }

  std::optional<Fields> objectives_;
  json::array tiles_;
};

/// Each moment's bar in the table lasts from the moment before it.
json::array phases(const Fields& drill) {
  const auto all = drill.objects("phases");
  std::int64_t first = 0;
  std::int64_t last = 1;
  for (const auto& phase : all) {
    first = std::min(first, phase.number("at_ms"));
    last = std::max(last, phase.number("at_ms"));
  }
  const auto share = [&](std::int64_t ms) {
    return 100.0 * static_cast<double>(ms) / static_cast<double>(last - first);
  };
  json::array rows;
  std::int64_t before = first;
  for (const auto& phase : all) {
    const auto at = phase.number("at_ms");
    rows.push_back(
        {{"number", rows.size() + 1},
         {"name", phase.text("name")},
         {"at_ms", at},
         {"at", moment_text(at)},
         {"said_by", phase.text("said_by")},
         {"left", fmt::format("{:.2f}", share(before - first))},
         {"width", fmt::format("{:.2f}", share(std::max<std::int64_t>(at - before, 0)))}});
    before = std::max(before, at);
  }
  return rows;
}

json::array invariants(const Fields& drill) {
  const auto broken = drill.objects("invariants_broken");
  const auto unseen = drill.texts("not_judged");
  json::array rows;
  for (const auto& [id, promise] : kInvariants) {
    json::object row{{"id", id}, {"promise", promise}, {"broken", false}, {"unseen", false}};
    std::string evidence;
    for (const auto& each : broken) {
      if (each.text("id") != id) continue;
      row["broken"] = true;
      evidence += (evidence.empty() ? "" : "; ") + each.text("evidence");
    }
    for (const auto& line : unseen) {
      if (row["broken"].as_bool() || !line.starts_with(std::string(id) + ": ")) continue;
      row["unseen"] = true;
      evidence = line.substr(id.size() + 2);
    }
    row["held"] = !row["broken"].as_bool() && !row["unseen"].as_bool();
    row["evidence"] = evidence;
    rows.push_back(std::move(row));
  }
  return rows;
}

json::array numbers(const Fields& drill) {
  json::array rows;
  const auto add = [&](std::string_view name, std::string value) {
    rows.push_back({{"name", name}, {"value", std::move(value)}});
  };
  const auto count = [&](std::string_view name, std::string_view key) {
    add(name, std::to_string(drill.number(key)));
  };
  const auto length = [&](std::string_view name, std::string_view key) {
    add(name, length_text(drill.number(key)));
  };
  add("Orders a second before the fault",
      fmt::format("{:.0f}", drill.real("orders_per_second_before")));
  count("Orders", "orders");
  count("Acknowledged", "acked");
  count("Refused", "refused");
  count("Outcome unknown to the buyer", "unknown");
  count("Failed, of those for any seat", "failed");
  length("Longest silence", "longest_silence_ms");
  length("Latency before the fault, median", "latency_p50_ms");
  length("Latency before the fault, 99th percentile", "latency_p99_ms");
  length("Latency, longest", "latency_max_ms");
  count("Pages read", "page_reads");
  count("Pages failed", "page_errors");
  count("Orders duplicated", "duplicate_orders");
  count("Seats oversold", "oversold");
  count("Refused but sold", "refused_but_present");
  count("Seats of lost orders sold again", "lost_seats_resold");
  count("Late commits in the old region", "old_region_writes_after_promotion");
  length("Clients' own clocks late by up to", "client_stall_max_ms");
  if (drill.has("decision_row")) count("Row of the decision table", "decision_row");
  return rows;
}

std::string fact_text(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  const auto* list = value.if_array();
  if (list == nullptr) return json::serialize(value);
  std::string joined;
  for (const auto& each : *list) joined += (joined.empty() ? "" : ", ") + fact_text(each);
  return joined;
}

/// Nested settings as "lease.ttl_ms".
void flatten(const json::object& object, const std::string& path, json::array& facts) {
  for (const auto& [key, value] : object) {
    const std::string name = path + std::string(key);
    if (const auto* inner = value.if_object()) {
      flatten(*inner, name + ".", facts);
    } else {
      facts.push_back({{"name", name}, {"value", fact_text(value)}});
    }
  }
}

void put_environment(const Fields& drill, json::object& view) {
  view["what"] = false;
  if (!drill.has("environment")) {
    view["environment"] = false;
    return;
  }
  const auto environment = drill.object("environment");
  auto rest = environment.whole();
  rest.erase("command");
  if (environment.has("what")) {
    view["what"] = environment.text("what");
    rest.erase("what");
  }
  json::array facts;
  if (const auto* settings = rest.if_contains("settings"); settings && settings->is_object()) {
    const json::object own = settings->get_object();
    rest.erase("settings");
    flatten(rest, "", facts);
    flatten(own, "", facts);
  } else {
    flatten(rest, "", facts);
  }
  view["environment"] = {{"command", environment.text("command")}, {"facts", std::move(facts)}};
}

}  // namespace

std::string length_text(std::int64_t ms) {
  return ms < 1000 && ms > -1000 ? fmt::format("{}\u00a0ms", ms)
                                 : fmt::format("{:.2f}\u00a0s", static_cast<double>(ms) / 1000);
}

std::string moment_text(std::int64_t ms) {
  return fmt::format("{:+.3f}\u00a0s", static_cast<double>(ms) / 1000);
}

Result<json::object> view_of(const json::object& object, std::size_t number) {
  std::string wrong;
  const Fields drill(object, "", wrong);
  json::object view{{"id", fmt::format("drill-{}", number)},
                    {"fault", drill.text("fault")},
                    {"outcome", drill.text("outcome")},
                    {"passed", drill.flag("passed")},
                    {"sentence", sentence(drill)},
                    {"rto", or_dash(drill.number_or_null("rto_ms"))},
                    {"rto_full", or_dash(drill.number_or_null("rto_full_ms"))},
                    {"acked", drill.number("acked")},
                    {"tiles", Tiles(drill).take()},
                    {"phases", phases(drill)},
                    {"wrong", wrongs(drill)},
                    {"invariants", invariants(drill)},
                    {"numbers", numbers(drill)}};
  const auto lost = drill.number_or_null("lost_acked");
  view["lost"] = lost ? std::to_string(*lost) : "not judged";
  view["any_wrong"] = !view["wrong"].as_array().empty();
  put_environment(drill, view);
  put_course(drill, view);
  if (!wrong.empty()) return Error{After::unchanged_final, wrong};
  return view;
}

}  // namespace understudy::report
