#pragma once
// One region's services.

#include <map>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace understudy {

/// Thread-safe.
class Compute {
 public:
  virtual ~Compute() = default;
  /// How many instances of each service run. A service that never ran may be absent.
  [[nodiscard]] virtual Result<std::map<std::string, unsigned>> running(BootTime deadline) = 0;
  /// Starts or stops instances until `count` are wanted; does not wait for them to be ready.
  /// Repeating it changes nothing.
  [[nodiscard]] virtual Result<Done> want(const std::string& service, unsigned count,
                                          BootTime deadline) = 0;
};

}  // namespace understudy
