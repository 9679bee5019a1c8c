#pragma once
// Who looks on while others buy: watchers of the seat feed, and readers of pages through the CDN.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/time.h"
#include "drill/instant.h"
#include "local/site.h"

namespace understudy::drill {

/// Of the reads that ended after the fault.
struct PagesRead {
  unsigned reads = 0;
  unsigned errors = 0;  ///< no answer, or not 2xx
  std::int64_t longest_ms = 0;
};

struct AudienceSeen {
  unsigned watchers = 0;
  unsigned watchers_back =
      0;  ///< heard of their event again over a connection made after the fault
  /// How long after readiness watchers heard again, 99th percentile; none if none did, or nothing
  /// became ready. Negative is 0.
  std::optional<std::int64_t> back_p99_ms;
  PagesRead cached;   ///< of a service that is cached at the edge
  PagesRead dynamic;  ///< of one that is not
};

/// Watchers reconnect as the web page does (boxoffice/static/seats.js): they wait 2 s for a first
/// word, and try again after at most 0.2 s, then every 0.25 to 0.5 s.
class Audience {
 public:
  /// Begins now. Without a service of the kind, nobody watches or reads it. The site outlives this.
  explicit Audience(const Site& site);
  ~Audience();
  Audience(const Audience&) = delete;
  Audience& operator=(const Audience&) = delete;

  /// Sends everybody home; what they saw since the fault. `ready_at`: when another region took
  /// traffic. Once.
  [[nodiscard]] AudienceSeen leave(BootTime fault_at, std::optional<BootTime> ready_at);

 private:
  /// A connection that was heard of, or a page that was read.
  struct Heard {
    BootTime began;
    BootTime at;
    bool well = true;
  };
  using Log = std::vector<Heard>;  ///< its thread's until that is joined

  void watch(unsigned seed, Log& log) const;
  void read(const std::string& service, Log& log) const;

  const Site& site_;
  std::vector<std::unique_ptr<Log>> watchers_;
  Log cached_;
  Log dynamic_;
  std::atomic<bool> leaving_{false};
  std::vector<std::thread> threads_;
};

}  // namespace understudy::drill
