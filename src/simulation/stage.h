#pragma once
// What all parts of a simulated world share.

#include <array>
#include <memory>
#include <string>

#include "recovery/guards.h"
#include "simulation/chronicle.h"
#include "simulation/dice.h"
#include "simulation/machine.h"
#include "simulation/network.h"
#include "simulation/observers.h"
#include "simulation/plan.h"
#include "simulation/sabotage.h"
#include "simulation/scheduler.h"

namespace understudy::simulation {

/// What all parts of the world share.
struct Stage {
  Stage(const Plan& drawn, const Composition& product, bool told)
      : plan(drawn),
        guards(product.guards),
        workflow(product.workflow),
        switchover(product.switchover),
        dice(drawn.seed),
        network(scheduler, dice),
        chronicle(scheduler, told),
        observers(scheduler, chronicle, drawn) {}

  bool over = false;  ///< and judged: whoever waits goes on only to its end
  const Plan& plan;
  const Guards guards;
  const std::string& workflow;
  const std::string& switchover;
  Scheduler scheduler;
  Dice dice;
  Network network;
  Chronicle chronicle;
  Observers observers;
};

}  // namespace understudy::simulation
