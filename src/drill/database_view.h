#pragma once
// What a region's database holds after a drill, as the judge needs it.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace understudy::drill {

/// An order as a row. `region` and `epoch` are those of the service that wrote it.
struct OrderRow {
  std::string key;
  std::string order;
  std::int64_t event = 0;
  std::int64_t seat = 0;
  std::int64_t epoch = 0;
  std::string region;
  /// When it was committed if the server tracks that (track_commit_timestamp = on), else when it
  /// was written, which a transaction held up before its commit makes too early.
  WallTime committed_at{};
  WallTime written_at{};  ///< when its transaction wrote it, before its commit began
  bool refunded = false;  ///< its seat may belong to another order since
};

/// One run of the scheduled work.
struct CronTick {
  std::string region;
  std::int64_t epoch = 0;
  std::int64_t second = 0;  ///< the unit of work that was claimed, as Unix time
  WallTime at{};            ///< when it was claimed
};

/// Everything of one database. `region` is where that database stands, not who wrote the rows.
struct DatabaseView {
  std::string region;
  std::vector<OrderRow> orders;
  std::vector<CronTick> ticks;
};

/// Reads a PostgreSQL with the boxoffice schema, as it is now, primary or standby. `conninfo` is
/// never logged. Errors say which region's database could not be read.
[[nodiscard]] Result<DatabaseView> read_database(const std::string& region,
                                                 const std::string& conninfo,
                                                 std::chrono::milliseconds timeout);

}  // namespace understudy::drill
