#include "cli/transition_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/value_to.hpp>
#include <iostream>

#include "cli/controller_client.h"
#include "cli/timeline.h"

namespace understudy {

namespace json = boost::json;

namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(100);

/// Whether the person at the terminal means it. Without a terminal, only --yes does.
bool meant(const std::string& command, const std::string& what, const TransitionWords& words) {
  if (words.yes) return true;
  if (isatty(STDIN_FILENO) == 0) {
    fail(command, "nobody to ask: --yes --reason TEXT says that it is meant", Exit::usage);
    return false;
  }
  fmt::print("{}\nType \"{}\" to go on: ", what, command);
  std::fflush(stdout);
  std::string typed;
  std::getline(std::cin, typed);
  if (typed == command) return true;
  fail(command, "not begun", Exit::no);
  return false;
}

/// Tells each state as it is entered, until the execution has ended.
Exit follow(const ControllerClient::Found& controller, const std::string& command,
            const std::string& execution) {
  std::size_t told = 0;
  bool predicted = false;
  while (true) {
    auto history = controller->get("/v1/history?execution=" + execution);
    if (!history) return unreachable(command, history.error());
    const Timeline timeline = timeline_of(*history);
    for (; told < timeline.entries.size(); ++told) {
      const TimelineEntry& entry = timeline.entries[told];
      fmt::print("  {:>8.3f} s  {}\n",
                 static_cast<double>(to_ms(entry.entered - timeline.started)) / 1000, entry.state);
    }
    if (timeline.predicted_end && !std::exchange(predicted, true))
      fmt::print("              predicted to end after {:.1f} s, by {} earlier ones\n",
                 static_cast<double>(to_ms(*timeline.predicted_end - timeline.started)) / 1000,
                 timeline.learnt_from);
    std::fflush(stdout);
    if (timeline.status != "RUNNING") {
      fmt::print("{}  {}{}\n", execution, timeline.status,
                 timeline.status == "SUCCEEDED" || timeline.entries.empty()
                     ? ""
                     : "  " + timeline.entries.back().note);
      return timeline.status == "SUCCEEDED" ? Exit::ok : Exit::no;
    }
    usleep(static_cast<useconds_t>(std::chrono::microseconds(kLookEvery).count()));
  }
}

Exit begin(const std::string& command, const Where& where, const std::string& path,
           json::object body, const TransitionWords& words) {
  const auto controller = ControllerClient::find(command, where);
  if (!controller) return controller.otherwise;
  body["who"] = who_am_i();
  body["reason"] = words.reason;
  auto begun = controller->post(path, body);
  if (!begun) return unreachable(command, begun.error());
  const std::string execution = text(*begun, "execution");
  fmt::print("{}\n", execution);
  if (!words.wait) return Exit::ok;
  return follow(controller, command, execution);
}

/// The failback that waits for an answer. None, having said why.
std::optional<std::string> planned_failback(const ControllerClient::Found& controller) {
  auto status = controller->get("/v1/status");
  if (!status) {
    (void)unreachable("failback", status.error());
    return std::nullopt;
  }
  for (const auto& question : status->at("questions").as_array()) {
    const std::string execution = text(question.as_object(), "execution");
    if (execution.starts_with("failback-")) return execution;
  }
  fail("failback", "none is planned: understudy failback plan", Exit::no);
  return std::nullopt;
}

}  // namespace

Exit switchover_command(const Where& where, const TransitionWords& words) {
  if (!meant("switchover", "The standby becomes the active region. Orders wait meanwhile.", words))
    return Exit::no;
  return begin("switchover", where, "/v1/switchover", {{"ungraceful", words.ungraceful}}, words);
}

Exit force_failover_command(const Where& where, const TransitionWords& words) {
  if (!words.force) {
    return fail("failover",
                "failovers begin by themselves; --force begins one against the decision table",
                Exit::usage);
  }
  if (words.reason.empty())
    return fail("failover", "--force needs --reason TEXT, which is recorded", Exit::usage);
  if (!meant("failover",
             "The standby is promoted whatever the decision table says. What it lacks is lost.",
             words))
    return Exit::no;
  return begin("failover", where, "/v1/failover", {}, words);
}

Exit rejoin_command(const Where& where, const TransitionWords& words) {
  return begin("rejoin", where, "/v1/rejoin", {{"copy", words.copy}}, words);
}

Exit plan_failback_command(const Where& where, const TransitionWords& words) {
  const auto controller = ControllerClient::find("failback", where);
  if (!controller) return controller.otherwise;
  auto planned = controller->post(
      "/v1/failback",
      {{"who", who_am_i()}, {"reason", words.reason}, {"ungraceful", words.ungraceful}});
  if (!planned) return unreachable("failback", planned.error());
  auto status = controller->get("/v1/status");
  if (!status) return unreachable("failback", status.error());
  const json::object& record = status->at("record").as_object();
  fmt::print(
      "{}: from {} to {}, {}\n", text(*planned, "execution"), text(record, "active"),
      text(record, "standby"),
      words.ungraceful ? "ungraceful: within the lag budget" : "losing nothing, or not at all");
  for (const auto& region : status->at("regions").as_object()) {
    const json::object& said = region.value().as_object();
    const auto* database = said.if_contains("database");
    fmt::print("  {:<10} {}\n", std::string_view(region.key()),
               database == nullptr ? "its database does not answer"
               : text(database->as_object(), "role") == "standby" &&
                       !database->as_object().at("streaming").as_bool()
                   ? "standby, NOT streaming"
                   : text(database->as_object(), "role"));
  }
  fmt::print(
      "Nothing was changed. It lapses after an hour. understudy failback approve | decline\n");
  return Exit::ok;
}

Exit answer_failback_command(const Where& where, bool approved, const TransitionWords& words) {
  const auto controller = ControllerClient::find("failback", where);
  if (!controller) return controller.otherwise;
  const auto execution = planned_failback(controller);
  if (!execution) return Exit::no;
  auto answered = controller->post(approved ? "/v1/approve" : "/v1/decline",
                                   {{"execution", *execution}, {"who", who_am_i()}});
  if (!answered) return unreachable("failback", answered.error());
  if (!approved) {
    fmt::print("{} declined; nothing was changed\n", *execution);
    return Exit::ok;
  }
  if (!words.wait) return Exit::ok;
  return follow(controller, "failback", *execution);
}

Exit control_command(const Where& where, const ControlWords& words) {
  const auto controller = ControllerClient::find(words.what, where);
  if (!controller) return controller.otherwise;
  auto done = controller->post("/v1/control", {{"execution", words.execution},
                                               {"what", words.what},
                                               {"state", words.state},
                                               {"comment", words.comment},
                                               {"who", who_am_i()}});
  if (!done) return unreachable(words.what, done.error());
  fmt::print("{}: {}\n", text(*done, "execution"), text(*done, "what"));
  return Exit::ok;
}

}  // namespace understudy
