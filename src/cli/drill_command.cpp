// drill: runs one fault, several times, or all of them, and prints what came of it.

#include "cli/drill_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "cli/commands.h"
#include "cli/drill_json.h"
#include "cli/drill_table.h"
#include "cli/report_command.h"
#include "drill/drill.h"
#include "drill/hammer.h"
#include "drill/interruption.h"
#include "drill/round_trips.h"
#include "drill/verdict_text.h"
#include "local/drill_log.h"
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

void print(const drill::AudienceSeen& seen) {
  fmt::print("  seat feed   {} watchers, {} over a new connection after the fault{}\n",
             seen.watchers, seen.watchers_back,
             seen.back_p99_ms
                 ? fmt::format("; p99 {} ms after the region's readiness", *seen.back_p99_ms)
                 : "");
  for (const auto& [kind, pages] :
       {std::pair{"cached", seen.cached}, std::pair{"dynamic", seen.dynamic}}) {
    if (pages.reads > 0)
      fmt::print("  CDN         {} {} pages read, {} failed, longest {} ms\n", pages.reads, kind,
                 pages.errors, pages.longest_ms);
  }
}

/// From here on orders fail for want of a database session, whatever else happens.
constexpr milliseconds kDiskStalls{1000};

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
  print(result.audience);
  fmt::print("  disk        the machine's own took up to {} ms for a small write\n",
             result.disk_write_max.count());
  for (const std::string& check : result.failed_checks) fmt::print("FAILED {}\n", check);
  if (!result.passed() && result.disk_write_max >= kDiskStalls) {
    fmt::print("the machine's own disk stood still for {} ms: every commit waited for it\n",
               result.disk_write_max.count());
  }
  if (!result.folder.empty()) fmt::print("the stack's folder: {}\n", result.folder);
  std::fflush(stdout);
}

}  // namespace

void list_faults() {
  for (const drill::Fault& fault : drill::all_faults()) {
    std::string rows;
    for (const int row : fault.rows) rows += fmt::format(" row {}", row);
    fmt::print("{:<23} {:<21} {}{}{}\n", fault.name, expected_words(fault), fault.what,
               rows.empty() ? "" : ";" + rows, fault.needs.root() ? "; takes root" : "");
  }
}

namespace {

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

void print_crashes(const drill::RoundTripsResult& result) {
  unsigned total = 0;
  for (const auto& [state, dead] : result.deaths) {
    std::string line;
    for (const auto& [who, times] : dead) {
      if (times > 0) line += fmt::format("{}{} {}", line.empty() ? "" : ", ", who, times);
      total += times;
    }
    fmt::print("  killed in {:<32} {}\n", state, line.empty() ? "nobody: none ran" : line);
  }
  fmt::print(
      "{} killed; {} failovers asked a person, who approved; {} failbacks were aborted, and "
      "planned "
      "again\n",
      total, result.approved, result.failbacks_aborted);
}

Exit round_trips_command(const Topology& topology, const drill::DrillOptions& options,
                         const DrillWords& words) {
  auto result =
      drill::run_round_trips(topology, options, words.round_trips, words.crashes, say_line);
  if (!result)
    return fail("drill", "round trips: " + result.error().what, exit_for(result.error()));
  std::int64_t longest = 0;
  for (const drill::RoundTrip& trip : result->trips)
    longest = std::max(longest, trip.failback_longest_ms);
  fmt::print(
      "{} round trips: {} orders acknowledged, {} of them lost, {} lost and not salvaged; {} "
      "salvaged ({} that no client was told of, {} that the database holds)\n",
      result->trips.size(), result->acked, result->lost, result->lost_beyond_salvage,
      result->salvaged, result->salvaged_unacked, result->salvaged_though_held);
  fmt::print("failbacks: {} orders failed, longest wait {} ms; {} dual acknowledgements\n",
             result->failed_in_failbacks, longest, result->dual_acknowledgements);
  if (result->crashes) print_crashes(*result);
  for (const std::string& check : result->failed_checks) fmt::print("FAILED {}\n", check);
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

/// For `check`, which goes by it. That it cannot be written is said, and fails nothing.
void note_for_check(const drill::DrillResult& result, const Topology& topology,
                    const std::string& log) {
  const auto written = append_drill(log, {.at = result.fault_at,
                                          .fault = result.verdict.fault,
                                          .passed = result.passed(),
                                          .rto_ms = result.verdict.rto_ms,
                                          .rto_full_ms = result.verdict.rto_full_ms,
                                          .platform_digest = platform_digest(topology)});
  if (!written) say_line("understudy check will not know of this drill: " + written.error().what);
}

/// The faults that are asked for. Error: the name of one that there is not.
Result<std::vector<const drill::Fault*>> chosen_faults(const DrillWords& words) {
  std::vector<const drill::Fault*> faults;
  for (const std::string& name : words.faults) {
    const drill::Fault* fault = drill::find_fault(name);
    if (fault == nullptr) {
      return Error{After::unchanged_final,
                   "no fault named \"" + name + "\"; understudy drill --list shows them"};
    }
    faults.push_back(fault);
  }
  for (const drill::Fault& fault : drill::all_faults()) {
    if (words.all && fault.name != "none") faults.push_back(&fault);
  }
  return faults;
}

/// Of all faults, those that cannot be done here are left out, and that is said.
std::vector<std::string> leave_out_what_takes_root(std::vector<const drill::Fault*>& faults) {
  std::vector<std::string> skipped;
  if (geteuid() == 0) return skipped;
  for (const drill::Fault* fault : faults) {
    if (fault->needs.root()) skipped.push_back(fault->name + ": takes root");
  }
  std::erase_if(faults, [](const drill::Fault* fault) { return fault->needs.root(); });
  for (const std::string& line : skipped) say_line("skipped " + line);
  return skipped;
}

std::string about(const DrillWords& words, const json::object& environment) {
  const auto& machine = environment.at("machine").as_object();
  return fmt::format(
      "Written by `understudy drill{} --runs {} --steady-seconds {} --markdown FILE` (Understudy "
      "{}; {}, {} processors, {} MiB): for each drill the whole platform with {} services in two "
      "regions, {} orders a second, the fault, and the verdict by what clients saw and what the "
      "databases hold. How to read a verdict: [report.md](report.md).",
      words.all ? " --all" : "", words.runs, words.steady_seconds,
      std::string(environment.at("understudy").as_string()),
      std::string(machine.at("system").as_string()), machine.at("processors").as_int64(),
      machine.at("memory_mib").to_number<std::uint64_t>(),
      environment.at("services").as_array().size(), words.orders_per_second);
}

}  // namespace

Exit drill_command(const Where& where, const DrillWords& words) {
  auto topology = load_or_explain(where);
  if (!topology) return Exit::usage;
  if (words.safety_only) {
    topology->objectives.rto = topology->objectives.rto_full = std::chrono::hours(1);
  }
  auto faults = chosen_faults(words);
  if (!faults) return fail("drill", faults.error().what, Exit::usage);
  const auto skipped = words.all ? leave_out_what_takes_root(*faults) : std::vector<std::string>();
  drill::DrillOptions options;
  options.own_program = where.own_program;
  options.judge_times = !words.safety_only;
  options.orders_per_second = words.orders_per_second;
  options.steady = std::chrono::seconds(words.steady_seconds);
  if (words.fault_seconds > 0) options.fault_lasts = std::chrono::seconds(words.fault_seconds);
  options.keep = words.keep;
  options.keep_failed = words.keep_failed;
  options.evidence_folder = words.evidence_folder;
  if (!words.report_folder.empty()) {
    if (auto made = file::make_folder(words.report_folder, 0755); !made)
      return fail("drill", made.error().what, Exit::machine);
  }
  drill::catch_interruptions();
  if (words.hammer_rounds > 0) return hammer_command(*topology, options, words);
  if (words.round_trips > 0) return round_trips_command(*topology, options, words);
  std::vector<DrillRow> rows;
  std::vector<json::object> report;
  for (unsigned run = 0; run < words.runs; ++run) {
    for (const drill::Fault* fault : *faults) {
      auto result = drill::run_drill(*fault, *topology, options, say_line);
      if (!result) {
        const Exit why =
            fail("drill", fault->name + ": " + result.error().what, exit_for(result.error()));
        if (rows.empty() || drill::interrupted()) {
          if (rows.size() > 1) fmt::print("{}", drills_as_text(rows));  // what was done until then
          return why;
        }
        rows.push_back({fault, std::move(result)});  // a failed one; the others can be held
        continue;
      }
      print(*result);
      if (!words.safety_only)
        note_for_check(*result, *topology, drill_log_file(data_folder(where, *topology)));
      report.push_back(drill_json(*result, drill_environment(*fault, *topology, where, words)));
      rows.push_back({fault, std::move(result)});
    }
  }
  if (rows.size() > 1) fmt::print("{}", drills_as_text(rows));
  if (!skipped.empty()) fmt::print("{} skipped\n", skipped.size());
  if (auto written = write_results(report, words); !written)
    return fail("drill", written.error().what, Exit::machine);
  if (!words.markdown_file.empty() && !report.empty()) {
    const std::string page = drills_as_markdown(
        rows, about(words, report.front().at("environment").as_object()), skipped);
    if (auto written = file::write_durably(words.markdown_file, page, 0644); !written)
      return fail("drill", written.error().what, Exit::machine);
  }
  const bool passed =
      std::all_of(rows.begin(), rows.end(), [](const DrillRow& row) { return row.passed(); });
  return passed ? Exit::ok : Exit::no;
}

}  // namespace understudy
