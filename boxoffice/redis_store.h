#pragma once
// The region's own Redis as a store of what may be lost: sessions, rate limits, counts of clicks.

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "redis_connection.h"

namespace understudy::boxoffice {

/// Thread-safe; one connection, made anew after a failure. Every call fails within some 400 ms, and
/// for a moment after a failure at once. Errors: unchanged_retry if Redis could not be reached or
/// refused; unknown if it did not answer.
class RedisStore {
 public:
  explicit RedisStore(RedisAddress address) : address_(std::move(address)) {}

  /// None if there is no such key.
  [[nodiscard]] Result<std::optional<std::string>> get(const std::string& key);
  [[nodiscard]] Result<Done> set(const std::string& key, const std::string& value,
                                 std::chrono::seconds lasts);
  [[nodiscard]] Result<Done> remove(const std::string& key);
  /// How often it was asked for this key since its first time, which is forgotten after `lasts`.
  [[nodiscard]] Result<std::int64_t> count(const std::string& key, std::chrono::seconds lasts);

  using Counts = std::map<std::string, std::int64_t>;
  [[nodiscard]] Result<Done> add(const std::string& hash, const std::string& field,
                                 std::int64_t more);
  /// Takes all counts out, in one step.
  [[nodiscard]] Result<Counts> take(const std::string& hash);

 private:
  [[nodiscard]] Result<RedisReply> ask(const std::vector<std::string>& words);
  [[nodiscard]] RedisReply send(const std::vector<std::string>& words);

  const RedisAddress address_;
  std::mutex mutex_;
  RedisConnection connection_;
  std::chrono::steady_clock::time_point connect_again_{};
};

}  // namespace understudy::boxoffice
