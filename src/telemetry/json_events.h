#pragma once
// Events and Alerts as JSON lines in a file.

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <vector>

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

/// Reads what was written since then, oldest first; lines that are no events are left out. No file:
/// no events. Error: it cannot be read.
[[nodiscard]] Result<std::vector<boost::json::object>> read_json_events(const std::string& path,
                                                                        WallTime since);

/// Says each alert as the event "alert.raised"; the same matter (key) only once in a process.
[[nodiscard]] std::unique_ptr<Alerts> make_event_alerts(Events& events);

}  // namespace understudy
