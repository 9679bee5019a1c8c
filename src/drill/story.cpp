#include "drill/story.h"

#include <algorithm>
#include <array>

#include "drill/event_log.h"

namespace understudy::drill {

namespace json = boost::json;

namespace {

/// Which event is which moment of the timeline; the first one of each counts.
constexpr std::array kMoments = {
    std::pair{std::string_view("failover.started"), std::string_view("decision")},
    std::pair{std::string_view("primary.confirmed_down"),
              std::string_view("confirmed by a fresh look")},
    std::pair{std::string_view("lease.revoked"), std::string_view("lease revoked")},
    std::pair{std::string_view("region.fenced_off"), std::string_view("fence")},
    std::pair{std::string_view("lag.within_budget"), std::string_view("lag gate passed")},
    std::pair{std::string_view("lag.over_budget"), std::string_view("lag gate closed")},
    std::pair{std::string_view("operator.asked"), std::string_view("a person is asked")},
    std::pair{std::string_view("database.promoted"), std::string_view("promotion")},
    std::pair{std::string_view("region.active"), std::string_view("active, epoch row written")},
    std::pair{std::string_view("traffic.moved"), kReadinessPhase},
    std::pair{std::string_view("recovery.verified"), std::string_view("recovery verified")},
    std::pair{std::string_view("transition.completed"), std::string_view("transition completed")},
    std::pair{std::string_view("transition.aborted"), std::string_view("transition aborted")},
};

void add_phase(Story& story, std::string_view name, Duration after) {
  const bool known = std::any_of(story.phases.begin(), story.phases.end(),
                                 [&](const Phase& p) { return p.name == name; });
  if (!known) story.phases.push_back({std::string(name), to_ms(after), false});
}

}  // namespace

Result<Story> read_story(const Site& site, const std::string& region, const Instant& fault_at) {
  Story story;
  for (const auto& [at, event] : events_since(site.layout(), "witness", fault_at.wall)) {
    const std::string name = text_at(event, "event");
    const Duration after = at - fault_at.wall;
    if (name == "health.decided" && text_at(event, "region") == region) {
      story.rows.push_back(static_cast<int>(number_at(event, "row")));
      if (text_at(event, "decision") != "stay") add_phase(story, "detection", after);
    }
    if (name == "failover.started") {
      ++story.failovers;
      if (!story.failover_row) story.failover_row = static_cast<int>(number_at(event, "row"));
    }
    if (name == "alert.raised") story.alerts.push_back(text_at(event, "subject"));
    for (const auto& [event_name, moment] : kMoments) {
      if (event_name == name) add_phase(story, moment, after);
    }
  }
  for (const auto& [at, event] : events_since(site.layout(), region, fault_at.wall)) {
    if (text_at(event, "event") == "region.fenced") ++story.self_fencings;
  }
  return story;
}

}  // namespace understudy::drill
