#pragma once
// A place that looks at a region from outside.

#include <functional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "ports/clock.h"

namespace understudy {

/// What one look at a region saw. "false" means looked and not found, never "did not look".
struct Sighting {
  bool path = false;      ///< its public way in answers at all
  bool ready = false;     ///< and says that it takes traffic
  bool services = false;  ///< its services are alive, asked directly
  bool database = false;  ///< its database answers, asked directly
                          ///< (where it is ready, both may be of up to kDetailsKeep ago)
  std::string detail;     ///< for people: what failed and how
  /// How long after it was asked for this look began: not at once, if it was a repeated one.
  Duration began_after{};

  [[nodiscard]] bool well() const { return path && ready && services && database; }
};

/// How a look is repeated.
struct Pace {
  Duration every{};    ///< from the beginning of a look to that of the next
  Duration timeout{};  ///< of each
  Duration longest{};  ///< the last one begins no later than so long after the first
};

/// How long a vantage may repeat that services and database are alive, without asking them anew,
/// while the region says that it takes traffic: nothing is decided by them then.
inline constexpr Duration kDetailsKeep = std::chrono::seconds(1);

/// Thread-safe.
class Vantage {
 public:
  virtual ~Vantage() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  /// A fresh look at `region`: what has not answered by `deadline` is not there. Returns shortly
  /// after it at the latest. An error: the vantage itself did not answer, which is no vote.
  [[nodiscard]] virtual Result<Sighting> look(const std::string& region, BootTime deadline) = 0;
  /// Looks again and again while all is well, so that nobody has to ask each time; returns the
  /// first look that sees anything else, or the last one.
  [[nodiscard]] virtual Result<Sighting> look_while_well(const std::string& region,
                                                         const Pace& pace) = 0;
};

/// Vantage::look_while_well, by a look of this place. Sleeps in between.
[[nodiscard]] Result<Sighting> repeat_while_well(
    const std::function<Result<Sighting>(BootTime deadline)>& look, Clock& clock, const Pace& pace);

}  // namespace understudy
