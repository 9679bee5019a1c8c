// check: could a failover succeed right now?

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <cctype>

#include "cli/commands.h"
#include "local/control_client.h"
#include "local/site.h"
#include "system/kernel.h"

namespace understudy {

namespace json = boost::json;

namespace {

/// A fresh look waits for regions that do not answer.
constexpr Duration kPatience = std::chrono::seconds(25);

std::string text(const json::object& object, std::string_view key) {
  return json::value_to<std::string>(object.at(key));
}

std::string upper(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return word;
}

void print_trouble(const std::string& ids, const std::string& name, const json::object& check) {
  const bool unknown = text(check, "state") == "unknown";
  const std::string severity = upper(text(check, "severity"));
  fmt::print("{:>5}  {:<24} {}\n", ids, name,
             unknown ? severity + ", not known: " + text(check, "cause")
                     : severity + ": " + text(check, "cause"));
}

/// What is not known for one and the same reason is said once.
void print_checks(const json::array& checks) {
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const json::object& check = checks[i].as_object();
    const std::string id = std::to_string(check.at("id").as_int64());
    if (text(check, "state") == "ok") {
      fmt::print("{:>5}  {:<24} ok: {}\n", id, text(check, "name"), text(check, "asks"));
      continue;
    }
    print_trouble(id, text(check, "name"), check);
    fmt::print("{:>5}  {:<24} expected: {}\n", "", "", text(check, "asks"));
    std::size_t last = i;
    while (text(check, "state") == "unknown" && last + 1 < checks.size() &&
           text(checks[last + 1].as_object(), "state") == "unknown" &&
           text(checks[last + 1].as_object(), "cause") == text(check, "cause"))
      ++last;
    for (std::size_t same = i + 1; same <= last; ++same) {
      const json::object& other = checks[same].as_object();
      fmt::print("{:>5}  {:<24} {}, nor is this\n", other.at("id").as_int64(), text(other, "name"),
                 upper(text(other, "severity")));
    }
    if (last == i) fmt::print("{:>5}  {:<24} do: {}\n", "", "", text(check, "advice"));
    i = last;
  }
}

void print_prediction(const json::object& readiness) {
  const auto* prediction = readiness.at("prediction").if_object();
  if (prediction == nullptr) return;
  fmt::print(
      "\nBy {} past drills a failover takes {} ms (median), {} ms (p90) until orders are "
      "acknowledged, {} ms (p90) until service is full.\n",
      prediction->at("drills").to_number<std::uint64_t>(),
      prediction->at("rto_median_ms").as_int64(), prediction->at("rto_p90_ms").as_int64(),
      prediction->at("rto_full_p90_ms").as_int64());
}

/// Names and ids of what has that severity; `state`: "finding", "unknown", or "" for either.
std::vector<std::string> ids_of(const json::array& checks, std::string_view severity,
                                std::string_view state = "") {
  std::vector<std::string> ids;
  for (const auto& each : checks) {
    const json::object& check = each.as_object();
    if (text(check, "severity") != severity || (!state.empty() && text(check, "state") != state))
      continue;
    ids.push_back(fmt::format("{} ({})", text(check, "name"), check.at("id").as_int64()));
  }
  return ids;
}

void print_verdict(const json::object& readiness) {
  const json::array& checks = readiness.at("checks").as_array();
  const bool found = !ids_of(checks, "blocks", "finding").empty();
  const bool unknown = !ids_of(checks, "blocks", "unknown").empty();
  const std::string active = text(readiness, "active");
  const std::string move =
      active.empty() ? "a failover"
                     : fmt::format("a failover from {} to {}", active, text(readiness, "target"));
  const char* verdict = found     ? "would fail, or lose more than the budget"
                        : unknown ? "may fail, or lose more than the budget: too little is known"
                        : !ids_of(checks, "degrades").empty()
                            ? "would succeed; what degrades is slower, missing or not proved"
                            : "would succeed";
  fmt::print(
      "\n{}, {} of 100, {} s ago: {} {}\n", readiness.at("ready").as_bool() ? "READY" : "NOT READY",
      readiness.at("score").as_int64(), readiness.at("age_ms").as_int64() / 1000, move, verdict);
  for (const char* severity : {"blocks", "degrades", "note"}) {
    for (const char* state : {"finding", "unknown"}) {
      const auto ids = ids_of(checks, severity, state);
      if (ids.empty()) continue;
      fmt::print("  {:<20} {}\n", std::string(severity) + (state[0] == 'u' ? ", not known" : ""),
                 fmt::to_string(fmt::join(ids, ", ")));
    }
  }
}

Exit exit_for_readiness(const json::object& readiness, bool strict) {
  if (!readiness.at("ready").as_bool()) return Exit::no;
  const bool degraded = !ids_of(readiness.at("checks").as_array(), "degrades").empty();
  return strict && degraded ? Exit::no : Exit::ok;
}

}  // namespace

Exit check_command(const Where& where, const CheckWords& words) {
  const auto stack = find_stack(where);
  if (!stack) return Exit::usage;
  const auto site = Site::open(stack->data);
  if (!site) return fail("check", "is the stack up? " + site.error().what, Exit::no);
  const auto clock = make_kernel_clock();
  const Layout& layout = (*site)->layout();
  const ControlClient controller(Site::control_http(layout.file("tls"), "cli"),
                                 layout.controller().text(), *clock);
  auto readiness = controller.get(words.fresh ? "/v1/readiness?fresh=1" : "/v1/readiness",
                                  clock->boot() + kPatience);
  if (!readiness) return fail("check", readiness.error().what, Exit::unreachable);
  if (words.json) {
    fmt::print("{}\n", json::serialize(*readiness));
  } else {
    print_checks(readiness->at("checks").as_array());
    print_prediction(*readiness);
    print_verdict(*readiness);
  }
  return exit_for_readiness(*readiness, words.strict);
}

}  // namespace understudy
