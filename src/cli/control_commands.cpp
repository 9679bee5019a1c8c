// status, history, timeline, and what operators order: they ask the controller.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <map>

#include "cli/commands.h"
#include "cli/controller_client.h"
#include "cli/timeline.h"
#include "system/http_client.h"
#include "topology/length.h"

namespace understudy {

namespace json = boost::json;

namespace {

constexpr std::size_t kIdsShown = 5;
/// A target of alerts gets ten seconds.
constexpr Duration kAlertPatience = std::chrono::seconds(15);

void print_region(std::string_view name, const json::object& said, const std::string& active) {
  if (const auto* problem = said.if_contains("problem")) {
    fmt::print("{:<10} {:<8} does not answer: {}\n", name, name == active ? "ACTIVE" : "",
               json::serialize(*problem));
    return;
  }
  const bool writable = said.at("writable").as_bool();
  const std::string lease = !writable ? "no lease"
                            : said.at("endless").as_bool()
                                ? "endless lease"
                                : fmt::format("lease {} ms", text(said, "lease_rest_ms"));
  std::string database = "database does not answer";
  if (const auto* state = said.if_contains("database")) {
    const json::object& seen = state->as_object();
    database = fmt::format("{}, timeline {}{}", text(seen, "role"), text(seen, "timeline"),
                           seen.at("streaming").as_bool() ? ", streaming" : "");
  }
  std::string services;
  for (const auto& service : said.at("running").as_object()) {
    if (service.key() == "postgres" || service.key() == "redis" || service.key() == "agent" ||
        service.key() == "load-balancer")
      continue;
    services +=
        fmt::format(" {}×{}", std::string_view(service.key()), json::serialize(service.value()));
  }
  fmt::print("{:<10} {:<8} {}; {};{}\n", name, name == active ? "ACTIVE" : "standby", lease,
             database, services);
  const json::object& rebuild = said.at("rebuild").as_object();
  if (const std::string phase = text(rebuild, "phase"); phase != "none" && phase != "done") {
    fmt::print("{:<19} rebuilt as standby: {} {} % {}\n", "", phase, text(rebuild, "percent"),
               text(rebuild, "problem"));
  }
  if (name == active && said.at("draining").as_bool())
    fmt::print("{:<19} lets no new requests in\n", "");
  if (const std::string note = text(said, "note"); !note.empty() && note != "-")
    fmt::print("{:<19} {}\n", "", note);
}

/// Asked as a host that no service has: any answer is nginx's own.
json::object cdn_status(const Layout& layout) {
  json::array services;
  for (const Service* service : layout.topology().reached_by(IngressKind::cdn))
    services.emplace_back(service->name);
  const std::string url = "http://" + layout.edge_cdn().text();
  const auto answer = http::Client().send(url + "/", {.method = "HEAD"}, milliseconds(1000));
  return {{"url", url},
          {"answers", answer.ok()},
          {"problem", answer ? "" : answer.error().what},
          {"services", std::move(services)}};
}

void print_cdn(const json::object& cdn) {
  std::string services;
  for (const auto& service : cdn.at("services").as_array())
    services += (services.empty() ? "" : ", ") + std::string(service.as_string());
  fmt::print("{:<10} {} {}; {}\n", "cdn", text(cdn, "url"),
             cdn.at("answers").as_bool() ? "answers" : "DOES NOT ANSWER: " + text(cdn, "problem"),
             services);
}

/// May a failover begin by itself, and who said so.
void print_automation(const json::object& automation) {
  const json::object& permission = automation.at("permission").as_object();
  fmt::print("automation {}; a failover now: {} (row {}): {}\n", text(automation, "described"),
             text(permission, "verdict"), text(permission, "row"), text(permission, "because"));
  if (automation.at("to_acknowledge").as_bool()) {
    fmt::print("SEEN?      {} was automatic: understudy acknowledge\n",
               text(automation.at("last_automatic_failover").as_object(), "execution"));
  }
}

/// What the controller's last look said; `understudy check` says more.
void print_readiness(const json::object& readiness) {
  std::string trouble;
  for (const char* severity : {"blocks", "degrades", "notes"}) {
    const json::array& ids = readiness.at(severity).as_array();
    if (ids.empty()) continue;
    const json::array first(ids.begin(), ids.begin() + std::min(ids.size(), kIdsShown));
    trouble += fmt::format("; {} {}{}", severity, json::serialize(first),
                           ids.size() > kIdsShown ? " and more" : "");
  }
  fmt::print("readiness  {}, {} of 100, {} s ago{}: understudy check\n",
             readiness.at("ready").as_bool() ? "ready" : "NOT READY", text(readiness, "score"),
             readiness.at("age_ms").as_int64() / 1000, trouble);
}

void print_alerts(const json::array& targets) {
  if (targets.empty()) fmt::print("alerts     reach nobody: understudy.yaml names no target\n");
  for (const auto& each : targets) {
    const json::object& target = each.as_object();
    const std::string problem = text(target, "problem");
    fmt::print("alerts     to {} ({}): {} delivered, {} waiting, {} LOST{}{}\n",
               text(target, "name"), text(target, "kind"), text(target, "delivered"),
               text(target, "waiting"), text(target, "lost"), problem.empty() ? "" : "; ", problem);
  }
}

void print_running(const json::object& running) {
  std::string ordered;
  for (const char* order : {"paused", "cancelled", "ungraceful"}) {
    if (running.at(order).as_bool()) ordered += std::string(", ") + order;
  }
  fmt::print("running    {} in {}{}\n", text(running, "execution"), text(running, "state"),
             ordered);
}

void print_status(const json::object& status) {
  const json::object& automation = status.at("automation").as_object();
  if (automation.contains("maintenance"))
    fmt::print("MAINTENANCE {}\n", text(automation, "maintenance_described"));
  const auto* record = status.if_contains("record");
  const json::object none;
  const json::object& seen = record != nullptr && record->is_object() ? record->get_object() : none;
  const std::string active = text(seen, "active");
  fmt::print("{}: {} is active, epoch {}, term {}, standby {}\n", text(status, "platform"), active,
             text(seen, "epoch"), text(seen, "term"), text(seen, "standby"));
  if (const std::string problem = text(status, "registry_problem"); !problem.empty()) {
    fmt::print("registry   {}\n", problem);
  }
  for (const auto& region : status.at("regions").as_object())
    print_region(region.key(), region.value().as_object(), active);
  if (const auto* cdn = status.if_contains("cdn")) print_cdn(cdn->as_object());
  if (const auto* decision = status.if_contains("decision")) {
    const json::object& decided = decision->as_object();
    fmt::print("decision   {} (row {}): {}\n", text(decided, "decision"), text(decided, "row"),
               text(decided, "because"));
  }
  print_automation(automation);
  if (const auto* readiness = status.if_contains("readiness"))
    print_readiness(readiness->as_object());
  print_alerts(status.at("alerts").as_array());
  for (const auto& vantage : status.at("vantages").as_array())
    fmt::print("vantage    {}\n", vantage.as_string().c_str());
  if (seen.contains("transition") && text(seen.at("transition").as_object(), "phase") != "none") {
    const json::object& transition = seen.at("transition").as_object();
    fmt::print("transition {} is {}\n", text(transition, "execution"), text(transition, "phase"));
  }
  for (const auto& question : status.at("questions").as_array()) {
    const std::string state = text(question.as_object(), "state");
    fmt::print("WAITS      {} at {}: understudy approve{} | decline\n",
               text(question.as_object(), "execution"), state,
               state == "AskOperator" ? " --accept-loss" : "");
  }
  for (const auto& each : status.at("running").as_array()) print_running(each.as_object());
}

/// The body of an order. None, having said why, if the words are wrong.
std::optional<json::object> order_of(const std::string& command, const OrderWords& words) {
  json::object body{{"who", who_am_i()}, {"reason", words.reason}};
  if (words.length.empty()) return body;
  const auto length = parse_length(words.length);
  if (!length || *length <= Duration::zero()) {
    fail(command, "--for: expected a length such as 30min or 2h, found \"" + words.length + "\"",
         Exit::usage);
    return std::nullopt;
  }
  body["for_ms"] = to_ms(*length);
  return body;
}

Exit give_order(const std::string& command, const Where& where, const json::object& body) {
  const auto controller = ControllerClient::find(command, where);
  if (!controller) return controller.otherwise;
  auto answered = controller->post("/v1/" + command, body);
  if (!answered) return unreachable(command, answered.error());
  const json::object& automation = answered->at("automation").as_object();
  if (automation.contains("maintenance"))
    fmt::print("MAINTENANCE {}\n", text(automation, "maintenance_described"));
  print_automation(automation);
  return Exit::ok;
}

}  // namespace

Exit status_command(const Where& where, bool as_json) {
  const auto controller = ControllerClient::find("status", where);
  if (!controller) return controller.otherwise;
  auto status = controller->get("/v1/status");
  if (!status) return unreachable("status", status.error());
  if (!controller->layout().cdn_listeners().empty())
    (*status)["cdn"] = cdn_status(controller->layout());
  if (as_json) {
    fmt::print("{}\n", json::serialize(*status));
  } else {
    print_status(*status);
  }
  return Exit::ok;
}

Exit history_command(const Where& where, const std::string& execution, bool as_json) {
  const auto controller = ControllerClient::find("history", where);
  if (!controller) return controller.otherwise;
  if (execution.empty() && !as_json) {
    auto all = controller->get("/v1/executions");
    if (!all) return unreachable("history", all.error());
    for (const auto& each : all->at("executions").as_array()) {
      const json::object& one = each.as_object();
      fmt::print("{}  {:<9}  {}\n", text(one, "started"), text(one, "status"), text(one, "name"));
    }
    return Exit::ok;
  }
  auto name = controller->execution(execution);
  if (!name) return unreachable("history", name.error());
  auto history = controller->get("/v1/history?execution=" + *name);
  if (!history) return unreachable("history", history.error());
  if (as_json) {
    fmt::print("{}\n", json::serialize(*history));
    return Exit::ok;
  }
  for (const auto& each : history->at("events").as_array()) {
    const json::object& event = each.as_object();
    std::string name_of_state;
    for (const auto& member : event) {
      if (!member.value().is_object()) continue;
      if (const auto* state = member.value().get_object().if_contains("name"))
        name_of_state = json::value_to<std::string>(*state);
      if (const auto* cause = member.value().get_object().if_contains("cause"))
        name_of_state = json::value_to<std::string>(*cause);
    }
    fmt::print("{:>4}  {}  {:<24} {}\n", text(event, "id"), text(event, "timestamp"),
               text(event, "type"), name_of_state);
  }
  return Exit::ok;
}

Exit timeline_command(const Where& where, const std::string& execution, bool as_json) {
  const auto controller = ControllerClient::find("timeline", where);
  if (!controller) return controller.otherwise;
  auto name = controller->execution(execution);
  if (!name) return unreachable("timeline", name.error());
  auto history = controller->get("/v1/history?execution=" + *name);
  if (!history) return unreachable("timeline", history.error());
  const Timeline timeline = timeline_of(*history);
  fmt::print("{}\n", as_json ? json::serialize(to_json(timeline)) : describe(timeline));
  return Exit::ok;
}

Exit answer_command(const Where& where, const std::string& execution, bool approved,
                    bool accept_loss) {
  const std::string command = approved ? "approve" : "decline";
  const auto controller = ControllerClient::find(command, where);
  if (!controller) return controller.otherwise;
  auto answered = controller->post(
      "/v1/" + command,
      {{"execution", execution}, {"who", who_am_i()}, {"accept_loss", accept_loss}});
  if (!answered) return unreachable(command, answered.error());
  fmt::print("{} {}d\n", text(*answered, "execution"), command);
  return Exit::ok;
}

Exit detach_command(const Where& where) {
  const auto controller = ControllerClient::find("detach", where);
  if (!controller) return controller.otherwise;
  auto record = controller->post("/v1/detach", {{"who", who_am_i()}});
  if (!record) return unreachable("detach", record.error());
  fmt::print("{} goes on alone with an endless lease; nothing can fail over\n",
             text(*record, "active"));
  return Exit::ok;
}

Exit automation_command(const Where& where, const OrderWords& words) {
  auto body = order_of("automation", words);
  if (!body) return Exit::usage;
  body->insert_or_assign("set", words.set);
  return give_order("automation", where, *body);
}

Exit maintenance_command(const Where& where, const OrderWords& words) {
  auto body = order_of("maintenance", words);
  if (!body) return Exit::usage;
  const bool on = words.set == "on";
  if (on && (words.length.empty() || words.reason.empty()))
    return fail("maintenance", "on needs --for LENGTH and --reason TEXT", Exit::usage);
  body->insert_or_assign("on", on);
  return give_order("maintenance", where, *body);
}

Exit acknowledge_command(const Where& where) {
  return give_order("acknowledge", where, {{"who", who_am_i()}});
}

Exit alert_command(const Where& where, const std::string& to) {
  const auto controller = ControllerClient::find("alert", where);
  if (!controller) return controller.otherwise;
  auto answered =
      controller->post("/v1/test-alert", {{"who", who_am_i()}, {"to", to}}, kAlertPatience);
  if (!answered) return unreachable("alert", answered.error());
  Exit status = Exit::ok;
  for (const auto& each : answered->at("targets").as_array()) {
    const json::object& target = each.as_object();
    const std::string problem = text(target, "problem");
    if (!problem.empty()) status = Exit::no;
    fmt::print("{} ({}): {}\n", text(target, "name"), text(target, "kind"),
               problem.empty() ? "delivered" : "NOT delivered: " + problem);
  }
  return status;
}

}  // namespace understudy
