#pragma once
// Time, as it is handed in. Production reads the kernel; the simulator keeps its own.

#include "base/time.h"

namespace understudy {

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual BootTime boot() const = 0;
  [[nodiscard]] virtual WallTime wall() const = 0;
  /// Names this boot: a BootTime of another boot means nothing.
  [[nodiscard]] virtual std::string boot_id() const = 0;
  /// Blocks the calling task. Returns at once if the time has passed.
  virtual void sleep_until(BootTime time) = 0;
};

}  // namespace understudy
