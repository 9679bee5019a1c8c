// drill: runs one fault, several times, or all of them, and prints what came of it.

#include "cli/drill_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "cli/commands.h"
#include "cli/drill_json.h"
#include "cli/report_command.h"
#include "drill/drill.h"
#include "drill/hammer.h"
#include "drill/interruption.h"
#include "drill/verdict_text.h"
#include "report/report.h"
#include "system/file.h"
#include "topology/load.h"

namespace understudy {

namespace json = boost::json;

namespace {

void say_line(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

void print(const drill::DrillResult& result) {
  fmt::print("\n{}", drill::to_terminal(result.verdict));
  const auto& crowd = result.stragglers;
  if (crowd.sessions > 0) {
    fmt::print(
        "  stragglers  {} sessions ({} committing, {} in a transaction), {} requests; {} "
        "acknowledged after the thaw\n",
        crowd.sessions, crowd.sessions_committing, crowd.sessions_in_transaction, crowd.requests,
        crowd.late_acknowledgements);
  }
  for (const std::string& check : result.failed_checks) fmt::print("FAILED {}\n", check);
  if (!result.folder.empty()) fmt::print("the stack's folder: {}\n", result.folder);
  std::fflush(stdout);
}

std::string median(std::vector<std::int64_t> values) {
  if (values.empty()) return "-";
  std::sort(values.begin(), values.end());
  return std::to_string(values[values.size() / 2]) + " ms";
}

void print_table(const std::vector<drill::DrillResult>& results) {
  fmt::print("\n{:<18} {:<18} {:>8} {:>8} {:>8} {:>6} {:>9} {:>7}  {}\n", "fault", "outcome",
             "rto_ms", "full_ms", "acked", "lost", "oldest_ms", "dual_ms", "passed");
  const auto or_dash = [](const std::optional<std::int64_t>& value) {
    return value ? std::to_string(*value) : std::string("-");
  };
  for (const auto& result : results) {
    const auto& v = result.verdict;
    fmt::print("{:<18} {:<18} {:>8} {:>8} {:>8} {:>6} {:>9} {:>7}  {}\n", v.fault,
               to_string(v.outcome), or_dash(v.rto_ms), or_dash(v.rto_full_ms), v.acked,
               or_dash(v.lost_acked), v.lost_max_age_ms, v.dual_writer_ms,
               result.passed() ? "yes" : "NO");
  }
  std::vector<std::int64_t> rto;
  std::vector<std::int64_t> full;
  for (const auto& result : results) {
    if (result.verdict.rto_ms) rto.push_back(*result.verdict.rto_ms);
    if (result.verdict.rto_full_ms) full.push_back(*result.verdict.rto_full_ms);
  }
  const auto passed =
      std::count_if(results.begin(), results.end(), [](const auto& r) { return r.passed(); });
  fmt::print("{} of {} passed; median rto {}, median rto_full {}\n", passed, results.size(),
             median(rto), median(full));
  std::fflush(stdout);
}

}  // namespace

void list_faults() {
  for (const drill::Fault& fault : drill::all_faults()) {
    std::string rows;
    for (const int row : fault.rows) rows += fmt::format(" row {}", row);
    fmt::print("{:<18} {:<18} {}{}\n", fault.name, to_string(fault.expected), fault.what,
               rows.empty() ? "" : ";" + rows);
  }
}

Exit hammer_command(const Topology& topology, const drill::DrillOptions& options,
                    const DrillWords& words) {
  auto result = drill::run_hammer(topology, options, words.hammer_rounds, words.seed, say_line);
  if (!result) return fail("drill", "hammer: " + result.error().what, exit_for(result.error()));
  fmt::print(
      "{} rounds: {} acknowledgements, {} refused by the fence, {} connections cut; {} grants, {} "
      "leases begun by the other region's agent, {} lapses\n",
      result->rounds, result->acknowledgements, result->refusals, result->cut, result->grants,
      result->extended, result->lapses);
  fmt::print(
      "the latest acknowledgement came {} us after its lease (allowed: g = {} ms); outside: {}\n",
      result->latest_us, to_ms(topology.lease.answer_max), result->outside);
  for (const std::string& line : result->evidence) fmt::print("BROKEN I1: {}\n", line);
  fmt::print("{}\n", result->passed() ? "passed" : "FAILED");
  return result->passed() ? Exit::ok : Exit::no;
}

/// Writes what the command line asks for: a file of verdicts, and a folder with a report.
Result<Done> write_results(const std::vector<json::object>& drills, const DrillWords& words) {
  const json::value whole =
      drills.size() == 1 ? json::value(drills[0]) : json::array(drills.begin(), drills.end());
  const std::string text = json::serialize(whole) + "\n";
  if (!words.json_file.empty()) {
    if (auto written = file::write_durably(words.json_file, text, 0644); !written) return written;
  }
  if (words.report_folder.empty()) return Done{};
  auto written = file::write_durably(words.report_folder + "/verdict.json", text, 0644);
  if (!written) return written;
  auto read = report::read_drills(text, words.report_folder + "/verdict.json");
  if (!read) return read.error();
  return write_report(words.report_folder, *read);
}

Exit drill_command(const Where& where, const DrillWords& words) {
  auto topology = load_or_explain(where);
  if (!topology) return Exit::usage;
  if (words.safety_only) {
    topology->objectives.rto = topology->objectives.rto_full = std::chrono::hours(1);
  }
  std::vector<const drill::Fault*> faults;
  for (const std::string& name : words.faults) {
    const drill::Fault* fault = drill::find_fault(name);
    if (fault == nullptr)
      return fail("drill", "no fault named \"" + name + "\"; understudy drill --list shows them",
                  Exit::usage);
    faults.push_back(fault);
  }
  if (words.all) {
    for (const drill::Fault& fault : drill::all_faults()) {
      if (fault.name != "none") faults.push_back(&fault);
    }
  }
  drill::DrillOptions options;
  options.own_program = where.own_program;
  options.orders_per_second = words.orders_per_second;
  options.steady = std::chrono::seconds(words.steady_seconds);
  if (words.fault_seconds > 0) options.fault_lasts = std::chrono::seconds(words.fault_seconds);
  options.keep = words.keep;
  options.evidence_folder = words.evidence_folder;
  if (!words.report_folder.empty()) {
    if (auto made = file::make_folder(words.report_folder, 0755); !made)
      return fail("drill", made.error().what, Exit::machine);
  }
  drill::catch_interruptions();
  if (words.hammer_rounds > 0) return hammer_command(*topology, options, words);
  std::vector<drill::DrillResult> results;
  std::vector<json::object> report;
  for (unsigned run = 0; run < words.runs; ++run) {
    for (const drill::Fault* fault : faults) {
      auto result = drill::run_drill(*fault, *topology, options, say_line);
      if (!result && results.size() > 1) print_table(results);  // what was done until then
      if (!result)
        return fail("drill", std::string(fault->name) + ": " + result.error().what,
                    exit_for(result.error()));
      print(*result);
      report.push_back(drill_json(*result, drill_environment(*fault, *topology, where, words)));
      results.push_back(std::move(*result));
    }
  }
  if (results.size() > 1) print_table(results);
  if (auto written = write_results(report, words); !written)
    return fail("drill", written.error().what, Exit::machine);
  const bool passed = std::all_of(results.begin(), results.end(),
                                  [](const auto& result) { return result.passed(); });
  return passed ? Exit::ok : Exit::no;
}

}  // namespace understudy
