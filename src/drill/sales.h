#pragma once
// What became of sold seats: lost, sold twice, or sold though the buyer was told they were not.

#include "drill/judge.h"
#include "drill/scene.h"

namespace understudy::drill {

/// Fills in: lost_acked, lost, lost_max_age_ms, lost_seats_resold, duplicate_orders, oversold,
/// refused_but_present, old_region_writes_after_promotion.
void judge_sales(const Scene& scene, Verdict& verdict);

}  // namespace understudy::drill
