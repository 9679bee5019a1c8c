#include "alerting/repeats.h"

#include <algorithm>

namespace understudy::alerting {

namespace {

constexpr Duration kOneOccurrence = std::chrono::seconds(10);
constexpr Duration kChangesApart = std::chrono::minutes(1);
constexpr std::size_t kMattersMax = 1000;

bool same_text(const Alert& one, const Alert& other) {
  return one.subject == other.subject && one.done == other.done && one.ask == other.ask;
}

}  // namespace

std::optional<std::uint64_t> Repeats::note(const Alert& alert, BootTime now) {
  const auto [at, is_new] = matters_.try_emplace(alert.key);
  Matter& matter = at->second;
  if (is_new) {
    matter = {.told = alert, .told_at = now, .raised_at = now};
    forget(now);
    return 0;
  }
  if (now - matter.raised_at >= kOneOccurrence) ++matter.more;
  matter.raised_at = now;
  const bool changed = !same_text(alert, matter.told) &&
                       (!matter.changed_at || now - *matter.changed_at >= kChangesApart);
  if (!changed && now - matter.told_at < interval_) return std::nullopt;
  if (changed) matter.changed_at = now;
  matter.told = alert;
  matter.told_at = now;
  const std::uint64_t more = matter.more;
  matter.more = 0;
  return more > 0 ? more - 1 : 0;
}

void Repeats::forget(BootTime now) {
  if (matters_.size() <= kMattersMax) return;
  std::erase_if(matters_,
                [&](const auto& each) { return now - each.second.raised_at >= interval_; });
  if (matters_.size() <= kMattersMax) return;
  matters_.erase(
      std::min_element(matters_.begin(), matters_.end(), [](const auto& one, const auto& other) {
        return one.second.raised_at < other.second.raised_at;
      }));
}

}  // namespace understudy::alerting
