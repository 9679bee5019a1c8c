#include "drill/course.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <tuple>

#include "drill/evidence.h"
#include "drill/latency.h"

namespace understudy::drill {
namespace {

namespace json = boost::json;

constexpr std::int64_t kStepMs = 100;
constexpr std::int64_t kStepsMax = 6000;
constexpr std::int64_t kSecondMs = 1000;

using Counts = std::vector<std::int64_t>;

json::array numbers(const Counts& counts) { return json::array(counts.begin(), counts.end()); }

/// Equal steps from the first buyer to the last thing a client learnt.
class Steps {
 public:
  Steps(const Ledger& ledger, BootTime fault) : fault_(fault) {
    std::int64_t first = 0;
    std::int64_t last = 0;
    const auto cover = [&](const Instant& at) {
      first = std::min(first, at_ms(at));
      last = std::max(last, at_ms(at));
    };
    for (const auto& each : ledger.attempts) cover(each.scheduled);
    for (const auto& each : ledger.acknowledgements) cover(each.received);
    for (const auto& each : ledger.refusals) cover(each.received);
    for (const auto& each : ledger.unknowns) cover(each.received);
    for (const auto& each : ledger.pages) cover(each.received);
    while ((last - first) / step_ms_ >= kStepsMax) step_ms_ *= 2;
    // Whole seconds, so that seconds and steps begin together; the fault begins a step.
    begins_ms_ = -((-first + kSecondMs - 1) / kSecondMs) * kSecondMs;
    begins_ms_ -= (step_ms_ - -begins_ms_ % step_ms_) % step_ms_;
    length_ms_ = last - begins_ms_ + 1;
  }

  [[nodiscard]] std::int64_t begins_ms() const { return begins_ms_; }
  [[nodiscard]] std::int64_t step_ms() const { return step_ms_; }
  [[nodiscard]] Counts none() const { return Counts(count_of(step_ms_)); }
  [[nodiscard]] std::size_t seconds() const { return count_of(kSecondMs); }
  [[nodiscard]] std::size_t step_of(const Instant& at) const { return index(at, step_ms_); }
  [[nodiscard]] std::size_t second_of(const Instant& at) const { return index(at, kSecondMs); }

 private:
  [[nodiscard]] std::int64_t at_ms(const Instant& at) const {
    return std::chrono::floor<milliseconds>(at.boot - fault_).count();
  }
  [[nodiscard]] std::size_t count_of(std::int64_t length_ms) const {
    return static_cast<std::size_t>((length_ms_ + length_ms - 1) / length_ms);
  }
  [[nodiscard]] std::size_t index(const Instant& at, std::int64_t length_ms) const {
    return static_cast<std::size_t>((at_ms(at) - begins_ms_) / length_ms);
  }

  BootTime fault_;
  std::int64_t begins_ms_ = 0;
  std::int64_t step_ms_ = kStepMs;
  std::int64_t length_ms_ = 0;
};

struct Outcomes {
  Counts acknowledged, declined, refused, unknown;
};

/// Which ingress each try went to.
class Tries {
 public:
  explicit Tries(const Ledger& ledger) {
    for (const auto& attempt : ledger.attempts)
      urls_.emplace(std::pair(attempt.key, attempt.number), attempt.url);
  }
  template <class Outcome>
  [[nodiscard]] std::string url_of(const Outcome& outcome) const {
    const auto found = urls_.find({outcome.key, outcome.number});
    return found == urls_.end() ? std::string() : found->second;
  }

 private:
  std::map<std::pair<std::string, unsigned>, std::string> urls_;
};

void put_outcomes(const Ledger& ledger, const Steps& steps, json::object& course) {
  const Tries tries(ledger);
  std::map<std::string, Outcomes> by_ingress;
  std::map<std::string, Counts> by_region;
  std::map<std::pair<std::string, std::string>, std::int64_t> errors;
  const auto at = [&](const std::string& url) -> Outcomes& {
    return by_ingress
        .try_emplace(url, Outcomes{steps.none(), steps.none(), steps.none(), steps.none()})
        .first->second;
  };
  for (const auto& sold : ledger.acknowledgements) {
    ++at(tries.url_of(sold)).acknowledged[steps.step_of(sold.received)];
    auto& counts = by_region.try_emplace(sold.region, steps.none()).first->second;
    ++counts[steps.step_of(sold.received)];
  }
  for (const auto& refusal : ledger.refusals) {
    const bool well = refusal.status >= 400 && refusal.status < 500;
    auto& outcomes = at(tries.url_of(refusal));
    ++(well ? outcomes.declined : outcomes.refused)[steps.step_of(refusal.received)];
    if (!well) ++errors[{tries.url_of(refusal), "refused: " + refusal.reason}];
  }
  for (const auto& unknown : ledger.unknowns) {
    ++at(tries.url_of(unknown)).unknown[steps.step_of(unknown.received)];
    ++errors[{tries.url_of(unknown), "unknown: " + unknown.reason}];
  }
  auto& ingress = course["ingress"].emplace_array();
  for (const auto& [url, outcomes] : by_ingress) {
    ingress.push_back({{"name", url},
                       {"acknowledged", numbers(outcomes.acknowledged)},
                       {"declined", numbers(outcomes.declined)},
                       {"refused", numbers(outcomes.refused)},
                       {"unknown", numbers(outcomes.unknown)}});
  }
  auto& regions = course["acknowledged_by"].emplace_array();
  for (const auto& [region, counts] : by_region)
    regions.push_back({{"region", region}, {"counts", numbers(counts)}});
  auto& reasons = course["errors"].emplace_array();
  for (const auto& [key, count] : errors)
    reasons.push_back({{"ingress", key.first}, {"reason", key.second}, {"count", count}});
}

json::array page_errors(const Ledger& ledger, const Steps& steps) {
  auto counts = steps.none();
  for (const auto& page : ledger.pages) {
    if (!page.ok) ++counts[steps.step_of(page.received)];
  }
  return numbers(counts);
}

json::object latency(const Ledger& ledger, const Steps& steps) {
  std::vector<Latencies> seconds(steps.seconds());
  for (const auto& story : tell_stories(ledger)) {
    if (story.acknowledgements.empty()) continue;
    seconds[steps.second_of(story.scheduled)].add(story.acknowledgements.front().received.boot -
                                                  story.scheduled.boot);
  }
  json::array p50;
  json::array p99;
  for (const auto& second : seconds) {
    const bool any = second.count() > 0;
    p50.push_back(any ? json::value(to_ms_up(second.at_permille(500))) : json::value(nullptr));
    p99.push_back(any ? json::value(to_ms_up(second.at_permille(990))) : json::value(nullptr));
  }
  return {{"step_ms", kSecondMs}, {"p50_ms", std::move(p50)}, {"p99_ms", std::move(p99)}};
}

}  // namespace

json::object course_of(const Ledger& ledger, const Instant& fault_at,
                       const std::vector<LagSample>& lag, const std::vector<HeldLease>& leases) {
  const Steps steps(ledger, fault_at.boot);
  json::object course{{"begins_ms", steps.begins_ms()}, {"step_ms", steps.step_ms()}};
  put_outcomes(ledger, steps, course);
  course["page_errors"] = page_errors(ledger, steps);
  auto& marks = course["marks"].emplace_array();
  for (const auto& mark : ledger.marks) {
    const auto after = std::chrono::floor<milliseconds>(mark.at.boot - fault_at.boot);
    marks.push_back({{"name", mark.name}, {"at_ms", after.count()}});
  }
  course["latency"] = latency(ledger, steps);
  json::array at_ms;
  json::array lag_ms;
  for (const auto& sample : lag) {
    at_ms.push_back(sample.at_ms);
    lag_ms.push_back(sample.lag_ms);
  }
  course["lag"] = {{"at_ms", std::move(at_ms)}, {"lag_ms", std::move(lag_ms)}};
  auto& held = course["leases"].emplace_array();
  for (const auto& lease : leases) {
    held.push_back({{"region", lease.region},
                    {"from_ms", lease.from_ms},
                    {"until_ms", lease.until_ms},
                    {"endless", lease.endless}});
  }
  return course;
}

}  // namespace understudy::drill
