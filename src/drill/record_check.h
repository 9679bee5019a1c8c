#pragma once
// Whether a stack's incident records hold, judged as an auditor would: by the files alone.

#include "base/time.h"
#include "local/site.h"

namespace understudy::drill {

/// Waits until a failover that succeeded has its record; gives back how many records there are.
/// Error: there is none in time, or the first thing that is wrong with one of them.
[[nodiscard]] Result<unsigned> records_hold(const Site& site, Duration patience);

}  // namespace understudy::drill
