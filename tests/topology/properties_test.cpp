// What holds for every input, tried with random ones; a failure prints the seed and the smallest
// case found.
#include <gtest/gtest.h>
// RapidCheck's glue needs gtest before it.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>

#include "minimal.h"
#include "topology/json.h"

namespace understudy {
namespace {

/// A topology or a mistake: never both, never neither; and every message is one printable line.
void holds_for(const std::string& text) {
  const auto loaded = parse_topology(text, "u.yaml");
  RC_ASSERT(loaded.topology.has_value() == loaded.mistakes.empty());
  for (const auto& mistake : loaded.mistakes) {
    RC_ASSERT(!mistake.what.empty());
    const auto line = mistake.text();
    RC_ASSERT(std::none_of(line.begin(), line.end(),
                           [](char c) { return static_cast<unsigned char>(c) < ' '; }));
  }
  if (!loaded.topology) return;
  RC_ASSERT(check_relations(*loaded.topology).empty());
  const auto json = to_json(*loaded.topology);
  const auto back = from_json(json);
  RC_ASSERT(back.ok());
  RC_ASSERT(to_json(*back) == json);
}

RC_GTEST_PROP(TheLoader, takes_any_bytes, (const std::string& bytes)) { holds_for(bytes); }

/// Pieces that YAML gives a meaning to, and whole settings.
const std::vector<std::string> kPieces = {
    ": ",      "- ",          "? ",        "[",         "]",         "{",           "}",
    ", ",      "\n",          "\n  ",      "\n    ",    "#",         "'",           "\"",
    "|\n",     ">\n",         "&a ",       "*a",        "!!str ",    "%",           "---\n",
    "...\n",   "~",           "<<: ",      "\\",        "\t",        "\r\n",        "\xef\xbb\xbf",
    "\xff",    "platform: x", "regions:",  "services:", "command",   "lease:",      "ttl: 2s",
    "99999h",  "-1",          "on",        "posture: ", "warm",      "127.0.0.1",   "\xc3\xa4",
    "home: a", "redis: off",  "local: {}", "1e400",     "\"\\x01\"", "\"\\ud800\"", "nothing: "};

RC_GTEST_PROP(TheLoader, takes_any_order_of_yaml, ()) {
  std::string text;
  for (const auto& piece :
       *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPieces))) {
    text += piece;
  }
  holds_for(text);
}

/// Everything that can be set, so that changes reach every reader.
const std::string kFull =
    kMinimal +
    "    environment: { A: b }\n    secrets: [C]\n    listens: on\n    ready_path: /r\n    "
    "ingress: accelerator\n"
    "    path: /s/\n"
    "    posture: minimal\n    instances_active: 4\n    instances_standby: 2\n"
    "witness: { address: 127.9.3.1 }\nedge: { address: 127.9.4.1, wait_max: 3s }\n"
    "database: { name: d, application_role: r, schema_file: s.sql, replication: asynchronous }\n"
    "redis: off\nlease: { ttl: 2s, renew_interval: 600ms, margin: 100ms }\n"
    "probe: { interval: 200ms, timeout: 500ms, failures: 3, patience: 10s }\n"
    "policy: { automatic_failover: ask, lag_budget: 3s, over_budget: go-on }\n"
    "alerts:\n  repeat_interval: 2h\n  targets:\n    chat: { webhook_file: w, format: slack }\n"
    "    mail: { smtp: { url: 'smtp://h:25', from: a@b, to: [c@d], user: u, password_file: p } }\n"
    "objectives: { rto: 4s, rto_full: 5s, rpo: 3s }\nlocal: { data: run, port_base: 7000 }\n";

RC_GTEST_PROP(TheLoader, takes_a_good_file_with_a_piece_put_over_another, ()) {
  const auto at = *rc::gen::inRange<std::size_t>(0, kFull.size());
  const auto length = *rc::gen::inRange<std::size_t>(0, 12);
  const auto piece =
      *rc::gen::oneOf(rc::gen::elementOf(kPieces), rc::gen::arbitrary<std::string>());
  std::string text = kFull;
  holds_for(text.replace(at, length, piece));
}

rc::Gen<Duration> any_length(std::int64_t least_ms, std::int64_t most_ms) {
  return rc::gen::map(rc::gen::inRange(least_ms, most_ms + 1),
                      [](std::int64_t ms) { return Duration(milliseconds(ms)); });
}

/// The rules of the protocol in exact arithmetic, written apart from the code under test.
struct Expected {
  bool renewal, margin, budget, rpo;
};

Expected expected_of(const Topology& t) {
  const auto ttl = t.lease.ttl.count();
  const std::int64_t ppm = t.lease.clock_drift_ppm_max;
  const bool synchronous = t.database.replication == Replication::synchronous;
  return {
      .renewal = 3 * t.lease.renew_interval.count() <= ttl,
      // margin * (1 - r) >= ttl * 2r + answer_max * (1 - r)
      .margin = (t.lease.margin - t.lease.answer_max).count() * (1'000'000 - ppm) >= ttl * 2 * ppm,
      .budget = synchronous || t.policy.lag_budget >= t.lease.ttl + t.lease.margin,
      .rpo = synchronous || t.objectives.rpo >= t.policy.lag_budget,
  };
}

RC_GTEST_PROP(TheTimingRelations, are_refused_exactly_when_the_protocol_says_so, ()) {
  auto topology = minimal_topology();
  topology.lease.ttl = *any_length(500, 60'000);
  // Near the limits as often as far from them.
  const auto third = topology.lease.ttl.count() / 3'000'000;
  topology.lease.renew_interval =
      *any_length(std::max<std::int64_t>(50, third - 3), std::min<std::int64_t>(20'000, third + 3));
  topology.lease.clock_drift_ppm_max = *rc::gen::inRange(1u, 100'001u);
  topology.lease.answer_max = *any_length(1, 1000);
  topology.lease.margin = *any_length(1, 20'000);
  topology.policy.lag_budget = *any_length(0, 100'000);
  topology.objectives.rpo = *any_length(0, 100'000);
  topology.database.replication =
      *rc::gen::element(Replication::asynchronous, Replication::synchronous);

  const auto mistakes = check_relations(topology);
  const auto refused = [&](std::string_view relation) {
    return std::any_of(mistakes.begin(), mistakes.end(), [&](const Mistake& mistake) {
      return mistake.what.find(relation) != std::string::npos;
    });
  };
  const auto expected = expected_of(topology);
  RC_ASSERT(refused("relation lease-renewal:") == !expected.renewal);
  RC_ASSERT(refused("relation lease-margin:") == !expected.margin);
  RC_ASSERT(refused("relation lag-budget:") == !expected.budget);
  RC_ASSERT(refused("relation rpo-objective:") == !expected.rpo);
}

}  // namespace
}  // namespace understudy
