// `understudy`: the command line. What each command does is in its own function; here they get
// names.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <climits>

#include "cli/commands.h"
#include "cli/drill_command.h"
#include "cli/record_command.h"
#include "cli/report_command.h"
#include "cli/salvage_command.h"
#include "cli/simulate_command.h"
#include "cli/transition_words.h"
#include "controller/controller.h"
#include "local/layout.h"
#include "local/site.h"
#include "local/units.h"
#include "recovery/health.h"
#include "recovery/permission.h"
#include "registry/registry_server.h"
#include "system/file.h"

namespace understudy {
namespace {

constexpr const char* kProcesses = "Processes of the stack, started by up";
constexpr const char* kFooter =
    "\nExit status: 0 yes; 1 the answer is no; 2 wrong usage or configuration; 3 this machine "
    "lacks something;\n"
    "4 another one is at it; 5 a part of the stack did not answer.";

std::string own_program() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length))
                    : std::string("understudy");
}

/// A process of the stack, run to its end.
Exit run_process(const std::string& name, const Result<Done>& done) {
  return done ? Exit::ok : fail(name, done.error().what, exit_for(done.error()));
}

Exit no_such(const std::string& command, const std::string& kind, const std::string& name,
             const Site& site) {
  std::string known;
  for (const Region& region : site.topology().regions)
    known += (known.empty() ? "" : ", ") + region.name;
  if (kind == "domain") known += ", witness, edge";
  return fail(command, fmt::format("no {} named \"{}\"; there are {}", kind, name, known),
              Exit::usage);
}

struct Options {
  Where where;
  std::string data;
  std::string region;
  std::string domain;
  std::string unit;
  std::string execution;
  bool accept_loss = false;
  unsigned lines = 20;
  bool follow = false;
  bool json = false;
  bool keep_data = false;
  CheckWords check;
  OrderWords order;
  std::string alert_to;
  bool test = false;
  DrillWords drill;
  SimulateWords simulate;
  ReportWords report;
  VerifyWords verify;
  RecoverWords recover;
  TransitionWords transition;
  ControlWords control;
  SalvageWords salvage;
  bool list = false;
};

void add_where(CLI::App* command, Options& options) { add_where(command, options.where); }

void add_stack_commands(CLI::App& app, Options& options, std::function<Exit()>& chosen) {
  auto* validate = app.add_subcommand("validate", "Check understudy.yaml");
  add_where(validate, options);
  validate->callback([&] { chosen = [&] { return validate_command(options.where); }; });

  auto* up =
      app.add_subcommand("up", "Bring the platform up on this machine; again: nothing to do");
  add_where(up, options);
  up->callback([&] { chosen = [&] { return up_command(options.where); }; });

  auto* down = app.add_subcommand("down", "End it, and leave nothing behind");
  add_where(down, options);
  down->add_flag("--keep-data", options.keep_data, "Keep the data folder, for the next up");
  down->callback([&] { chosen = [&] { return down_command(options.where, options.keep_data); }; });

  auto* logs = app.add_subcommand("logs", "Show the logs");
  add_where(logs, options);
  logs->add_option("domain", options.domain, "witness, edge or a region");
  logs->add_option("unit", options.unit, "postgres, agent, api-web ...");
  logs->add_option("-n,--lines", options.lines, "Of each log")->capture_default_str();
  logs->add_flag("--follow", options.follow, "Go on as they grow");
  logs->callback([&] {
    chosen = [&] {
      return logs_command(options.where, options.domain, options.unit, options.lines,
                          options.follow);
    };
  });
}

void add_control_commands(CLI::App& app, Options& options, std::function<Exit()>& chosen) {
  auto* status =
      app.add_subcommand("status", "Who is active, who could take over, what is decided");
  add_where(status, options);
  status->add_flag("--json", options.json, "As JSON");
  status->callback([&] { chosen = [&] { return status_command(options.where, options.json); }; });

  auto* check = app.add_subcommand("check", "Could a failover succeed right now? 0 yes, 1 no");
  add_where(check, options);
  check->add_flag("--fresh", options.check.fresh,
                  "Look now; else what the controller saw within the last minute");
  check->add_flag("--strict", options.check.strict,
                  "1 also for what would make it slower or partial");
  check->add_flag("--json", options.check.json, "As JSON");
  check->callback([&] { chosen = [&] { return check_command(options.where, options.check); }; });

  auto* history = app.add_subcommand("history", "Executions; or the events of one");
  add_where(history, options);
  history->add_option("execution", options.execution, "Its name");
  history->add_flag("--json", options.json,
                    "Events of the named or newest one, as GetExecutionHistory shows them");
  history->callback([&] {
    chosen = [&] { return history_command(options.where, options.execution, options.json); };
  });

  auto* timeline =
      app.add_subcommand("timeline", "The states of an execution, and how long each took");
  add_where(timeline, options);
  timeline->add_option("execution", options.execution, "Its name; the newest by default");
  timeline->add_flag("--json", options.json, "As JSON");
  timeline->callback([&] {
    chosen = [&] { return timeline_command(options.where, options.execution, options.json); };
  });

  for (const bool approved : {true, false}) {
    auto* answer = app.add_subcommand(
        approved ? "approve" : "decline",
        approved ? "Let an execution that asks go on" : "Abort an execution that asks");
    add_where(answer, options);
    answer->add_option("execution", options.execution,
                       "Its name; may be left out if only one asks");
    if (approved) {
      answer->add_flag("--accept-loss", options.accept_loss,
                       "What the standby lacks may be lost, if that is asked");
    }
    answer->callback([&, approved] {
      chosen = [&, approved] {
        return answer_command(options.where, options.execution, approved, options.accept_loss);
      };
    });
  }
  auto* detach = app.add_subcommand(
      "detach",
      "Let the active region go on alone, with an endless lease: for a long repair of the "
      "standby, which is attached again as soon as it streams");
  add_where(detach, options);
  detach->callback([&] { chosen = [&] { return detach_command(options.where); }; });

  auto* rules = app.add_subcommand("rules", "Print the tables that decide whether to fail over");
  rules->callback([&] {
    chosen = [] {
      fmt::print("{}\nMay a failover that this table wants begin by itself?\n{}", describe_table(),
                 describe_permissions());
      return Exit::ok;
    };
  });
}

void add_orders(CLI::App& app, Options& options, std::function<Exit()>& chosen) {
  const auto order = [&](const char* name, const char* what, std::vector<std::string> known) {
    auto* command = app.add_subcommand(name, what);
    add_where(command, options);
    command->add_option("set", options.order.set, "What it is to be")
        ->required()
        ->check(CLI::IsMember(std::move(known)));
    command->add_option("--reason", options.order.reason, "Why; shown in status and alerts");
    command->add_option("--for", options.order.length, "So long: 30min, 2h");
    return command;
  };
  auto* automation =
      order("automation", "May a failover begin by itself: on, ask (a person) or off",
            {"on", "ask", "off"});
  automation->callback(
      [&] { chosen = [&] { return automation_command(options.where, options.order); }; });
  auto* maintenance =
      order("maintenance", "No automatic failover for a while; ends by itself", {"on", "off"});
  maintenance->callback(
      [&] { chosen = [&] { return maintenance_command(options.where, options.order); }; });

  auto* acknowledge = app.add_subcommand(
      "acknowledge", "The last automatic failover was seen: the next one may be automatic again");
  add_where(acknowledge, options);
  acknowledge->callback([&] { chosen = [&] { return acknowledge_command(options.where); }; });

  auto* alert = app.add_subcommand("alert", "Send a test alert, and say whom it reached");
  add_where(alert, options);
  alert->add_flag("--test", options.test, "A test: there is no other kind to be sent by hand")
      ->required();
  alert->add_option("--to", options.alert_to, "Only to the target of that name");
  alert->callback([&] { chosen = [&] { return alert_command(options.where, options.alert_to); }; });
}

void add_drill(CLI::App& app, Options& options, std::function<Exit()>& chosen) {
  auto* drill = app.add_subcommand(
      "drill", "Do a fault to a stack of its own under load, and judge what clients saw");
  add_where(drill, options);
  DrillWords& words = options.drill;
  drill->add_option("--fault", words.faults, "Which; several with commas")->delimiter(',');
  drill->add_flag("--all", words.all, "Every fault");
  drill->add_flag("--list", options.list, "Show the faults and what is expected of each");
  drill->add_option("--runs", words.runs, "So often")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  drill->add_option("--rate", words.orders_per_second, "Orders a second")
      ->check(CLI::Range(1, 5000))
      ->capture_default_str();
  drill
      ->add_option("--steady-seconds", words.steady_seconds,
                   "Load before the fault; for fault none, in all")
      ->check(CLI::Range(5, 86'400))
      ->capture_default_str();
  drill
      ->add_option("--fault-seconds", words.fault_seconds,
                   "How long a fault lasts that nobody may notice (witness-kill, standby-kill)")
      ->check(CLI::Range(1, 86'400));
  drill->add_option("--json", words.json_file, "Write the verdict (several: a list) to this file");
  drill->add_option("--markdown", words.markdown_file,
                    "Write a table of all drills to this file, as docs/drills.md");
  drill->add_option("--report", words.report_folder,
                    "Write report.html, report.md and verdict.json into this folder");
  drill->add_option("--evidence", words.evidence_folder,
                    "Copy the clients' own record into this folder");
  drill->add_flag("--safety-only", words.safety_only,
                  "How long things take is shown, and fails nothing");
  drill->add_option("--round-trips", words.round_trips,
                    "Instead: so often there and back: region-kill, rejoin, failback");
  drill
      ->add_flag("--crashes", words.crashes,
                 "With --round-trips: kill the controller or an agent in every state")
      ->needs("--round-trips");
  drill->add_option("--hammer", words.hammer_rounds,
                    "Instead: so many random SIGSTOP/SIGCONT of agent and watchdog");
  drill->add_option("--seed", words.seed, "Of the hammer")->capture_default_str();
  drill->add_flag("--keep", words.keep, "Leave the ended stack's folder behind");
  drill->add_flag("--keep-failed", words.keep_failed, "The same, of a drill that failed");
  drill->callback([&] {
    chosen = [&] {
      if (options.list) {
        list_faults();
        return Exit::ok;
      }
      if (options.drill.faults.empty() && !options.drill.all && options.drill.hammer_rounds == 0 &&
          options.drill.round_trips == 0)
        options.drill.faults = {"region-kill"};
      return drill_command(options.where, options.drill);
    };
  });
}

void add_report(CLI::App& app, Options& options, std::function<Exit()>& chosen) {
  auto* report = app.add_subcommand(
      "report", "Write report.html and report.md from verdicts that drill --json or --report left");
  report->add_option("files", options.report.files, "The verdicts")->required();
  report->add_option("--out", options.report.out, "The folder to write to")->capture_default_str();
  report->callback([&] { chosen = [&] { return report_command(options.report); }; });
}

void add_salvage(CLI::App& app, Options& options, std::function<Exit()>& chosen) {
  auto* salvage =
      app.add_subcommand("salvage", "What failovers lost, kept when the old region came back");
  salvage->require_subcommand(1);
  const auto part = [&](const char* name, const char* what) {
    auto* command = salvage->add_subcommand(name, what);
    add_where(command, options);
    return command;
  };
  const auto chosen_file = [&](CLI::App* command) {
    command->add_option("--region", options.salvage.region, "Of that region's database");
    command->add_option("--epoch", options.salvage.epoch,
                        "Lost by the failover into that epoch; the newest by default");
  };
  auto* list = part("list", "The files there are");
  list->callback([&] { chosen = [&] { return salvage_list_command(options.where); }; });
  auto* show = part("show", "How many rows of which tables, and when");
  chosen_file(show);
  show->add_flag("--transactions", options.salvage.transactions, "Each transaction, too");
  show->add_flag("--json", options.salvage.json, "As JSON lines");
  show->callback(
      [&] { chosen = [&] { return salvage_show_command(options.where, options.salvage); }; });
  auto* replay = part("replay", "Bring it to the active region, but for what conflicts");
  chosen_file(replay);
  replay->add_flag("--yes", options.salvage.yes, "Do it; else it only tells what it would do");
  replay->callback(
      [&] { chosen = [&] { return salvage_replay_command(options.where, options.salvage); }; });
}

void add_records(CLI::App& app, Options& options, std::function<Exit()>& chosen) {
  auto* record = app.add_subcommand(
      "record", "The incident records: what was decided, ordered, answered and by whom");
  record->require_subcommand(1);
  auto* list = record->add_subcommand("list", "All of them, and whether they hold");
  add_where(list, options);
  list->callback([&] { chosen = [&] { return record_list_command(options.where); }; });
  auto* show = record->add_subcommand("show", "One of them, entry by entry");
  add_where(show, options);
  show->add_option("execution", options.execution, "Whose")->required();
  show->add_flag("--json", options.json, "Its entries as a list");
  show->callback([&] {
    chosen = [&] { return record_show_command(options.where, options.execution, options.json); };
  });

  auto* verify = app.add_subcommand(
      "verify-record",
      "Say what records are, and whether nobody altered, left out or added anything; needs no "
      "stack");
  verify->add_option("files", options.verify.files, "The records, in any order")->required();
  verify->add_option("--authority", options.verify.authority,
                     "The certificate (PEM) of the stack's authority, kept apart from the records; "
                     "without it no record holds");
  verify->callback([&] { chosen = [&] { return verify_record_command(options.verify); }; });
}

void add_simulate(CLI::App& app, Options& options, std::function<Exit()>& chosen) {
  auto* simulate = app.add_subcommand(
      "simulate", "Run the real code through simulated outages, and check every promise");
  SimulateWords& words = options.simulate;
  simulate->add_option("--seeds", words.seeds, "So many histories")->capture_default_str();
  simulate->add_option("--from", words.from, "The first seed")->capture_default_str();
  simulate->add_option("--jobs", words.jobs, "Threads; 0: one a core")->capture_default_str();
  simulate->add_option("--profile", words.profile, "everything, failover or quiet")
      ->capture_default_str();
  simulate->add_option("--seed", words.seed, "Only this one");
  simulate->add_option("--sabotage", words.sabotage,
                       "Take a protection away and see it caught: a name, all, or list");
  simulate->add_flag("--detection", words.detection,
                     "Instead: how soon an outage is seen, and how often a healthy region is left "
                     "(CSV; --seeds histories for each setting)");
  simulate->add_flag("--trace", words.trace, "Tell its story");
  simulate->add_flag("--shrink", words.shrink, "Leave out the faults that do not matter");
  simulate->callback([&] { chosen = [&] { return simulate_command(options.simulate); }; });
}

Exit supervise_process(const std::string& data, const std::string& domain) {
  auto site = Site::open(data);
  if (!site) return fail("supervise", site.error().what, Exit::machine);
  const Layout& layout = (*site)->layout();
  const auto domains = layout.domains();
  const bool known = std::any_of(domains.begin(), domains.end(),
                                 [&](const DomainPlace& place) { return place.name == domain; });
  if (!known) return no_such("supervise", "domain", domain, **site);
  return run_process("supervise",
                     supervise(layout.domain(domain).folder, layout.control_socket(domain)));
}

/// The process, and what an operator does for it.
void add_registry(CLI::App& app, Options& options, std::function<Exit()>& chosen) {
  auto* registry = app.add_subcommand("registry", "The record of who is active: started by up")
                       ->group(kProcesses);
  registry->add_option("--data", options.data, "The stack's data folder");
  auto* recover = registry->add_subcommand(
      "recover", "Make a new record from what the agents say, after the registry lost its own");
  add_where(recover, options);
  recover->add_flag("--yes", options.recover.yes, "Do it; else it only tells what it would do");
  recover->add_option("--gone", options.recover.gone,
                      "You vouch that this region is powered off for good, or destroyed");
  recover->add_option("--settled", options.recover.settled,
                      "You vouch that this region's database is under no promotion");
  recover->callback(
      [&] { chosen = [&] { return recover_command(options.where, options.recover); }; });
  registry->callback([&, registry, recover] {
    if (recover->parsed()) return;
    if (options.data.empty()) throw CLI::RequiredError("--data");
    chosen = [&] { return run_process("registry", run_registry(options.data)); };
  });
}

void add_processes(CLI::App& app, Options& options, std::function<Exit()>& chosen) {
  const auto process = [&](const char* name, const char* what, std::function<Exit()> run) {
    auto* command = app.add_subcommand(name, what)->group(kProcesses);
    command->add_option("--data", options.data, "The stack's data folder")->required();
    command->callback([&chosen, run = std::move(run)] { chosen = run; });
    return command;
  };
  process("serve", "The controller",
          [&] { return run_process("serve", run_controller(options.data)); });
  add_registry(app, options, chosen);
  process("supervise", "The supervisor of a failure domain",
          [&] { return supervise_process(options.data, options.domain); })
      ->add_option("--domain", options.domain, "witness, edge or a region")
      ->required();
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  using namespace understudy;
  CLI::App app("Understudy: automated, provable regional failover.");
  app.require_subcommand(1);
  app.footer(kFooter);
  app.set_version_flag("--version", UNDERSTUDY_VERSION);
  Options options;
  options.where.own_program = own_program();
  std::function<Exit()> chosen;
  add_stack_commands(app, options, chosen);
  add_control_commands(app, options, chosen);
  add_orders(app, options, chosen);
  add_transition_words(app, {options.where, options.transition, options.control}, chosen);
  add_drill(app, options, chosen);
  add_report(app, options, chosen);
  add_salvage(app, options, chosen);
  add_records(app, options, chosen);
  add_simulate(app, options, chosen);
  add_processes(app, options, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
  }
  return static_cast<int>(chosen());
}
