#pragma once
// `understudy registry`: the record over HTTP.

#include <string>

#include "base/result.h"

namespace understudy {

/// Serves the record of the stack in `data` until SIGTERM:
///   GET /v1/record                     the record
///   GET /v1/record?after=V&wait_ms=N   the record once its version exceeds V, or after N ms
///   PUT /v1/record                     compare-and-swap; 200 the new record, 409 the one there is
///   GET /v1/changes?after=V            the log of changes, at most 1,000
/// The active region's agent may only renew its lease and attach a standby, another's only keep
/// itself detached; the controller may only move transitions and detach.
[[nodiscard]] Result<Done> run_registry(const std::string& data);

}  // namespace understudy
