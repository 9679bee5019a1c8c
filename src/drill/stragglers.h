#pragma once
// Writers that hang on to the old region directly while it is frozen: sessions on its PostgreSQL,
// and requests at its services, its load balancer and the edge. After the thaw none may get an
// acknowledgement.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "drill/instant.h"
#include "local/site.h"

namespace understudy::drill {

/// What they saw. Counted by when the answer came.
struct StragglerCount {
  unsigned sessions = 0;             ///< open on PostgreSQL when the region was frozen
  unsigned sessions_committing = 0;  ///< of them, in a COMMIT that had not been answered
  unsigned sessions_in_transaction = 0;
  unsigned requests = 0;               ///< in flight at the services, load balancer and edge
  unsigned late_acknowledgements = 0;  ///< received after the thaw: each breaks I1
  std::vector<std::string> evidence;   ///< one line for each of those
};

/// Threads of their own, all ended by stop().
class Stragglers {
 public:
  /// Error: the table they write to cannot be made. Starts at once.
  [[nodiscard]] static Result<std::unique_ptr<Stragglers>> start(const Site& site,
                                                                 const std::string& region,
                                                                 const std::string& run);
  ~Stragglers();

  /// Right after the region was frozen: who was in what.
  void note_frozen();
  /// Right before it is thawed; from here on no acknowledgement may come.
  void note_thaw();
  /// Ends them and counts.
  [[nodiscard]] StragglerCount stop();

 private:
  class Crowd;
  explicit Stragglers(std::unique_ptr<Crowd> crowd);
  std::unique_ptr<Crowd> crowd_;
};

}  // namespace understudy::drill
