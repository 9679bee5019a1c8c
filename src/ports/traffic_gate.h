#pragma once
// Whether requests from outside are sent to a region.

#include "base/result.h"
#include "base/time.h"

namespace understudy {

/// A region's own say in whether requests from outside come to it, beyond its readiness.
///
/// Thread-safe.
class TrafficGate {
 public:
  virtual ~TrafficGate() = default;
  /// Closed: no new requests from the edge; those under way go on. Repeating it changes nothing. A
  /// load balancer that restarts is open again, so whoever wants it closed says so again.
  [[nodiscard]] virtual Result<Done> set_open(bool open, BootTime deadline) = 0;
};

}  // namespace understudy
