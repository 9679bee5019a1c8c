#pragma once
// A place that looks at a region from outside.

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace understudy {

/// What one look at a region saw. "false" means looked and not found, never "did not look".
struct Sighting {
  bool path = false;      ///< its public way in answers at all
  bool ready = false;     ///< and says that it takes traffic
  bool services = false;  ///< its services are alive, asked directly
  bool database = false;  ///< its database answers, asked directly
                          ///< (where it is ready, both may be of up to kDetailsKeep ago)
  std::string detail;     ///< for people: what failed and how
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
};

}  // namespace understudy
