#include "drill/reaper.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <set>
#include <utility>

#include "drill/instant.h"

namespace understudy::drill {
namespace {

constexpr auto kLook = milliseconds(2);
constexpr auto kCall = milliseconds(2000);

/// Ends it with all that descends from it, so that nothing of it is left to act; it is started
/// anew.
bool kill_unit(const Stage& stage, const Victim& victim) {
  const auto all = stage.processes(victim.domain, victim.unit);
  if (!all || all->empty()) return false;
  const SupervisorClient supervisor = stage.supervisor(victim.domain);
  if (!supervisor.hold(victim.unit, kCall)) return false;
  for (const auto& who : *all) kill(who.pid, SIGKILL);
  return supervisor.release(victim.unit, kCall).ok();
}

}  // namespace

Reaper::Reaper(const Stage& stage, std::vector<Victim> victims)
    : stage_(stage),
      victims_(std::move(victims)),
      events_(event_file(stage.site().layout(), "witness")),
      thread_([this](const std::stop_token& stop) { watch(stop); }) {}

Reaper::~Reaper() = default;

void Reaper::watch(const std::stop_token& stop) {
  std::set<std::string> entered;
  while (!stop.stop_requested()) {
    for (const auto& event : events_.next()) {
      const std::string what = text_at(event, "event");
      const std::string execution = text_at(event, "execution");
      const std::string state = text_at(event, "state");
      if (what == "execution.ended") ended_ = true;
      if (what != "state.entered" || !entered.insert(execution + " " + state).second) continue;
      strike(execution.substr(0, execution.find('-')) + " " + state);
    }
    std::this_thread::sleep_for(kLook);
  }
}

/// Whoever died least in this state, and of those, whoever died least at all.
void Reaper::strike(const std::string& kind_and_state) {
  const std::lock_guard held(lock_);
  auto& here = deaths_[kind_and_state];
  std::vector<const Victim*> turns;
  for (const Victim& victim : victims_) turns.push_back(&victim);
  std::stable_sort(turns.begin(), turns.end(), [&](const Victim* one, const Victim* other) {
    return std::pair(here[one->name()], total_[*one]) <
           std::pair(here[other->name()], total_[*other]);
  });
  for (const Victim* victim : turns) {
    if (!kill_unit(stage_, *victim)) continue;
    ++here[victim->name()];
    ++total_[*victim];
    return;
  }
}

Result<Done> Reaper::await_end(Duration longest) const {
  const BootTime give_up = read_clocks().boot + longest;
  while (!ended_) {
    if (read_clocks().boot >= give_up) {
      return Error{After::unknown,
                   fmt::format("no execution ended within {} s; somebody was killed in {} states",
                               to_ms(longest) / 1000, deaths().size())};
    }
    std::this_thread::sleep_for(kLook);
  }
  return Done{};
}

std::map<std::string, std::map<std::string, unsigned>> Reaper::deaths() const {
  const std::lock_guard held(lock_);
  return deaths_;
}

}  // namespace understudy::drill
