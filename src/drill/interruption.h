#pragma once
// Ctrl-C during a drill ends it early, and its stack with it.

#include "base/time.h"

namespace understudy::drill {

/// From now on SIGINT and SIGTERM are only noted.
void catch_interruptions();
[[nodiscard]] bool interrupted();
/// Sleeps, or returns early once interrupted.
void sleep_unless_interrupted(Duration length);

}  // namespace understudy::drill
