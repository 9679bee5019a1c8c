#pragma once
// The agent's parent: starts it, listens to its pulse, and ends it when it hangs.

#include <functional>
#include <string>

#include "base/result.h"
#include "topology/topology.h"

namespace understudy {

/// How long without a pulse means hung.
[[nodiscard]] Duration hang_after(const LeaseTiming& timing);

/// May a region write now, by its page?
[[nodiscard]] bool page_is_open(const std::string& page);

/// Runs `child` in a child process, which calls what it is given at least once in `hang_after`.
/// When the child dies or hangs it is killed, `gone` is called here, and a new one is started;
/// after a quick end not before half a second. Returns after SIGTERM or SIGINT, which it hands on
/// to the child. The child dies with this process. Requires: one thread.
[[nodiscard]] Result<Done> watch_over(
    const LeaseTiming& timing,
    const std::function<Result<Done>(const std::function<void()>& pulse)>& child,
    const std::function<void()>& gone);

}  // namespace understudy
