#include "cli/drill_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace understudy {

namespace {

std::string came_of(const DrillRow& row) {
  if (!row.result) return "could not be held";
  return row.result->asked ? "asks, then fails over"
                           : std::string(to_string(row.result->verdict.outcome));
}

std::string or_dash(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : "-";
}

/// The median of what there is.
std::optional<std::int64_t> median(std::vector<std::int64_t> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// One figure of each drill, of those that have it.
template <class Figure>
std::vector<std::int64_t> each(const std::vector<DrillRow>& rows, Figure figure) {
  std::vector<std::int64_t> all;
  for (const DrillRow& row : rows) {
    if (!row.result) continue;
    if (const std::optional<std::int64_t> value = figure(row.result->verdict))
      all.push_back(*value);
  }
  return all;
}

std::optional<std::int64_t> rto(const drill::Verdict& v) { return v.rto_ms; }
std::optional<std::int64_t> rto_full(const drill::Verdict& v) { return v.rto_full_ms; }
std::optional<std::int64_t> silence(const drill::Verdict& v) { return v.longest_silence_ms; }
std::optional<std::int64_t> failed(const drill::Verdict& v) { return v.failed; }
std::optional<std::int64_t> lost(const drill::Verdict& v) { return v.lost_acked; }
std::optional<std::int64_t> dual(const drill::Verdict& v) { return v.dual_writer_ms; }

std::optional<std::int64_t> largest(const std::vector<std::int64_t>& values) {
  if (values.empty()) return std::nullopt;
  return *std::max_element(values.begin(), values.end());
}

std::ptrdiff_t passed(const std::vector<DrillRow>& rows) {
  return std::count_if(rows.begin(), rows.end(), [](const DrillRow& row) { return row.passed(); });
}

std::string markdown_line(const std::vector<DrillRow>& drills) {
  const drill::Fault& fault = *drills.front().fault;
  const bool fails_over = fault.expected == drill::Outcome::fails_over;
  const auto came =
      std::find_if(drills.begin(), drills.end(), [](const DrillRow& row) { return !row.passed(); });
  return fmt::format("| `{}` | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} of {} |\n",
                     fault.name, fault.what, expected_words(fault),
                     came_of(came == drills.end() ? drills.front() : *came),
                     or_dash(median(each(drills, rto))),
                     or_dash(fails_over ? median(each(drills, rto_full)) : std::nullopt),
                     or_dash(median(each(drills, silence))), or_dash(largest(each(drills, failed))),
                     or_dash(largest(each(drills, lost))), or_dash(largest(each(drills, dual))),
                     passed(drills), drills.size());
}

}  // namespace

std::string expected_words(const drill::Fault& fault) {
  return fault.asks ? "asks, then fails over" : std::string(to_string(fault.expected));
}

std::string drills_as_text(const std::vector<DrillRow>& rows) {
  std::string text =
      fmt::format("\n{:<23} {:<21} {:>8} {:>8} {:>8} {:>6} {:>9} {:>7}  {}\n", "fault", "outcome",
                  "rto_ms", "full_ms", "acked", "lost", "oldest_ms", "dual_ms", "passed");
  for (const DrillRow& row : rows) {
    const drill::Verdict v = row.result ? row.result->verdict : drill::Verdict{};
    text += fmt::format("{:<23} {:<21} {:>8} {:>8} {:>8} {:>6} {:>9} {:>7}  {}\n", row.fault->name,
                        came_of(row), or_dash(v.rto_ms), or_dash(v.rto_full_ms), v.acked,
                        or_dash(v.lost_acked), v.lost_max_age_ms, v.dual_writer_ms,
                        row.passed() ? "yes" : "NO");
  }
  return text + fmt::format("{} of {} passed; median rto {} ms, median rto_full {} ms\n",
                            passed(rows), rows.size(), or_dash(median(each(rows, rto))),
                            or_dash(median(each(rows, rto_full))));
}

std::string drills_as_markdown(const std::vector<DrillRow>& rows, const std::string& about,
                               const std::vector<std::string>& skipped) {
  std::string text =
      "# Every fault, drilled\n\n" + about +
      "\n\nExpected: *fails over* wants the other region to acknowledge orders; *recovers in "
      "place* wants it not to, and full service at the end; *holds* wants only that it does not. "
      "What came is what clients saw: *recovers in place* if service was interrupted and was full "
      "again.\n\n"
      "Times in milliseconds, the median of a fault's drills: **rto** from the fault to the first "
      "order that a client saw acknowledged by the other region, **full** to a whole second "
      "of orders as before, **silence** the longest time without any acknowledged order. The "
      "largest of a fault's drills: **failed** orders for any free seat that got no "
      "acknowledgement, **lost** acknowledged orders that the surviving database does not have, "
      "**dual** milliseconds in which clients saw two regions acknowledge. A dash: there is none, "
      "or nothing to judge it by (a region that stays away holds what may be lost).\n\n"
      "| fault | what is done | expected | came | rto | full | silence | failed | lost | dual | "
      "passed |\n|---|---|---|---|--:|--:|--:|--:|--:|--:|---|\n";
  std::vector<const drill::Fault*> done;
  for (const DrillRow& row : rows) {
    if (std::find(done.begin(), done.end(), row.fault) != done.end()) continue;
    done.push_back(row.fault);
    std::vector<DrillRow> drills;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(drills),
                 [&](const DrillRow& other) { return other.fault == row.fault; });
    text += markdown_line(drills);
  }
  text += fmt::format("\n{} of {} drills passed", passed(rows), rows.size());
  text += fmt::format("; {} faults were skipped.\n", skipped.size());
  for (const std::string& line : skipped) text += "- " + line + "\n";
  return text;
}

}  // namespace understudy
