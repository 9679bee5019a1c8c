#pragma once
// What else a seed means: the services and their postures, and what people order.

#include "simulation/plan.h"

namespace understudy::simulation {

/// Both draw from dice of their own, so that the faults of a seed stay what they are.

/// In half of the plans: other services, in every posture.
void draw_postures(Plan& plan);

/// In some plans: the automation switch of the file, an earlier failover, and orders between
/// `begin` and `end`. `against_faults`: faults may be added that strike while an order is given.
void draw_people(Plan& plan, TrueTime begin, TrueTime end, bool against_faults);

}  // namespace understudy::simulation
