#pragma once
// A PostgreSQL server as readiness asks about it.

#include <string>

#include "ports/inspection.h"

namespace understudy {

/// Over a session of its own. `conninfo`: of the role `understudy`.
[[nodiscard]] Result<DatabaseInspection> inspect_database(const std::string& conninfo,
                                                          milliseconds timeout);

}  // namespace understudy
