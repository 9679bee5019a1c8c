#include "cli/transition_words.h"

namespace understudy {

void add_where(CLI::App* command, Where& where) {
  command->add_option("-f,--file", where.config, "The platform's description")
      ->capture_default_str();
  command->add_option("--data", where.data, "The stack's data folder");
  command->add_option("--port-base", where.port_base, "Over the file's local.port_base");
}

namespace {

void add_transitions(CLI::App& app, TransitionPlaces places, std::function<Exit()>& chosen) {
  TransitionWords& words = places.words;
  Where& where = places.where;
  const auto transition = [&](CLI::App* command,
                              Exit (*run)(const Where&, const TransitionWords&)) {
    add_where(command, where);
    command->add_option("--reason", words.reason, "Why; recorded");
    command->add_flag("!--no-wait", words.wait, "Only begin it");
    command->callback([&, run] { chosen = [&, run] { return run(where, words); }; });
    return command;
  };
  auto* switchover = transition(
      app.add_subcommand("switchover", "Move the active region to the standby, losing nothing"),
      switchover_command);
  auto* failover =
      transition(app.add_subcommand("failover", "Fail over now, whatever the decision table says"),
                 force_failover_command);
  failover->add_flag("--force", words.force, "It is meant: nothing but the lock and the fence");
  auto* rejoin = transition(
      app.add_subcommand("rejoin", "Rebuild the region that was left as the standby, now"),
      rejoin_command);
  rejoin->add_flag("--copy", words.copy, "By a copy, even if a rewind would do");

  auto* failback =
      app.add_subcommand("failback", "Move the active region home, once a person says so");
  failback->require_subcommand(1);
  auto* plan =
      transition(failback->add_subcommand("plan", "Leave a question that lapses after an hour"),
                 plan_failback_command);
  for (const bool approved : {true, false}) {
    auto* answer = failback->add_subcommand(approved ? "approve" : "decline",
                                            approved ? "Begin the one that is planned" : "Drop it");
    add_where(answer, where);
    answer->add_flag("!--no-wait", words.wait, "Do not follow it");
    answer->callback([&, approved] {
      chosen = [&, approved] { return answer_failback_command(where, approved, words); };
    });
  }
  for (CLI::App* command : {switchover, failover})
    command->add_flag("--yes", words.yes, "Do not ask whether it is meant");
  for (CLI::App* command : {switchover, plan}) {
    command->add_flag("--ungraceful", words.ungraceful,
                      "Go on without the old region's acknowledgement, within the lag budget");
  }
}

void add_controls(CLI::App& app, TransitionPlaces places, std::function<Exit()>& chosen) {
  ControlWords& words = places.control;
  Where& where = places.where;
  const auto control = [&](const std::string& name, const char* what) {
    auto* command = app.add_subcommand(name, what);
    add_where(command, where);
    command->add_option("--execution", words.execution, "May be left out if only one runs");
    command->add_option("--comment", words.comment, "Recorded");
    command->callback([&, name] {
      if (words.what.empty()) words.what = name;
      chosen = [&] { return control_command(where, words); };
    });
    return command;
  };
  control("pause", "Enter no further state of the execution that runs");
  control("resume", "Go on with it");
  control("retry", "Do not wait for the next try");
  control("cancel", "Abort it, before the point of no return");
  auto* skip = control("skip", "Leave out a step that keeps no promise");
  skip->add_option("state", words.state, "Which; by default the one entered last");
  skip->get_option("--comment")->required();
  auto* mode = control("mode", "May the planned move that runs lose what the lag budget allows?");
  mode->add_option("mode", words.what, "graceful or ungraceful")
      ->required()
      ->check(CLI::IsMember({"graceful", "ungraceful"}));
}

}  // namespace

void add_transition_words(CLI::App& app, TransitionPlaces places, std::function<Exit()>& chosen) {
  add_transitions(app, places, chosen);
  add_controls(app, places, chosen);
}

}  // namespace understudy
