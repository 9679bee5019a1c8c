#include "drill/evidence.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace understudy::drill {
namespace {

Fate decide(const OrderStory& story, unsigned refused_tries) {
  if (!story.acknowledgements.empty()) return Fate::acknowledged;
  // A try without any recorded end was under way when the clients died: it may have happened.
  return refused_tries == story.tries ? Fate::refused : Fate::unknown;
}

}  // namespace

std::vector<OrderStory> tell_stories(const Ledger& ledger) {
  std::vector<OrderStory> stories;
  std::unordered_map<std::string_view, std::size_t> place;
  std::vector<unsigned> refused_tries;
  for (const auto& attempt : ledger.attempts) {
    const auto [found, is_new] = place.try_emplace(attempt.key, stories.size());
    if (is_new) {
      stories.push_back({attempt.key, attempt.event, attempt.seat, attempt.scheduled});
      refused_tries.push_back(0);
    }
    ++stories[found->second].tries;
  }
  for (const auto& acknowledgement : ledger.acknowledgements) {
    if (auto found = place.find(acknowledgement.key); found != place.end()) {
      stories[found->second].acknowledgements.push_back(acknowledgement);
    }
  }
  for (const auto& refusal : ledger.refusals) {
    if (auto found = place.find(refusal.key); found != place.end()) {
      ++refused_tries[found->second];
      stories[found->second].last_reason = refusal.reason;
    }
  }
  for (const auto& unknown : ledger.unknowns) {
    if (auto found = place.find(unknown.key); found != place.end()) {
      stories[found->second].last_reason = unknown.reason;
    }
  }
  for (std::size_t i = 0; i < stories.size(); ++i)
    stories[i].fate = decide(stories[i], refused_tries[i]);
  std::stable_sort(stories.begin(), stories.end(), [](const auto& a, const auto& b) {
    return a.scheduled.boot < b.scheduled.boot;
  });
  return stories;
}

std::vector<Acknowledgement> by_time(std::vector<Acknowledgement> acknowledgements) {
  std::stable_sort(acknowledgements.begin(), acknowledgements.end(),
                   [](const auto& a, const auto& b) { return a.received.boot < b.received.boot; });
  return acknowledgements;
}

}  // namespace understudy::drill
