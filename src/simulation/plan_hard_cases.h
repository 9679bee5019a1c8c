#pragma once
// What chance alone would draw once in millions: faults that fall together as one protection or
// another needs it.

#include "simulation/dice.h"
#include "simulation/plan.h"

namespace understudy::simulation {

/// Adds some to the plan, or puts one in the place of all its faults; most plans get none.
void draw_hard_cases(Plan& plan, Dice& dice, TrueTime begin, TrueTime end);

}  // namespace understudy::simulation
