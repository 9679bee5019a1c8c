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

/// What only root can do beforehand when the stack runs as another user, and harmless otherwise:
/// makes the data folder, deploys the programs (understudy itself, the fence, the services') and
/// the schema into it, and gives all of it to `user`. `own_program`: the path of this very binary;
/// the fence is beside it. Error: the text says what and where; what was copied stays.
[[nodiscard]] Result<Done> deploy(const Layout& layout, const std::string& own_program,
                                  const std::optional<User>& user);

/// Brings everything up that is not: creates the stack at the first time, starts missing
/// supervisors, and waits until the public ingress is served. A second call finds nothing to do.
/// Not to be called as root. Errors: unchanged_final for what a person must mend (a port taken, no
/// room); unchanged_retry if another `up` is at work.
[[nodiscard]] Result<Done> up(const Layout& layout, const Programs& programs,
                              const Progress& progress);

/// Ends every process of the stack, by its supervisors if they live, by force otherwise, and proves
/// that none is left. Removes the memory files, and with `remove_data` the data folder. Idempotent.
[[nodiscard]] Result<Done> down(const Layout& layout, bool remove_data, const Progress& progress);

/// Starts the supervisor of one domain, if it is not running; does not wait for what it starts.
[[nodiscard]] Result<Done> start_domain(const Layout& layout, const std::string& domain);

/// The region that answers at the public ingress. Error: none does within `timeout`.
[[nodiscard]] Result<std::string> wait_serving(const Layout& layout, milliseconds timeout);

}  // namespace understudy
