#pragma once
// What befalls the agents besides: a disk that fails, a hang, an orderly stop; who misuses the
// registry; the policy to go on whatever is lost. Drawn apart, so that a seed that draws none of it
// means what it meant before.

#include "simulation/plan.h"

namespace understudy::simulation {

void draw_agents(Plan& plan, TrueTime begin, TrueTime end);

}  // namespace understudy::simulation
