#include "drill/scene.h"

#include <algorithm>

namespace understudy::drill {
namespace {

Error nothing_to_judge(std::string why) {
  return Error{After::unchanged_final, "nothing to judge by: " + std::move(why)};
}

const Acknowledgement* last_before(const std::vector<Acknowledgement>& by_time, BootTime fault) {
  const Acknowledgement* last = nullptr;
  for (const auto& acknowledgement : by_time) {
    if (acknowledgement.received.boot <= fault) last = &acknowledgement;
  }
  return last;
}

void find_regimes(Scene& scene) {
  const BootTime fault = scene.drilled.fault_at.boot;
  for (const auto& acknowledgement : scene.acknowledgements) {
    const auto regime = regime_of(acknowledgement);
    if (!scene.is_new(regime)) {
      scene.last_old = acknowledgement;
    } else if (!scene.first_new && acknowledgement.received.boot > fault) {
      scene.first_new = acknowledgement;
    }
  }
  scene.surviving = scene.first_new ? regime_of(*scene.first_new) : scene.old;
  for (const auto& acknowledgement : scene.acknowledgements) {
    if (acknowledgement.epoch > scene.surviving.epoch) scene.surviving = regime_of(acknowledgement);
  }
  for (const auto& view : scene.databases) {
    if (view.region == scene.surviving.region) scene.survivor = &view;
  }
}

}  // namespace

BootTime Scene::end_of_old() const {
  if (drilled.commits_were_held) return last_old.received.boot;
  return std::max(drilled.fault_at.boot, last_old.received.boot);
}

std::optional<WallTime> Scene::promoted_at() const {
  if (!first_new) return std::nullopt;
  WallTime first = first_new->received.wall;
  for (const auto& view : databases) {
    for (const auto& row : view.orders) {
      // Rows from before the fault are another drill's.
      if (row.committed_at < drilled.fault_at.wall || !is_new({row.epoch, row.region})) continue;
      first = std::min(first, row.committed_at);
    }
  }
  return first;
}

Result<Scene> set_scene(const Case& drilled, const Ledger& ledger,
                        const std::vector<DatabaseView>& databases) {
  auto stories = tell_stories(ledger);
  if (stories.empty()) return nothing_to_judge("the ledger has no order");
  auto acknowledgements = by_time(ledger.acknowledgements);
  const auto* before = last_before(acknowledgements, drilled.fault_at.boot);
  if (before == nullptr) return nothing_to_judge("no order was acknowledged before the fault");
  const Acknowledgement last_old = *before;
  ServiceLevel level(stories, drilled.fault_at.boot);
  if (!level.known_before()) {
    return nothing_to_judge("no order was served more than a second before the fault");
  }
  const BootTime last_arrival = stories.back().scheduled.boot;
  Scene scene{drilled,
              ledger,
              databases,
              std::move(stories),
              std::move(acknowledgements),
              std::move(level),
              regime_of(last_old),
              std::nullopt,
              last_old,
              {},
              nullptr,
              last_arrival};
  find_regimes(scene);
  return scene;
}

}  // namespace understudy::drill
