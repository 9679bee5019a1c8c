#include "redis_connection.h"

#include <hiredis/hiredis.h>

namespace understudy::boxoffice {
namespace {

constexpr timeval kConnectPatience{0, 200'000};
constexpr timeval kAnswerPatience{0, 100'000};

}  // namespace

void RedisDeleter::operator()(redisContext* context) const { redisFree(context); }
void RedisDeleter::operator()(redisReply* reply) const { freeReplyObject(reply); }

RedisConnection connect_redis(const RedisAddress& address) {
  RedisConnection made(
      redisConnectWithTimeout(address.host.c_str(), address.port, kConnectPatience));
  if (!made || made->err != 0) return nullptr;
  redisSetTimeout(made.get(), kAnswerPatience);
  if (address.password.empty()) return made;
  const RedisReply let_in(
      static_cast<redisReply*>(redisCommand(made.get(), "AUTH %s", address.password.c_str())));
  return let_in && let_in->type != REDIS_REPLY_ERROR ? std::move(made) : nullptr;
}

}  // namespace understudy::boxoffice
