#include "recovery/permission.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ensure.h"

namespace understudy {

namespace {

enum class Is : std::uint8_t { N, Y, X };  // X: whatever
constexpr Is N = Is::N;
constexpr Is Y = Is::Y;
constexpr Is X = Is::X;

using Conditions = std::array<bool, 6>;

struct Rule {
  Permission row;
  // maintenance, off, declined, ask, acknowledged, interval over
  std::array<Is, 6> when;
};

constexpr Verdict go = Verdict::go;
constexpr Verdict ask = Verdict::ask;
constexpr Verdict no = Verdict::no;

// clang-format off
//                         maintenance off declined ask acknowledged interval-over
constexpr std::array kRules = {
  Rule{{110, no,  "maintenance mode is on"},                                   {Y, X, X, X, X, X}},
  Rule{{120, no,  "automatic failover is off"},                                {N, Y, X, X, X, X}},
  Rule{{130, no,  "a person declined it"},                                     {N, N, Y, X, X, X}},
  Rule{{140, ask, "automatic failover is set to ask"},                         {N, N, N, Y, X, X}},
  Rule{{150, ask, "nobody has acknowledged the last automatic failover"},      {N, N, N, N, N, X}},
  Rule{{160, ask, "the last automatic failover was a short while ago "
                  "(policy.failover_interval_min)"},                           {N, N, N, N, Y, N}},
  Rule{{170, go,  "automatic failover is on"},                                 {N, N, N, N, Y, Y}},
};
// clang-format on

constexpr bool matches(const Rule& rule, const Conditions& conditions) {
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    if (rule.when[i] != X && (rule.when[i] == Y) != conditions[i]) return false;
  }
  return true;
}

constexpr bool exactly_one_row_for_every_input() {
  for (unsigned bits = 0; bits < (1U << 6); ++bits) {
    Conditions conditions{};
    for (std::size_t i = 0; i < conditions.size(); ++i) conditions[i] = ((bits >> i) & 1U) != 0;
    int rows = 0;
    for (const Rule& rule : kRules) rows += matches(rule, conditions) ? 1 : 0;
    if (rows != 1) return false;
  }
  return true;
}
static_assert(exactly_one_row_for_every_input());

char letter(Is is) { return is == Y ? 'Y' : is == N ? 'N' : '-'; }

}  // namespace

const Permission& permission(const Circumstances& now) {
  const Conditions all = {now.maintenance, now.off,          now.declined,
                          now.ask,         now.acknowledged, now.interval_over};
  const auto* rule =
      std::find_if(kRules.begin(), kRules.end(), [&](const Rule& r) { return matches(r, all); });
  ensure(rule != kRules.end(), "every input has a row");
  return rule->row;
}

std::string describe_permissions() {
  std::string text =
      "row  maintenance off declined ask acknowledged interval-over  verdict  because\n";
  for (const Rule& rule : kRules) {
    const auto& is = rule.when;
    text += fmt::format("{:<4} {:^11} {:^3} {:^8} {:^3} {:^12} {:^13}  {:<7}  {}\n", rule.row.id,
                        letter(is[0]), letter(is[1]), letter(is[2]), letter(is[3]), letter(is[4]),
                        letter(is[5]), to_string(rule.row.verdict), rule.row.because);
  }
  return text;
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::go: return "go";
    case Verdict::ask: return "ask";
    case Verdict::no: return "no";
  }
  return "no";
}

}  // namespace understudy
