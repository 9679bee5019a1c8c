#pragma once
// Two regions, a witness, an edge and clients: everything that one history happens in.

#include "simulation/buyers.h"
#include "simulation/person.h"
#include "simulation/region.h"
#include "simulation/registry_operator.h"
#include "simulation/registry_process.h"
#include "simulation/stage.h"
#include "simulation/stranger.h"
#include "simulation/witness.h"

namespace understudy::simulation {

struct World {
  explicit World(Stage& of);

  void start();
  /// The losses, by the log of the region that is active now.
  void judge();
  /// The product is told to stop, as by its service manager: what waits for a signal returns, for a
  /// tenth of what it costs to unwind it.
  void stop();
  /// Nothing runs any more, and nothing is started anew.
  void end();

  [[nodiscard]] std::array<Region*, 2> regions() { return {&first, &second}; }
  [[nodiscard]] std::array<Machine*, 5> machines();

  Stage& stage;
  Machine witness_machine;
  Machine client_machine;
  RegistryProcess registry;
  Region first;
  Region second;
  RegistryOperator registry_operator;
  Edge edge;
  Witness witness;
  Person person;
  Stranger stranger;
  Buyers buyers;
};

}  // namespace understudy::simulation
