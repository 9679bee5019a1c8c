#pragma once
// What the controller answers about executions, past and running.

#include "controller/journal.h"
#include "local/control_server.h"
#include "ports/clock.h"

namespace understudy {

/// {"executions": [{"name", "started", "status"}]}, oldest first.
[[nodiscard]] http::Response executions_view(Journal& journal);

/// Of the one that the call names: {"execution", "events", "budget": {"runs", "states": {name:
/// {"median_ms", "p90_ms"}}, "predicted_end", "critical_path"}}. The budget is what earlier
/// executions of the same workflow took; the last two only while it runs.
[[nodiscard]] http::Response history_view(Journal& journal, const Clock& clock,
                                          const ControlCall& call);

}  // namespace understudy
