// ConfirmPrimaryDown: one fresh look from every vantage before anything irreversible. The probing
// loop made the evidence and started the execution; this only asks whether it still holds.

#include <algorithm>
#include <memory>
#include <mutex>

#include "recovery/health.h"
#include "recovery/steps/common.h"

namespace understudy {

using namespace steps;

namespace {

/// Shorter than the probing loop's look: it has already seen the region fail several of those.
constexpr Duration kLook = milliseconds(300);
/// What vantages get beyond their look, to tell us.
constexpr Duration kTellUs = milliseconds(300);
/// A silent vantage is no vote; too many of them are asked again before we give up.
constexpr int kTries = 3;

/// What the fresh looks brought. Shared with lookers that may come too late.
struct Looks {
  std::mutex lock;
  std::vector<std::pair<std::string, Sighting>> seen;
  std::size_t ended = 0;
};

/// Looks from all vantages at once; those that do not answer in time are left out.
std::vector<std::pair<std::string, Sighting>> look_from_all(Orchestration& world,
                                                            const std::string& region) {
  const BootTime deadline = within_time(world, std::min(kLook, world.topology.probe.timeout));
  auto looks = std::make_shared<Looks>();
  const std::shared_ptr<Signal> ended = world.tasks.signal();
  for (Vantage* vantage : world.vantages) {
    world.tasks.spawn("confirm", [=] {
      auto sighting = vantage->look(region, deadline);
      {
        const std::lock_guard held(looks->lock);
        if (sighting) looks->seen.emplace_back(vantage->name(), *sighting);
        ++looks->ended;
      }
      ended->notify();
    });
  }
  while (ended->wait_until(deadline + kTellUs)) {
    const std::lock_guard held(looks->lock);
    if (looks->ended == world.vantages.size()) break;
  }
  const std::lock_guard held(looks->lock);
  return looks->seen;
}

/// The facts of one round of fresh looks. Whether patience was over is known from the probing loop:
/// one look cannot tell it.
Facts look_afresh(Orchestration& world, const std::string& region, bool lease_alive,
                  bool patience_over) {
  ProbeTiming once = world.topology.probe;
  once.failures = 1;  // the probing loop has already seen it fail often enough
  std::vector<std::string> names;
  for (const Vantage* vantage : world.vantages) names.push_back(vantage->name());
  HealthView view(once, names, world.guards);
  const BootTime began = world.clock.boot();
  for (const auto& [name, seen] : look_from_all(world, region))
    view.note(name, region, seen, began);
  Facts facts = view.facts(region, began, lease_alive);
  facts.patience_over = patience_over;
  return facts;
}

}  // namespace

StepOutput confirm_primary_down(Orchestration& world, const boost::json::object& input) {
  const auto read = read_input(world, input);
  if (const auto* failure = std::get_if<StepFailure>(&read)) return *failure;
  const auto& transition = std::get<TransitionInput>(read);
  const auto record = read_own_record(world, transition);
  if (const auto* failure = std::get_if<StepFailure>(&record)) return *failure;

  const auto& forced = object_at(object_at(input, "decision"), "forced");
  if (!forced.empty()) {
    // R20: over the verdict, and never over the lock and the fence.
    emit(world, "primary.left_by_force", transition,
         {{"region", transition.from},
          {"who", text_at(forced, "who")},
          {"reason", text_at(forced, "reason")}});
    return boost::json::object{{"confirmed", true}, {"forced", true}};
  }
  const bool patience_over = flag_at(object_at(input, "decision"), "patience_over");
  Facts facts;
  WallTime looked_at = world.clock.wall();
  for (int attempt = 0; attempt < kTries && !facts.quorum; ++attempt) {
    const auto over_at = world.lease_observer.over_at(std::get<Record>(record));
    const bool lease_alive = !over_at || world.clock.boot() < *over_at;
    looked_at = world.clock.wall();
    facts = look_afresh(world, transition.from, lease_alive, patience_over);
  }
  const Row& row = decide(facts);
  const bool confirmed = row.decision == Decision::fail_over;
  emit(world, confirmed ? "primary.confirmed_down" : "primary.not_confirmed_down", transition,
       {{"region", transition.from}, {"row", row.id}, {"because", row.because}});
  return boost::json::object{{"confirmed", confirmed},
                             {"row", row.id},
                             {"because", row.because},
                             {"looked_at", format_wall(looked_at)}};
}

}  // namespace understudy
