#pragma once
// What can be seen: events and their seats. Reads only; also good on a standby.

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "database.h"
#include "orders.h"

namespace understudy::boxoffice {

struct Event {
  std::int64_t id = 0;
  std::string name;
  std::string venue;
  std::string starts_at;  ///< RFC 3339
  std::int64_t price_cents = 0;
};

/// Thread-safe. Errors as DatabasePool::run.
class Catalog {
 public:
  explicit Catalog(DatabasePool& pool) : pool_(pool) {}

  using Events = std::shared_ptr<const std::vector<Event>>;
  /// By id; at most a second old, since events hardly ever change and every page reader asks.
  [[nodiscard]] Result<Events> events();
  /// None if there is no such event.
  [[nodiscard]] Result<std::optional<Event>> find(std::int64_t event);
  /// All seats of an event, by number; empty if there is no such event.
  [[nodiscard]] Result<std::vector<SeatChange>> seats(std::int64_t event);

 private:
  DatabasePool& pool_;
  std::mutex mutex_;
  Events known_;
  std::chrono::steady_clock::time_point known_since_;
};

}  // namespace understudy::boxoffice
