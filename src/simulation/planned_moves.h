#pragma once
// What people order of transitions, as the controller is told: moves, failbacks and their answers,
// forced failovers, rejoins, and what becomes of executions that run.

#include "controller/execution_runner.h"
#include "controller/rejoin_watch.h"
#include "controller/standby_watch.h"
#include "controller/transition_desk.h"
#include "simulation/stage.h"

namespace understudy::simulation {

/// The parts of a controller that orders are for.
struct MoveDesk {
  Stage& stage;
  ExecutionRunner& runner;
  TransitionDesk& desk;
  RejoinWatch& rejoin_watch;
  StandbyWatch& standby_watch;
};

/// Obeys an order as the plan has it. In a fiber of the controller. Requires: is_move(order).
[[nodiscard]] Result<Done> obey_move(const MoveDesk& desk, const Fault& order);

}  // namespace understudy::simulation
