#include "tale.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ensure.h"

namespace understudy::drill {
namespace {

/// Best-available sales in the order of their keys: any seats, as long as no two are the same.
std::int64_t event_of(const std::string& key) { return 1 + std::stoll(key.substr(1)) % 400; }
std::int64_t seat_of(const std::string& key) { return 1 + std::stoll(key.substr(1)) / 400; }

}  // namespace

Instant after_start(int ms) {
  return Instant{BootTime(std::chrono::hours(5)), WallTime(std::chrono::hours(400'000))} +
         milliseconds(ms);
}

Case Tale::usual_case() {
  Case usual;
  usual.fault = "region-kill";
  usual.expected = Outcome::fails_over;
  usual.fault_at = after_start(kFaultMs);
  usual.objectives.rto = milliseconds(3200);
  usual.objectives.rto_full = milliseconds(5000);
  usual.objectives.rpo = milliseconds(3000);
  usual.lag_budget = milliseconds(3000);
  return usual;
}

std::string Tale::order(int at_ms) {
  const auto key = fmt::format("k{}", made_++);
  ledger.attempts.push_back(Attempt{key, 1, event_of(key), std::nullopt, "http://edge",
                                    after_start(at_ms), after_start(at_ms)});
  return key;
}

Tale& Tale::tried_again(const std::string& key, int at_ms) {
  const auto tries = std::count_if(ledger.attempts.begin(), ledger.attempts.end(),
                                   [&](const auto& attempt) { return attempt.key == key; });
  ledger.attempts.push_back(Attempt{key, static_cast<unsigned>(tries + 1), event_of(key),
                                    std::nullopt, "http://edge", after_start(at_ms),
                                    after_start(at_ms)});
  return *this;
}

Tale& Tale::acknowledged(const std::string& key, int at_ms, const Regime& by) {
  ledger.acknowledgements.push_back(Acknowledgement{key, 1, 201, "order-" + key, event_of(key),
                                                    seat_of(key), by.epoch, by.region,
                                                    after_start(at_ms)});
  return *this;
}

Tale& Tale::refused(const std::string& key, int at_ms, unsigned status) {
  ledger.refusals.push_back(Refusal{key, 1, status, "no", after_start(at_ms)});
  return *this;
}

Tale& Tale::unknown(const std::string& key, int at_ms) {
  ledger.unknowns.push_back(UnknownOutcome{key, 1, 0, "timed out", after_start(at_ms)});
  return *this;
}

Tale& Tale::held(const std::string& region, const std::string& key, int at_ms, const Regime& by) {
  auto& view = views[region];
  view.region = region;
  view.orders.push_back(OrderRow{key, "order-" + key, event_of(key), seat_of(key), by.epoch,
                                 by.region, after_start(at_ms).wall, after_start(at_ms).wall});
  return *this;
}

Tale& Tale::forgotten(const std::string& region, const std::string& key) {
  auto& orders = views[region].orders;
  orders.erase(
      std::remove_if(orders.begin(), orders.end(), [&](const auto& row) { return row.key == key; }),
      orders.end());
  return *this;
}

Tale& Tale::replicated(const std::string& from, const std::string& to, int at_ms) {
  auto& into = views[to];
  into.region = to;
  for (const auto& row : views[from].orders) {
    if (row.committed_at <= after_start(at_ms).wall) into.orders.push_back(row);
  }
  return *this;
}

Tale& Tale::ticks(const std::string& region, int from_ms, int until_ms, const Regime& by) {
  auto& view = views[region];
  view.region = region;
  for (int at_ms = from_ms; at_ms < until_ms; at_ms += 1000) {
    const auto at = after_start(at_ms).wall;
    const auto second = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
    view.ticks.push_back(CronTick{by.region, by.epoch, second, at});
  }
  return *this;
}

Tale& Tale::sells(int from_ms, int until_ms, const Regime& by) {
  for (int at_ms = from_ms; at_ms < until_ms; at_ms += 10) {
    const auto key = order(at_ms);
    held(by.region, key, at_ms + kAnswerMs / 2, by);
    acknowledged(key, at_ms + kAnswerMs, by);
  }
  return *this;
}

Tale& Tale::refuses(int from_ms, int until_ms) {
  for (int at_ms = from_ms; at_ms < until_ms; at_ms += 10) {
    refused(order(at_ms), at_ms + kAnswerMs);
  }
  return *this;
}

std::string Tale::sold_at(int from_ms) const {
  for (const auto& attempt : ledger.attempts) {
    if (attempt.scheduled.boot == after_start(from_ms).boot) return attempt.key;
  }
  ensure(false, "a tale is asked for orders that it has");
  return "";
}

OrderRow& Tale::row(const std::string& region, const std::string& key) {
  auto& orders = views[region].orders;
  const auto found =
      std::find_if(orders.begin(), orders.end(), [&](const auto& each) { return each.key == key; });
  ensure(found != orders.end(), "a tale is asked for rows that it has");
  return *found;
}

Acknowledgement& Tale::acknowledgement(const std::string& key) {
  const auto found = std::find_if(ledger.acknowledgements.begin(), ledger.acknowledgements.end(),
                                  [&](const auto& each) { return each.key == key; });
  ensure(found != ledger.acknowledgements.end(), "a tale is asked for answers that it has");
  return *found;
}

std::vector<DatabaseView> Tale::databases() const {
  std::vector<DatabaseView> all;
  for (const auto& [region, view] : views) all.push_back(view);
  return all;
}

Verdict Tale::judged() const { return judge(drilled, ledger, databases()).value(); }

}  // namespace understudy::drill
