#pragma once
// The platform on one machine: made, started, stopped and removed.

#include <functional>
#include <string>

#include "base/result.h"
#include "local/layout.h"
#include "local/machine.h"

namespace understudy {

/// Says what is being done, for people; one line a call.
using Progress = std::function<void(const std::string&)>;

/// Brings everything up that is not: deploys the programs into the data folder (understudy itself,
/// the fence beside it, the services'), creates the stack at the first time, starts missing
/// supervisors, and waits until the public ingress is served. A second call finds nothing to do.
///
/// As root, only the deployment is done as root; the rest happens in a child process as the user of
/// user_to_run_as(). `own_program`: the path of this very binary. Errors: unchanged_final for what
/// a person must mend (a program missing, a port taken, no room, a folder that is not ours or holds
/// another platform); unchanged_retry if another `up` or `down` is at work; unknown if the stack
/// was started and does not serve. Requires, as root: one thread.
[[nodiscard]] Result<Done> up(const Layout& layout, const std::string& own_program,
                              const Progress& progress);

/// `up` without starting anything: its checks, the programs, the databases, the configuration.
/// start_domain() does the rest. Errors as `up`.
[[nodiscard]] Result<Done> prepare(const Layout& layout, const std::string& own_program,
                                   const Progress& progress);

/// Ends every process of the stack, by its supervisors if they live, by force otherwise, and proves
/// that none is left. Removes the memory files, and with `remove_data` the data folder. Idempotent.
/// Errors: unchanged_final for a folder that is not a stack's; unchanged_retry if an `up` is at
/// work.
[[nodiscard]] Result<Done> down(const Layout& layout, bool remove_data, const Progress& progress);

/// Starts the supervisor of one domain, if it is not running, as the owner of the data folder; does
/// not wait for what it starts.
[[nodiscard]] Result<Done> start_domain(const Layout& layout, const std::string& domain);

/// The region that answers at the public ingress. Error: none does within `timeout`.
[[nodiscard]] Result<std::string> wait_serving(const Layout& layout, milliseconds timeout);

}  // namespace understudy
