#include "report/course_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "report/view.h"

namespace understudy::report {
namespace {

namespace json = boost::json;

using Counts = std::vector<std::int64_t>;

constexpr std::int64_t kSecondMs = 1000;

/// A course read, and found to be of one piece.
struct Course {
  explicit Course(const Fields& course)
      : begins_ms(course.number("begins_ms")),
        step_ms(course.number("step_ms")),
        page_errors(course.numbers("page_errors")),
        declined(page_errors.size()),
        refused(page_errors.size()),
        unknown(page_errors.size()) {
    if (step_ms < 1 || step_ms > 3'600'000) course.say("step_ms", "a length from 1 to an hour");
    for (const auto& ingress : course.objects("ingress")) {
      (void)ingress.text("name");
      (void)counts(ingress, "acknowledged");
      add(declined, counts(ingress, "declined"));
      add(refused, counts(ingress, "refused"));
      add(unknown, counts(ingress, "unknown"));
    }
    for (const auto& by : course.objects("acknowledged_by"))
      acknowledged.emplace_back(by.text("region"), counts(by, "counts"));
    const auto latency = course.object("latency");
    if (latency.number("step_ms") != kSecondMs) latency.say("step_ms", "1000");
    p50 = latency.numbers_or_nulls("p50_ms");
    p99 = latency.numbers_or_nulls("p99_ms");
    if (p50.size() != p99.size()) latency.say("p99_ms", "as many as of p50_ms");
    const auto lag = course.object("lag");
    lag_at_ms = lag.numbers("at_ms");
    lag_ms = lag.numbers("lag_ms");
    if (lag_at_ms.size() != lag_ms.size()) lag.say("lag_ms", "as many as of at_ms");
  }

  Counts counts(const Fields& from, std::string_view key) const {
    auto all = from.numbers(key);
    if (all.size() != page_errors.size()) from.say(key, "as many numbers as in page_errors");
    all.resize(page_errors.size());
    return all;
  }
  static void add(Counts& sum, const Counts& more) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += more[i];
  }

  std::int64_t begins_ms;
  std::int64_t step_ms;
  Counts page_errors;
  Counts declined;
  Counts refused;
  Counts unknown;
  std::vector<std::pair<std::string, Counts>> acknowledged;
  std::vector<std::optional<std::int64_t>> p50, p99;
  Counts lag_at_ms, lag_ms;
};

/// The regions in the order in which they came to hold the lease, or to acknowledge; then the rest.
json::array regions_of(const Fields& drill, const Fields& course) {
  json::array regions;
  const auto add = [&](const std::string& name) {
    if (std::find(regions.begin(), regions.end(), json::value(name)) == regions.end())
      regions.emplace_back(name);
  };
  for (const auto& lease : course.objects("leases")) add(lease.text("region"));
  for (const auto& by : course.objects("acknowledged_by")) add(by.text("region"));
  if (drill.has("environment") && drill.object("environment").has("regions")) {
    for (const auto& region : drill.object("environment").texts("regions")) add(region);
  }
  return regions;
}

json::array moments(const Fields& course, const json::object& view) {
  json::array all;
  for (const auto& mark : course.objects("marks")) {
    all.push_back({{"at_ms", mark.number("at_ms")},
                   {"flag", mark.text("name") == "healed" ? "fault undone" : mark.text("name")},
                   {"strong", true}});
  }
  for (const auto& phase : view.at("phases").as_array()) {
    all.push_back({{"at_ms", phase.at("at_ms")},
                   {"flag", fmt::format("{}", phase.at("number").to_number<std::size_t>())},
                   {"strong", false}});
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.at("at_ms").as_int64() < b.at("at_ms").as_int64();
  });
  return all;
}

/// A row for each second, or for each step if steps are longer.
class Seconds {
 public:
  explicit Seconds(const Course& course)
      : course_(course), sum_(std::max<std::int64_t>(kSecondMs / course.step_ms, 1)) {}

  [[nodiscard]] json::array rows() const {
    json::array rows;
    const auto steps = static_cast<std::int64_t>(course_.page_errors.size());
    for (std::int64_t first = 0; first < steps; first += sum_) rows.push_back(row(first));
    return rows;
  }

 private:
  [[nodiscard]] json::object row(std::int64_t first) const {
    json::array cells;
    const auto cell = [&](std::string value) {
      cells.push_back(json::object{{"value", std::move(value)}});
    };
    const auto count = [&](const Counts& counts) {
      std::int64_t total = 0;
      const auto end = std::min(first + sum_, static_cast<std::int64_t>(counts.size()));
      for (auto i = first; i < end; ++i) total += counts[static_cast<std::size_t>(i)];
      cell(std::to_string(total));
    };
    for (const auto& [region, counts] : course_.acknowledged) count(counts);
    count(course_.declined);
    count(course_.refused);
    count(course_.unknown);
    count(course_.page_errors);
    const auto second = static_cast<std::size_t>(first * course_.step_ms / kSecondMs);
    for (const auto& values : {course_.p50, course_.p99})
      cell(second < values.size() && values[second] ? length_text(*values[second]) : "–");
    const auto from = course_.begins_ms + first * course_.step_ms;
    const auto lag = greatest_lag(from, from + sum_ * course_.step_ms);
    cell(lag ? length_text(*lag) : "–");
    return {{"from", fmt::format("{:+} s", from / kSecondMs)}, {"cells", std::move(cells)}};
  }

  [[nodiscard]] std::optional<std::int64_t> greatest_lag(std::int64_t from,
                                                         std::int64_t until) const {
    std::optional<std::int64_t> greatest;
    for (std::size_t i = 0; i < course_.lag_at_ms.size(); ++i) {
      const auto at = course_.lag_at_ms[i];
      if (at >= from && at < until) greatest = std::max(greatest.value_or(0), course_.lag_ms[i]);
    }
    return greatest;
  }

  const Course& course_;
  const std::int64_t sum_;
};

/// '<' begins a tag even in a script element; in JSON it stands in texts only.
std::string script_safe(const std::string& text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace

void put_course(const Fields& drill, json::object& view) {
  for (const char* none : {"course", "any_errors", "any_leases", "any_seconds"}) view[none] = false;
  if (!drill.has("course")) return;
  const auto from = drill.object("course");
  const Course course(from);
  if (!from.good()) return;
  auto& errors = view["errors"].emplace_array();
  for (const auto& error : from.objects("errors")) {
    errors.push_back({{"ingress", error.text("ingress")},
                      {"reason", error.text("reason")},
                      {"count", error.number("count")}});
  }
  auto& leases = view["leases"].emplace_array();
  for (const auto& lease : from.objects("leases")) {
    leases.push_back(
        {{"region", lease.text("region")},
         {"from", moment_text(lease.number("from_ms"))},
         {"until", lease.flag("endless") ? "without end" : moment_text(lease.number("until_ms"))}});
  }
  auto& regions = view["regions"].emplace_array();
  for (const auto& [region, counts] : course.acknowledged)
    regions.push_back(json::object{{"name", region}});
  view["seconds"] = Seconds(course).rows();
  view["any_errors"] = !errors.empty();
  view["any_leases"] = !leases.empty();
  view["any_seconds"] = true;
  view["course"] = script_safe(json::serialize(json::object{{"course", from.whole()},
                                                            {"regions", regions_of(drill, from)},
                                                            {"moments", moments(from, view)}}));
}

}  // namespace understudy::report
