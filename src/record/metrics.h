#pragma once
// What the system measured of itself. Users may have seen something else: a drill's judge asks
// them.

#include <boost/json/object.hpp>
#include <span>

#include "states/history.h"

namespace understudy::record {

/// {"said_by", "states": each with when and how long, "total_ms", and where the workflow has such
/// states: "decision_to_traffic_ms", "decision_to_verified_ms", "lag_at_fence", "epoch_before",
/// "epoch_after"; "counts"}.
[[nodiscard]] boost::json::object metrics_of(std::span<const states::HistoryEvent> history);

}  // namespace understudy::record
