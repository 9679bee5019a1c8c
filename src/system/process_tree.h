#pragma once
// Everything that belongs to one failure domain, killed or frozen as a whole.
//
// A process group cannot hold it: every PostgreSQL backend starts a session of its own. So the
// domain is what descends from its supervisor (a subreaper, so that nothing leaves the tree by
// outliving its parent), and whatever has its working directory below the domain's folder.

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "system/process.h"

namespace understudy::process {

struct Domain {
  pid_t supervisor = 0;   ///< 0: unknown or gone
  std::string directory;  ///< processes that run below it belong to the domain, too
};

/// Who is in it now; zombies are not, nor are we and those we descend from.
[[nodiscard]] std::vector<Identity> members(const Domain& domain);

/// Stops every member (SIGSTOP) until a whole pass finds nobody new and nobody running; a stopped
/// process forks no more. Returns who was stopped. Error: somebody was still running after
/// `timeout`.
[[nodiscard]] Result<std::vector<Identity>> freeze(const Domain& domain,
                                                   std::chrono::milliseconds timeout);

/// Lets them run again.
void thaw(const std::vector<Identity>& frozen);

/// Kills every member (SIGKILL; frozen first, and the supervisor last, so that nothing escapes by
/// forking) and proves it: returns who was there once all of them are gone and members() is empty.
/// Error: who is left after `timeout`.
[[nodiscard]] Result<std::vector<Identity>> kill_all(const Domain& domain,
                                                     std::chrono::milliseconds timeout);

}  // namespace understudy::process
