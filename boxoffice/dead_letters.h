#pragma once
// What could not be told to other services: given up by the workers, waiting for a person.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "database.h"
#include "writer_page.h"

namespace understudy::boxoffice {

struct DeadLetter {
  std::int64_t id = 0;
  std::string kind;
  std::int64_t order = 0;
  std::int64_t attempts = 0;
  std::string error;
  std::string failed_at;  ///< RFC 3339
};

/// Thread-safe. Errors as DatabasePool::run.
class DeadLetters {
 public:
  DeadLetters(DatabasePool& pool, std::string region) : pool_(pool), region_(std::move(region)) {}

  /// The oldest 200. Also good on a standby.
  [[nodiscard]] Result<std::vector<DeadLetter>> all();
  /// To be tried again by the workers. False: it is not dead (any more), or the database is of
  /// another epoch; nothing was done.
  [[nodiscard]] Result<bool> requeue(std::int64_t id, const Permission& permission);

 private:
  DatabasePool& pool_;
  const std::string region_;
};

}  // namespace understudy::boxoffice
