#pragma once
// A place that looks at a region from outside.

#include <functional>
#include <optional>
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

  [[nodiscard]] bool well() const { return path && ready && services && database; }
};

/// How a region that is well is watched.
struct Pace {
  Duration every{};    ///< from the beginning of a look to that of the next
  Duration at_once{};  ///< within which the way in must say that the region takes traffic
  Duration longest{};  ///< the last one begins no later than so long after the first
};

/// What a watch came to. Good news only: how a region is that is not well, a look tells.
struct Watched {
  /// How long after the first look the last one began that saw all well; none: not one did.
  std::optional<Duration> well_after;
  bool over = false;  ///< the next one did not see all well, or not at once
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
  /// Looks again and again, so that nobody has to ask each time; ends as soon as not all is well.
  [[nodiscard]] virtual Result<Watched> watch(const std::string& region, const Pace& pace) = 0;
};

/// Vantage::watch, by a look of this place, which asks the way in until `deadline`. Sleeps in
/// between.
[[nodiscard]] Result<Watched> watch_by(
    const std::function<Result<Sighting>(BootTime deadline)>& look, Clock& clock, const Pace& pace);

}  // namespace understudy
