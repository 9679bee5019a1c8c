#pragma once
// May this region's traffic come here, right now?

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "system/postgres.h"
#include "writer_page.h"

namespace understudy::boxoffice {

struct Readiness {
  bool ready = false;
  std::string why;  ///< "" if ready
  std::optional<std::int64_t> epoch;
};

/// Thread-safe. Every answer rests on a look at page and database that began after the question.
/// Questions that wait together share one look, on a session of its own, so that any number of
/// load balancers cost one statement at a time.
class ReadinessCheck {
 public:
  ReadinessCheck(std::string conninfo, std::string region, const WriterPage& page);

  /// At most some 300 ms, or twice that if a look was under way.
  [[nodiscard]] Readiness ask();
  /// From here on: not ready, since the process is about to end.
  void drain();

 private:
  Readiness look();
  Readiness look_at_database(const Permission& permission);

  const std::string conninfo_;
  const std::string region_;
  const WriterPage& page_;
  std::mutex mutex_;
  std::condition_variable looked_;
  bool draining_ = false;
  bool looking_ = false;
  std::uint64_t looks_ = 0;  ///< that have ended
  Readiness last_;
  std::optional<postgres::Connection> session_;  ///< of whoever is looking
};

}  // namespace understudy::boxoffice
