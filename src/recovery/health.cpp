#include "recovery/health.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ensure.h"

namespace understudy {

namespace {

enum class Is : std::uint8_t { N, Y, X };  // X: whatever
constexpr Is N = Is::N;
constexpr Is Y = Is::Y;
constexpr Is X = Is::X;

struct Rule {
  Row row;
  // quorum, path, ready, services, database, lease, patience over
  std::array<Is, 7> when;
};

constexpr Decision stay = Decision::stay;
constexpr Decision hold = Decision::hold;
constexpr Decision wait_ = Decision::wait;
constexpr Decision fail_over = Decision::fail_over;

// clang-format off
//                                quorum path ready services database lease patience-over
constexpr std::array kRules = {
  Rule{{10, hold,      "too few vantages have a fresh view"},                                 {N, X, X, X, X, X, X}},
  Rule{{20, stay,      "the region takes traffic"},                                           {Y, Y, Y, X, X, X, X}},
  Rule{{30, fail_over, "region down: nothing of it answers"},                                 {Y, N, X, N, N, X, X}},
  Rule{{40, fail_over, "path cut: its services are healthy, the way to them is not"},         {Y, N, X, Y, X, X, X}},
  Rule{{45, fail_over, "path cut: its database answers, the way in and the services do not"}, {Y, N, X, N, Y, X, X}},
  Rule{{50, hold,      "bad deploy: its services fail, all else is well; mend or roll back"}, {Y, Y, N, N, Y, Y, X}},
  Rule{{60, wait_,     "its database does not answer: it may restart in place"},              {Y, Y, N, X, N, Y, N}},
  Rule{{65, fail_over, "its database did not come back in time"},                             {Y, Y, N, X, N, Y, Y}},
  Rule{{70, wait_,     "everything answers, yet it takes no traffic"},                        {Y, Y, N, Y, Y, Y, N}},
  Rule{{75, hold,      "everything answers, yet it takes no traffic: a person should look"},  {Y, Y, N, Y, Y, Y, Y}},
  Rule{{80, fail_over, "its writer lease ran out: it can acknowledge nothing"},               {Y, Y, N, X, X, N, X}},
};
// clang-format on

constexpr bool matches(Is wanted, bool fact) { return wanted == X || (wanted == Y) == fact; }

constexpr bool matches(const Rule& rule, const std::array<bool, 7>& facts) {
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (!matches(rule.when[i], facts[i])) return false;
  }
  return true;
}

constexpr bool exactly_one_row_for_every_input() {
  for (unsigned bits = 0; bits < (1U << 7); ++bits) {
    std::array<bool, 7> facts{};
    for (std::size_t i = 0; i < facts.size(); ++i) facts[i] = ((bits >> i) & 1U) != 0;
    int rows = 0;
    for (const Rule& rule : kRules) rows += matches(rule, facts) ? 1 : 0;
    if (rows != 1) return false;
  }
  return true;
}
static_assert(exactly_one_row_for_every_input());

constexpr bool never_without_a_majority() {
  return std::all_of(kRules.begin(), kRules.end(), [](const Rule& rule) {
    return rule.row.decision != Decision::fail_over || rule.when[0] == Y;
  });
}
static_assert(never_without_a_majority(),
              "I9: no failover unless a strict majority sees the primary down");

char letter(Is is) { return is == Y ? 'Y' : is == N ? 'N' : '-'; }

}  // namespace

const Row& decide(const Facts& facts) {
  const std::array<bool, 7> all = {facts.quorum,   facts.path,  facts.ready,        facts.services,
                                   facts.database, facts.lease, facts.patience_over};
  const auto* rule =
      std::find_if(kRules.begin(), kRules.end(), [&](const Rule& r) { return matches(r, all); });
  ensure(rule != kRules.end(), "every input has a row");
  return rule->row;
}

const Row& row_of(int id) {
  const auto* rule =
      std::find_if(kRules.begin(), kRules.end(), [&](const Rule& r) { return r.row.id == id; });
  ensure(rule != kRules.end(), "row ids come from the table");
  return rule->row;
}

std::string describe_table() {
  std::string text =
      "row  quorum path ready services database lease patience-over  decision   because\n";
  for (const Rule& rule : kRules) {
    const auto& is = rule.when;
    text +=
        fmt::format("{:<4} {:^6} {:^4} {:^5} {:^8} {:^8} {:^5} {:^13}  {:<9}  {}\n", rule.row.id,
                    letter(is[0]), letter(is[1]), letter(is[2]), letter(is[3]), letter(is[4]),
                    letter(is[5]), letter(is[6]), to_string(rule.row.decision), rule.row.because);
  }
  return text;
}

std::string_view to_string(Decision decision) {
  switch (decision) {
    case Decision::stay: return "stay";
    case Decision::hold: return "hold";
    case Decision::wait: return "wait";
    case Decision::fail_over: return "fail_over";
  }
  return "hold";
}

HealthView::HealthView(ProbeTiming timing, std::vector<std::string> vantages, Guards guards)
    : timing_(timing), guards_(guards) {
  for (auto& name : vantages) views_[std::move(name)];
  ensure(!views_.empty(), "somebody must look");
}

void HealthView::note(const std::string& vantage, const std::string& region, const Sighting& seen,
                      BootTime looked_at) {
  if (region_.empty()) region_ = region;
  if (region != region_) return;
  const auto found = views_.find(vantage);
  ensure(found != views_.end(), "only configured vantages have a view");
  View& view = found->second;
  if (view.looked_at && *view.looked_at > looked_at) return;  // overtaken by a newer look
  const auto count = [](unsigned& failures, bool well) { failures = well ? 0 : failures + 1; };
  count(view.path_failures, seen.path);
  count(view.services_failures, seen.services);
  count(view.database_failures, seen.database);
  view.looked_at = looked_at;
  view.seen = seen;
}

void HealthView::turn_to(const std::string& region) {
  region_ = region;
  unready_since_.reset();
  for (auto& [name, view] : views_) view = View{};
}

bool HealthView::fresh(const View& view, BootTime now) const {
  // A look takes up to `timeout`, the next one begins after `interval`: older than both is silence.
  const Duration age_max = 2 * (timing_.interval + timing_.timeout);
  if (!guards_.has(Guard::only_fresh_looks)) return view.looked_at.has_value();
  return view.looked_at && now - *view.looked_at <= age_max;
}

Facts HealthView::facts(const std::string& region, BootTime now, bool lease_alive) {
  if (region != region_) turn_to(region);
  std::size_t votes = 0, path_down = 0, unready = 0, services_down = 0, database_down = 0;
  for (const auto& [name, view] : views_) {
    if (!fresh(view, now)) {
      // A silent vantage is no vote, neither for well nor for down.
      if (guards_.has(Guard::silent_is_no_vote)) continue;
      ++votes, ++path_down, ++unready, ++services_down, ++database_down;
      continue;
    }
    ++votes;
    path_down += view.path_failures >= timing_.failures;
    unready += !view.seen.ready;
    services_down += view.services_failures >= timing_.failures;
    database_down += view.database_failures >= timing_.failures;
  }
  const auto majority = [this](std::size_t count) {
    return guards_.has(Guard::strict_majority) ? 2 * count > views_.size() : count > 0;
  };
  Facts facts;
  facts.quorum = majority(votes);
  facts.path = !majority(path_down);
  facts.ready = !majority(unready);
  facts.services = !majority(services_down);
  facts.database = !majority(database_down);
  facts.lease = lease_alive;
  if (facts.ready || !facts.quorum) {
    unready_since_.reset();
  } else if (!unready_since_) {
    unready_since_ = now;
  }
  facts.patience_over = unready_since_ && now - *unready_since_ >= timing_.patience;
  return facts;
}

std::vector<std::string> HealthView::describe(BootTime now) const {
  std::vector<std::string> lines;
  for (const auto& [name, view] : views_) {
    if (!fresh(view, now)) {
      lines.push_back(name + ": silent");
      continue;
    }
    const auto word = [](bool well) { return well ? "up" : "down"; };
    lines.push_back(fmt::format("{}: path {}, {}, services {}, database {}{}{}", name,
                                word(view.seen.path), view.seen.ready ? "ready" : "not ready",
                                word(view.seen.services), word(view.seen.database),
                                view.seen.detail.empty() ? "" : "; ", view.seen.detail));
  }
  return lines;
}

}  // namespace understudy
