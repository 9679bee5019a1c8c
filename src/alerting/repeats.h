#pragma once
// Which alerts are news: one matter is told once, again when it changed, and again after a time.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "ports/alerts.h"

namespace understudy::alerting {

/// A matter is an alert's key. Raised again within `interval` of its last telling it is only
/// counted; alerts less than ten seconds apart are one occurrence, since whoever sees a state that
/// lasts raises it again and again. If its text has changed it is told at once, yet its changes at
/// most once a minute. Not thread-safe.
class Repeats {
 public:
  explicit Repeats(Duration interval) : interval_(interval) {}

  /// None: not to be told now. Else how often it occurred since it was last told, this time left
  /// out.
  [[nodiscard]] std::optional<std::uint64_t> note(const Alert& alert, BootTime now);

 private:
  struct Matter {
    Alert told;
    BootTime told_at{};
    std::optional<BootTime> changed_at{};
    BootTime raised_at{};
    std::uint64_t more = 0;
  };

  /// Matters that are old are forgotten, so that their number stays small.
  void forget(BootTime now);

  const Duration interval_;
  std::map<std::string, Matter> matters_;
};

}  // namespace understudy::alerting
