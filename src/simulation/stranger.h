#pragma once
// Somebody whom the registry lets in and whose idea of the rules is another: an orchestrator of
// another version, or one with a mistake in it.

#include "simulation/registry_process.h"
#include "simulation/stage.h"

namespace understudy::simulation {

class Stranger {
 public:
  Stranger(Stage& stage, Machine& machine, RegistryProcess& registry);

  /// Asks, time and again, for changes of the record that its rules forbid.
  void begin();
  void end() { process_.kill(); }

 private:
  void ask();

  Stage& stage_;
  Process process_;
  RegistryClient registry_;
};

}  // namespace understudy::simulation
