#include "simulation/registry_operator.h"

#include <utility>

#include "recovery/registry_recovery.h"

namespace understudy::simulation {

namespace {
constexpr Duration kLookInterval = milliseconds(500);
constexpr int kBringsBackAfter = 10;
constexpr Duration kAnswer = milliseconds(300);
}  // namespace

RegistryOperator::RegistryOperator(Stage& stage, Machine& machine, RegistryProcess& registry,
                                   std::array<Region*, 2> regions)
    : stage_(stage), registry_(registry), regions_(regions), process_(machine, "operator") {}

void RegistryOperator::begin() {
  if (busy_) return;
  busy_ = true;
  settled_.clear();
  registry_.lose();
  if (!process_.alive()) process_.start();
  stage_.scheduler.after(kLookInterval, [this] { look(); });
}

void RegistryOperator::look() {
  process_.spawn([this] {
    if (recover()) {
      busy_ = false;
    } else {
      stage_.scheduler.after(kLookInterval, [this] { look(); });
    }
  });
}

bool RegistryOperator::recover() {
  RecoveryEvidence evidence{.platform = stage_.plan.topology.platform,
                            .earlier = made_,
                            .now = process_.machine().wall(),
                            .guards = stage_.guards};
  for (Region* region : regions_) {
    const BootTime deadline = process_.machine().boot() + kAnswer;
    // What somebody finds out who looks at the database itself, long enough before the agent is
    // asked that what it tells is of later: nothing can be ordered meanwhile.
    const bool settled = std::exchange(settled_[region], !region->database().promoting());
    auto said = AgentClient(stage_, process_, *region).status(deadline);
    evidence.agents[region->name()] = said ? std::optional(*said) : std::nullopt;
    if (region == gone_) evidence.gone = region->name();
    // "Bring it back": what a rebuild left behind is started by hand, or is no database any more.
    if (said && !said->database && ++in_vain_ > kBringsBackAfter) {
      if (region->database().torn()) evidence.gone = region->name();
      region->database().release();
    }
    if (said && said->version == 0 && settled) evidence.settled = region->name();
  }
  const auto recovery = recover_record(evidence, "recovered-" + std::to_string(stage_.dice.next()));
  if (!recovery) {
    stage_.chronicle.tell("operator: {}", recovery.error().what);
    return false;
  }
  stage_.chronicle.tell("operator: a new record, {} active in epoch {}: {}",
                        recovery->record.active, recovery->record.epoch, recovery->because);
  stage_.chronicle.reached(Mark::registry_recovered);
  if (evidence.gone) {
    const int gone = *evidence.gone == regions_[0]->name() ? 0 : 1;
    const Region& left = *regions_[static_cast<std::size_t>(1 - gone)];
    if (recovery->record.active == left.name())
      stage_.observers.person_gave_up(gone, left.database().timeline());
  }
  in_vain_ = 0;
  made_ = recovery->record;
  registry_.begin_anew(recovery->record);
  return true;
}

}  // namespace understudy::simulation
