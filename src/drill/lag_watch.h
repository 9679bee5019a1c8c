#pragma once
// How far a standby's database is behind, looked at during a drill.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "drill/course.h"
#include "local/site.h"

namespace understudy::drill {

/// Asks the standby's PostgreSQL itself, four times a second on a thread of its own, how old the
/// newest commit is that it shows; a database that is no standby, or does not answer, leaves a gap.
/// Under steady orders that age is the replication lag; once nobody commits it grows with time.
class LagWatch {
 public:
  /// The site outlives this.
  LagWatch(const Site& site, std::string standby);
  ~LagWatch();
  LagWatch(const LagWatch&) = delete;
  LagWatch& operator=(const LagWatch&) = delete;

  /// Ends the looking; the samples, with times counted from the fault. Once.
  [[nodiscard]] std::vector<LagSample> stop(const Instant& fault_at);

 private:
  struct Look {
    BootTime at;
    std::int64_t lag_ms;
  };
  void look_on_and_on();

  const Site& site_;
  const std::string standby_;
  std::vector<Look> looks_;  ///< the thread's until it is joined
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace understudy::drill
