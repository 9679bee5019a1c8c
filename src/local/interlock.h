#pragma once
// What a PostgreSQL that was killed leaves in the kernel.

#include "local/layout.h"

namespace understudy {

/// Removes the System V segment of a few bytes by which a PostgreSQL in this region's folder kept a
/// second one out, if nobody is attached to it any more. Only its own next start would do so.
/// Nothing to do for a domain without a database. Call it before the folder is removed.
void remove_interlock(const DomainPlace& place);

}  // namespace understudy
