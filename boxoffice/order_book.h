#pragma once
// What was ordered, as pages list it. Reads only; also good on a standby.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "database.h"

namespace understudy::boxoffice {

struct OrderLine {
  std::int64_t id = 0;
  std::int64_t event = 0;
  std::string name;  ///< of the event
  std::string venue;
  std::string starts_at;  ///< RFC 3339
  std::int64_t seat = 0;
  std::string buyer;
  std::int64_t price_cents = 0;
  std::string region;  ///< that sold it
  std::int64_t epoch = 0;
  std::string at;  ///< RFC 3339
  bool refunded = false;
};

/// Of one event. Prices are those of now; nobody changes them.
struct SalesLine {
  std::int64_t event = 0;
  std::string name;
  std::string venue;
  std::string starts_at;  ///< RFC 3339
  std::int64_t price_cents = 0;
  std::int64_t seats = 0;
  std::int64_t sold = 0;
  std::int64_t refunded = 0;
};

/// What a venue is paid: what it sold and did not refund, less the fee.
struct Payout {
  std::string venue;
  std::int64_t events = 0;
  std::int64_t sold = 0;
  std::int64_t gross_cents = 0;
  std::int64_t fee_cents = 0;
  [[nodiscard]] std::int64_t net_cents() const { return gross_cents - fee_cents; }
};

/// Thread-safe. Errors as DatabasePool::run.
class OrderBook {
 public:
  static constexpr std::int64_t kFeePercent = 8;
  static constexpr std::size_t kPage = 50;

  explicit OrderBook(DatabasePool& pool) : pool_(pool) {}

  /// Newest first.
  [[nodiscard]] Result<std::vector<OrderLine>> of_buyer(const std::string& buyer);
  /// Up to kPage orders older than `before`, newest first, whose number, key or event is `text`, or
  /// whose buyer holds it; all if it is "".
  [[nodiscard]] Result<std::vector<OrderLine>> search(const std::string& text,
                                                      std::optional<std::int64_t> before);
  /// By event.
  [[nodiscard]] Result<std::vector<SalesLine>> sales();
  /// By venue.
  [[nodiscard]] Result<std::vector<Payout>> payouts();

 private:
  DatabasePool& pool_;
};

}  // namespace understudy::boxoffice
