#include "controller/state_budgets.h"

#include <algorithm>
#include <boost/json/value_to.hpp>

namespace understudy {

namespace {

using states::EventType;

bool opens_branches(EventType type) {
  return type == EventType::parallel_state_started || type == EventType::map_state_started;
}

bool closes_branches(EventType type) {
  return type == EventType::parallel_state_succeeded || type == EventType::parallel_state_failed ||
         type == EventType::parallel_state_aborted || type == EventType::map_state_succeeded ||
         type == EventType::map_state_failed || type == EventType::map_state_aborted;
}

std::string named_in(const states::HistoryEvent& event, std::string_view details) {
  const auto* found = event.details.if_contains(details);
  return found == nullptr ? "" : boost::json::value_to<std::string>(found->at("name"));
}

Duration at_share(const std::vector<Duration>& sorted, std::size_t percent) {
  return sorted[std::min(sorted.size() - 1, sorted.size() * percent / 100)];
}

}  // namespace

std::vector<StateVisit> visits_of(std::span<const states::HistoryEvent> events, Inner inner) {
  std::vector<StateVisit> visits;
  unsigned depth = 0;
  for (const states::HistoryEvent& event : events) {
    if (closes_branches(event.type) && depth > 0) --depth;
    const bool counts = depth == 0 || inner == Inner::yes;
    if (opens_branches(event.type)) ++depth;
    if (!counts) continue;
    if (const std::string name = named_in(event, "stateEnteredEventDetails"); !name.empty())
      visits.push_back({name, event.timestamp, std::nullopt});
    if (const std::string name = named_in(event, "stateExitedEventDetails"); !name.empty()) {
      const auto open = std::find_if(visits.rbegin(), visits.rend(), [&](const StateVisit& visit) {
        return visit.state == name && !visit.left;
      });
      if (open != visits.rend()) open->left = event.timestamp;
    }
  }
  return visits;
}

/// A state that was visited several times counts with all of its visits.
void StateBudgets::learn(std::span<const states::HistoryEvent> events) {
  std::map<std::string, Duration> whole;
  for (const StateVisit& visit : visits_of(events, Inner::yes)) {
    if (visit.left) whole[visit.state] += *visit.left - visit.entered;
  }
  for (const auto& [state, took] : whole) {
    auto& all = took_[state];
    all.insert(std::upper_bound(all.begin(), all.end(), took), took);
  }
  usual_course_.clear();
  for (const StateVisit& visit : visits_of(events, Inner::no)) {
    const auto before = std::find(usual_course_.begin(), usual_course_.end(), visit.state);
    if (before == usual_course_.end()) usual_course_.push_back(visit.state);
  }
  ++runs_;
}

std::optional<StateBudget> StateBudgets::of(const std::string& state) const {
  const auto found = took_.find(state);
  if (found == took_.end()) return std::nullopt;
  const auto& all = found->second;
  return StateBudget{static_cast<unsigned>(all.size()), at_share(all, 50), at_share(all, 90)};
}

std::optional<Prediction> StateBudgets::predict(std::span<const states::HistoryEvent> events,
                                                WallTime now) const {
  const auto visits = visits_of(events, Inner::no);
  if (runs_ == 0 || visits.empty() || visits.back().left) return std::nullopt;
  const StateVisit& current = visits.back();
  const auto usual = [&](const std::string& state) {
    const auto budget = of(state);
    return budget ? budget->median : Duration::zero();
  };
  Prediction prediction;
  const Duration rest = usual(current.state) - (now - current.entered);
  prediction.ends = now + std::max(Duration::zero(), rest);
  std::vector<std::string> left{current.state};
  auto next = std::find(usual_course_.begin(), usual_course_.end(), current.state);
  if (next != usual_course_.end()) {
    for (++next; next != usual_course_.end(); ++next) {
      prediction.ends += usual(*next);
      left.push_back(*next);
    }
  }
  std::stable_sort(left.begin(), left.end(),
                   [&](const std::string& a, const std::string& b) { return usual(a) > usual(b); });
  std::copy_if(left.begin(), left.end(), std::back_inserter(prediction.critical_path),
               [&](const std::string& state) { return usual(state) > Duration::zero(); });
  return prediction;
}

}  // namespace understudy
