#pragma once
// The public way in, as users meet it.

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace understudy {

/// Thread-safe.
class Ingress {
 public:
  virtual ~Ingress() = default;
  /// Which region answers requests that come through the public ingress; an error if none does.
  [[nodiscard]] virtual Result<std::string> serving_region(BootTime deadline) = 0;
  /// Writes and reads back a mark of the transition, as a client of the public database writer
  /// endpoint would. Repeating it changes nothing.
  [[nodiscard]] virtual Result<Done> write_and_read(std::uint64_t transition,
                                                    BootTime deadline) = 0;
};

}  // namespace understudy
