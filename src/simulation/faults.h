#pragma once
// What is done to the world, and undone.

#include "simulation/stage.h"
#include "simulation/world.h"

namespace understudy::simulation {

class Faults {
 public:
  Faults(Stage& stage, World& world) : stage_(stage), world_(world) {}

  /// Every fault of the plan will happen at its time.
  void arm();
  /// All that is broken is mended, but for the region that the plan leaves dead.
  void heal();

 private:
  void begin(const Fault& fault);
  void end(const Fault& fault);
  void operate_until_healed(bool approve);
  [[nodiscard]] Region& region(const Fault& fault) { return *world_.regions()[fault.where % 2]; }
  [[nodiscard]] Machine& machine(int where) {
    return *world_.machines()[static_cast<std::size_t>(where)];
  }
  void note_loss_of(const Region& region);
  void note_thaw_of(const Region& region);

  Stage& stage_;
  World& world_;
  bool healed_ = false;
};

}  // namespace understudy::simulation
