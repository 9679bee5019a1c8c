#include "drill/verdict_text.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <iterator>

namespace understudy::drill {
namespace {

namespace json = boost::json;

template <class T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::array lines(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::array phases_json(const Verdict& verdict) {
  json::array phases;
  for (const auto& phase : verdict.phases) {
    phases.push_back(json::object{{"name", phase.name},
                                  {"at_ms", phase.at_ms},
                                  {"said_by", phase.said_by_clients ? "clients" : "system"}});
  }
  return phases;
}

json::array lost_json(const Verdict& verdict) {
  json::array lost;
  for (const auto& order : verdict.lost) {
    lost.push_back(json::object{{"key", order.key},
                                {"order", order.order},
                                {"event", order.event},
                                {"seat", order.seat},
                                {"region", order.region},
                                {"age_ms", order.age_ms},
                                {"seat_resold", order.seat_resold}});
  }
  return lost;
}

json::array broken_json(const Verdict& verdict) {
  json::array broken;
  for (const auto& each : verdict.invariants_broken) {
    broken.push_back(json::object{{"id", each.id}, {"evidence", each.evidence}});
  }
  return broken;
}

void put_outcome(const Verdict& verdict, json::object& out) {
  out["fault"] = verdict.fault;
  out["expected"] = json::string(to_string(verdict.expected));
  out["outcome"] = json::string(to_string(verdict.outcome));
  out["outcome_as_expected"] = verdict.outcome_as_expected();
  out["rto_ms"] = or_null(verdict.rto_ms);
  out["rto_full_ms"] = or_null(verdict.rto_full_ms);
  out["interrupted"] = verdict.interrupted;
  out["full_at_the_end"] = verdict.full_at_the_end;
  out["longest_silence_ms"] = verdict.longest_silence_ms;
  out["phases"] = phases_json(verdict);
}

void put_sales(const Verdict& verdict, json::object& out) {
  out["orders"] = verdict.orders;
  out["acked"] = verdict.acked;
  out["refused"] = verdict.refused;
  out["unknown"] = verdict.unknown;
  out["failed"] = verdict.failed;
  out["lost_acked"] = or_null(verdict.lost_acked);
  out["lost_max_age_ms"] = verdict.lost_max_age_ms;
  out["lost"] = lost_json(verdict);
  out["duplicate_orders"] = verdict.duplicate_orders;
  out["oversold"] = verdict.oversold;
  out["lost_seats_resold"] = verdict.lost_seats_resold;
  out["dual_writer_ms"] = verdict.dual_writer_ms;
  out["old_region_writes_after_promotion"] = verdict.old_region_writes_after_promotion;
  out["refused_but_present"] = verdict.refused_but_present;
  out["page_reads"] = verdict.page_reads;
  out["page_errors"] = verdict.page_errors;
}

void put_judgement(const Verdict& verdict, json::object& out) {
  out["orders_per_second_before"] = verdict.orders_per_second_before;
  out["latency_p50_ms"] = verdict.latency_p50_ms;
  out["latency_p99_ms"] = verdict.latency_p99_ms;
  out["latency_max_ms"] = verdict.latency_max_ms;
  out["client_stall_max_ms"] = verdict.client_stall_max_ms;
  out["ledger_torn"] = verdict.ledger_torn;
  out["invariants_broken"] = broken_json(verdict);
  out["not_judged"] = lines(verdict.not_judged);
  out["objectives_missed"] = lines(verdict.objectives_missed);
  out["objectives_met"] = verdict.objectives_met;
  out["passed"] = verdict.passed();
}

std::string ms_or(const std::optional<std::int64_t>& value, std::string_view otherwise) {
  return value ? fmt::format("{} ms", *value) : std::string(otherwise);
}

}  // namespace

std::string to_json(const Verdict& verdict) {
  json::object out;
  put_outcome(verdict, out);
  put_sales(verdict, out);
  put_judgement(verdict, out);
  std::string text = "{";
  std::string_view before = "\n";
  for (const auto& [name, value] : out) {
    text += fmt::format("{}  \"{}\": {}", before, std::string_view(name.data(), name.size()),
                        json::serialize(value));
    before = ",\n";
  }
  return text + "\n}\n";
}

std::string to_terminal(const Verdict& verdict) {
  std::string text;
  const auto line = [&text]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
    text += '\n';
  };
  line("{}: {} (expected: {})", verdict.fault, to_string(verdict.outcome),
       to_string(verdict.expected));
  for (const auto& phase : verdict.phases) {
    line("  {:>+8} ms  {}{}", phase.at_ms, phase.name,
         phase.said_by_clients ? "" : "  (said by the system)");
  }
  line("  first order acknowledged again  {}", ms_or(verdict.rto_ms, "-"));
  line("  full service again              {}",
       ms_or(verdict.rto_full_ms, verdict.interrupted ? "never" : "never interrupted"));
  line("  longest silence                 {} ms", verdict.longest_silence_ms);
  line(
      "  orders      {} = {} acknowledged + {} refused + {} unknown; {:.0f}/s before; {} of those "
      "for any seat failed",
      verdict.orders, verdict.acked, verdict.refused, verdict.unknown,
      verdict.orders_per_second_before, verdict.failed);
  line("  lost        {}, oldest {} ms; {} of their seats sold again",
       verdict.lost_acked ? std::to_string(*verdict.lost_acked) : "not judged",
       verdict.lost_max_age_ms, verdict.lost_seats_resold);
  line("  wrong       {} duplicated, {} oversold, {} refused but sold", verdict.duplicate_orders,
       verdict.oversold, verdict.refused_but_present);
  line("  two writers {} ms seen by clients; {} late commits in the old region",
       verdict.dual_writer_ms, verdict.old_region_writes_after_promotion);
  line("  pages       {} read, {} failed", verdict.page_reads, verdict.page_errors);
  line("  latency     p50 {} ms, p99 {} ms before; longest {} ms; clients late by up to {} ms",
       verdict.latency_p50_ms, verdict.latency_p99_ms, verdict.latency_max_ms,
       verdict.client_stall_max_ms);
  if (verdict.ledger_torn) line("  the ledger's last line was torn and left out");
  for (const auto& broken : verdict.invariants_broken) {
    line("  BROKEN {}: {}", broken.id, broken.evidence);
  }
  for (const auto& missed : verdict.objectives_missed) line("  MISSED {}", missed);
  line("{}", verdict.passed() ? "passed" : "FAILED");
  return text;
}

}  // namespace understudy::drill
