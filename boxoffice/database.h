#pragma once
// Sessions with this region's database, kept ready.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "system/postgres.h"

namespace understudy::boxoffice {

/// How long a request waits for a session, and then for an answer. A disk that stands still for a
/// second holds every session: whoever waits is served after it, and else is refused before a buyer
/// hangs up at two seconds and cannot know.
constexpr std::chrono::milliseconds kSessionPatience{1800};
constexpr std::chrono::milliseconds kStatementPatience{2000};

/// Thread-safe. A thread of its own keeps `size` sessions open: it replaces broken ones within some
/// 50 ms of the database's return. Nobody else ever opens one.
class DatabasePool {
 public:
  DatabasePool(std::string conninfo, unsigned size);
  ~DatabasePool();
  DatabasePool(const DatabasePool&) = delete;
  DatabasePool& operator=(const DatabasePool&) = delete;

  /// Runs one statement, prepared once a session, in a transaction of its own.
  ///
  /// Errors: unchanged_retry if nothing happened and it may be asked again later (no session within
  /// kSessionPatience, read-only, fenced, shutting down, ...); unchanged_final if the statement
  /// itself was refused; unknown if it may have been committed.
  [[nodiscard]] Result<postgres::Rows> run(const std::string& name, const std::string& sql,
                                           const postgres::Parameters& parameters);

 private:
  std::optional<postgres::Connection> take();
  void give_back(postgres::Connection session);
  void keep_full();
  void drop_broken();

  const std::string conninfo_;
  const unsigned size_;
  std::mutex mutex_;
  std::condition_variable available_;
  std::condition_variable wanted_;
  std::vector<postgres::Connection> idle_;
  unsigned open_ = 0;  ///< idle and lent
  bool stopped_ = false;
  std::thread keeper_;
};

}  // namespace understudy::boxoffice
