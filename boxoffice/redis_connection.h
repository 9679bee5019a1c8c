#pragma once
// A connection with Redis, as hiredis has it: owned, and with every wait bounded.

#include <memory>

#include "configuration.h"

struct redisContext;
struct redisReply;

namespace understudy::boxoffice {

struct RedisDeleter {
  void operator()(redisContext* context) const;
  void operator()(redisReply* reply) const;
};
using RedisConnection = std::unique_ptr<redisContext, RedisDeleter>;
using RedisReply = std::unique_ptr<redisReply, RedisDeleter>;

/// Connected and authenticated, or null. Takes at most 300 ms; each answer later at most 100 ms.
[[nodiscard]] RedisConnection connect_redis(const RedisAddress& address);

}  // namespace understudy::boxoffice
