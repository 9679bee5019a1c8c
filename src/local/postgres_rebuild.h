#pragma once
// The DatabaseRebuild port on one region's PostgreSQL.

#include <memory>
#include <string>

#include "local/layout.h"
#include "local/lost_tail.h"
#include "local/secrets.h"
#include "local/units.h"
#include "ports/clock.h"
#include "ports/database_rebuild.h"

namespace understudy {

/// Of a region of a stack. `programs`: the folder of PostgreSQL's.
[[nodiscard]] RebuildPlace rebuild_place(const Layout& layout, const std::string& region,
                                         const std::string& programs, const StackSecrets& secrets);

/// The folder of PostgreSQL's programs that a region's supervisor was told of.
[[nodiscard]] Result<std::string> postgres_programs(const Layout& layout,
                                                    const std::string& region);

/// The unit `postgres` of `supervisor` is its server; it is down from keep_lost_tail() until
/// start_as_standby(). `clock` outlives it. Call it in a process that does not wait for children
/// that it did not start.
[[nodiscard]] std::unique_ptr<DatabaseRebuild> make_postgres_rebuild(RebuildPlace place,
                                                                     SupervisorClient supervisor,
                                                                     Clock& clock);

}  // namespace understudy
