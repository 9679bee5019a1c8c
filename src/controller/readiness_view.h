#pragma once
// Readiness as JSON, for `understudy check` and `status`.

#include <boost/json/object.hpp>

#include "readiness/readiness.h"

namespace understudy {

/// {"at", "age_ms", "active", "target", "ready", "score",
///  "checks": [{"id", "name", "asks", "state", "severity", "cause", "advice"}],   every one, by id
///  "prediction": {"drills", "rto_median_ms", "rto_p90_ms", "rto_full_p90_ms"} or null}
/// severity, cause and advice are "" of what is ok.
[[nodiscard]] boost::json::object readiness_view(const Readiness& readiness, WallTime now);

/// {"at", "age_ms", "active", "target", "ready", "score", "blocks": [ids], "degrades", "notes"}
[[nodiscard]] boost::json::object readiness_summary(const Readiness& readiness, WallTime now);

/// The same without its time: an event has its own.
[[nodiscard]] boost::json::object readiness_event(const Readiness& readiness);

}  // namespace understudy
