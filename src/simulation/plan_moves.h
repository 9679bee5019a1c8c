#pragma once
// What a plan draws of moves there and back: who orders them, and what strikes while a region that
// was left is rebuilt.

#include "simulation/plan.h"

namespace understudy::simulation {

/// How replication is guarded and regions are rebuilt; and orders of moves between `begin` and
/// `end`, in some histories. `against_faults`: whole courses of events may be added, and the
/// healing put off for them.
void draw_moves(Plan& plan, TrueTime begin, TrueTime end, bool against_faults);

}  // namespace understudy::simulation
