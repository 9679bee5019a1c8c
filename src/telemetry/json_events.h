#pragma once
// Events and Alerts as JSON lines in a file.

#include <memory>
#include <string>

#include "base/result.h"
#include "ports/alerts.h"
#include "ports/clock.h"
#include "ports/events.h"

namespace understudy {

/// Appends each event to `path` with one write: {"at", "at_ns", "source", "event", ...fields}.
/// `clock` outlives it. Error: the file cannot be opened.
[[nodiscard]] Result<std::unique_ptr<Events>> open_json_events(const std::string& path,
                                                               std::string source,
                                                               const Clock& clock);

/// Says each alert as the event "alert.raised"; the same matter (key) only once in a process.
[[nodiscard]] std::unique_ptr<Alerts> make_event_alerts(Events& events);

}  // namespace understudy
