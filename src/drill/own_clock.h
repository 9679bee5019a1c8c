#pragma once
// A wall clock of its own for a domain's processes, so that it can jump while the machine's does
// not (Debian's libfaketime). Clocks that count since boot stay the machine's.

#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "local/layout.h"

namespace understudy::drill {

class OwnClock {
 public:
  /// Requires: the domain does not run any more.
  ~OwnClock();
  OwnClock(const OwnClock&) = delete;
  OwnClock& operator=(const OwnClock&) = delete;

  /// For all units of the domain that are started from now on. Requires: the stack is prepared and
  /// the domain does not run. Error, unchanged_final: libfaketime is not there.
  [[nodiscard]] static Result<std::unique_ptr<OwnClock>> make(const DomainPlace& place);

  /// Sets it so far ahead of the machine's, within a second.
  [[nodiscard]] Result<Done> set_ahead(std::chrono::seconds by) const;

 private:
  OwnClock(std::string file, unsigned owner) : file_(std::move(file)), owner_(owner) {}

  const std::string file_;
  const unsigned owner_;  // the user of the domain's processes
};

}  // namespace understudy::drill
