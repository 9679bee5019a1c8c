#pragma once
// Buyers and page readers who come on schedule, whether they are served or not.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "drill/instant.h"
#include "drill/ledger.h"
#include "drill/schedule.h"
#include "drill/wishes.h"

namespace understudy::drill {

struct BuyersOptions {
  /// Names this run; every idempotency key begins with it. Unique for the databases that are used.
  std::string run;
  /// Bases of the public ingress ("http://127.0.4.1:7080"). Buyer n always uses number n mod size,
  /// as a client does that keeps what DNS once told it.
  std::vector<std::string> order_urls;
  std::vector<std::string> page_urls;  ///< the same for page readers; empty: no page readers

  unsigned orders_per_second = 100;
  unsigned pages_per_second = 20;
  Arrivals arrivals = Arrivals::even;
  std::uint64_t seed = 1;
  Venue venue;
  unsigned particular_seat_percent = 10;

  std::chrono::milliseconds timeout{2000};
  std::chrono::milliseconds connect_timeout{1000};
  std::string authority_file;  ///< for https ingress
  /// An order whose outcome is unknown is tried again under the same key, so often in all.
  unsigned tries_max = 5;
  std::chrono::milliseconds retry_after{200};
  /// Beyond it a buyer is turned away and recorded as refused, "never sent".
  std::size_t in_flight_max = 8000;
};

/// What has happened so far, as the clients saw it.
struct Counters {
  std::uint64_t arrivals = 0;  ///< orders that came due
  std::uint64_t attempts = 0;  ///< sent, retries included
  std::uint64_t acknowledged = 0;
  std::uint64_t refused = 0;
  std::uint64_t unknown = 0;  ///< attempts, some of which were retried with success
  std::uint64_t pages_ok = 0;
  std::uint64_t page_errors = 0;
  std::size_t in_flight = 0;
  unsigned acknowledged_last_second = 0;
  std::optional<Acknowledgement> last_acknowledgement;
};

/// Open-loop load: arrivals follow the schedule alone, and latency counts from the schedule, so a
/// stalled service cannot slow its own judge down. All traffic runs on one thread of its own.
///
/// Every attempt is in the ledger before it is sent, and every outcome as soon as it is known. If
/// the ledger cannot be written, the buyers stop at once: see failure().
///
/// Thread-safe, apart from construction and destruction.
class Buyers {
 public:
  /// The ledger must outlive the buyers.
  Buyers(BuyersOptions options, LedgerWriter& ledger);
  /// As stop() without patience.
  ~Buyers();
  Buyers(const Buyers&) = delete;
  Buyers& operator=(const Buyers&) = delete;

  /// Begins now. Raises this process's soft limit of open files to its hard limit, since every
  /// request in flight needs one. Error (final): an option makes no sense, or started before.
  [[nodiscard]] Result<Done> start();
  /// No more arrivals; those under way and their retries may go on for `patience`. What is still
  /// open then is recorded as unknown. Returns when all is recorded; again: does nothing.
  void stop(std::chrono::milliseconds patience);
  /// From now on buyer n uses number n mod size of these, retries included. Not empty.
  void send_to(std::vector<std::string> order_urls);

  [[nodiscard]] Counters counters() const;
  /// Why the evidence has a gap, if it has.
  [[nodiscard]] std::optional<Error> failure() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace understudy::drill
