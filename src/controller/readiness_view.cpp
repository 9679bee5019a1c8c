#include "controller/readiness_view.h"

#include <boost/json/array.hpp>

namespace understudy {

namespace json = boost::json;

namespace {

json::array as_json(const std::vector<int>& ids) { return json::array(ids.begin(), ids.end()); }

json::object head(const Readiness& readiness) {
  return {{"active", readiness.active},
          {"target", readiness.target},
          {"ready", readiness.ready()},
          {"score", readiness.score()}};
}

void add_time(json::object& view, const Readiness& readiness, WallTime now) {
  view["at"] = format_wall(readiness.at);
  view["age_ms"] = to_ms(now - readiness.at);
}

void add_ids(json::object& view, const Readiness& readiness) {
  view["blocks"] = as_json(readiness.ids(Severity::blocks));
  view["degrades"] = as_json(readiness.ids(Severity::degrades));
  view["notes"] = as_json(readiness.ids(Severity::note));
}

}  // namespace

json::object readiness_view(const Readiness& readiness, WallTime now) {
  json::object view = head(readiness);
  add_time(view, readiness, now);
  json::array& checks = view["checks"].emplace_array();
  for (const auto& [question, answer] : readiness.answers) {
    const bool ok = answer.state == Answer::State::ok;
    checks.push_back(json::object{{"id", question.id},
                                  {"name", question.name},
                                  {"asks", question.asks},
                                  {"state", to_string(answer.state)},
                                  {"severity", ok ? "" : to_string(answer.severity)},
                                  {"cause", answer.cause},
                                  {"advice", answer.advice}});
  }
  view["prediction"] = nullptr;
  if (const auto& prediction = readiness.prediction) {
    view["prediction"] = json::object{{"drills", prediction->drills},
                                      {"rto_median_ms", prediction->rto_median_ms},
                                      {"rto_p90_ms", prediction->rto_p90_ms},
                                      {"rto_full_p90_ms", prediction->rto_full_p90_ms}};
  }
  return view;
}

json::object readiness_summary(const Readiness& readiness, WallTime now) {
  json::object summary = head(readiness);
  add_time(summary, readiness, now);
  add_ids(summary, readiness);
  return summary;
}

json::object readiness_event(const Readiness& readiness) {
  json::object event = head(readiness);
  add_ids(event, readiness);
  return event;
}

}  // namespace understudy
