#pragma once
// The region's own Redis as a wire between its processes: one channel, everybody hears everybody.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "redis_connection.h"

namespace understudy::boxoffice {

/// Both directions reconnect on their own and are quiet about it; what is said while Redis is away
/// is lost.
class RedisLink {
 public:
  using OnMessage = std::function<void(std::int64_t event, const std::string& text)>;

  /// `heard` and `connected` (listening again, something may have been missed) are called on a
  /// thread of the link. Messages of `instance` itself are not heard.
  RedisLink(RedisAddress address, std::string instance, OnMessage heard,
            std::function<void()> connected);
  ~RedisLink();
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;

  /// For one thread. Blocks for at most 100 ms, and then not again for a while.
  void publish(std::int64_t event, const std::string& text);

 private:
  void listen();
  void listen_once(RedisConnection context);
  void hear(const std::string& message);

  const RedisAddress address_;
  const std::string instance_;
  const OnMessage heard_;
  const std::function<void()> connected_;
  RedisConnection publisher_;
  std::chrono::steady_clock::time_point publish_again_{};
  int stop_pipe_[2] = {-1, -1};
  std::thread thread_;
};

}  // namespace understudy::boxoffice
