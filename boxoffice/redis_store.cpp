#include "redis_store.h"

#include <hiredis/hiredis.h>

#include <cstdlib>

namespace understudy::boxoffice {
namespace {

constexpr std::chrono::milliseconds kConnectAgain{200};

std::string text_of(const redisReply& reply) {
  return reply.str == nullptr ? std::string() : std::string(reply.str, reply.len);
}

Result<Done> done(const Result<RedisReply>& reply) {
  if (!reply) return reply.error();
  return Done{};
}

}  // namespace

Result<RedisReply> RedisStore::ask(const std::vector<std::string>& words) {
  const std::lock_guard lock(mutex_);
  RedisReply reply;
  // A connection that was there may be one to a Redis that has been started anew since.
  if (connection_) reply = send(words);
  if (!reply) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= connect_again_) {
      connection_ = connect_redis(address_);
      if (!connection_) connect_again_ = now + kConnectAgain;
    }
    if (!connection_) return Error{After::unchanged_retry, "Redis cannot be reached"};
    reply = send(words);
  }
  if (!reply) return Error{After::unknown, "Redis did not answer " + words[0]};
  if (reply->type == REDIS_REPLY_ERROR)
    return Error{After::unchanged_retry, "Redis refused " + words[0] + ": " + text_of(*reply)};
  return reply;
}

/// Null, and no connection any more, if no answer came.
RedisReply RedisStore::send(const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const auto& word : words) {
    texts.push_back(word.data());
    lengths.push_back(word.size());
  }
  RedisReply reply(static_cast<redisReply*>(redisCommandArgv(
      connection_.get(), static_cast<int>(words.size()), texts.data(), lengths.data())));
  if (!reply) connection_.reset();
  return reply;
}

Result<std::optional<std::string>> RedisStore::get(const std::string& key) {
  const auto reply = ask({"GET", key});
  if (!reply) return reply.error();
  if ((*reply)->type != REDIS_REPLY_STRING) return std::optional<std::string>();
  return std::optional(text_of(**reply));
}

Result<Done> RedisStore::set(const std::string& key, const std::string& value,
                             std::chrono::seconds lasts) {
  return done(ask({"SET", key, value, "EX", std::to_string(lasts.count())}));
}

Result<Done> RedisStore::remove(const std::string& key) { return done(ask({"DEL", key})); }

Result<std::int64_t> RedisStore::count(const std::string& key, std::chrono::seconds lasts) {
  const auto reply = ask({"INCR", key});
  if (!reply) return reply.error();
  // At every count, not only the first: a process that dies in between would count for ever.
  const auto ends = ask({"EXPIRE", key, std::to_string(lasts.count()), "NX"});
  if (!ends) return ends.error();
  return static_cast<std::int64_t>((*reply)->integer);
}

Result<Done> RedisStore::add(const std::string& hash, const std::string& field, std::int64_t more) {
  return done(ask({"HINCRBY", hash, field, std::to_string(more)}));
}

Result<RedisStore::Counts> RedisStore::take(const std::string& hash) {
  const auto reply = ask({"EVAL",
                          "local all = redis.call('HGETALL', KEYS[1]) redis.call('DEL', KEYS[1]) "
                          "return all",
                          "1", hash});
  if (!reply) return reply.error();
  Counts counts;
  for (std::size_t i = 0; i + 1 < (*reply)->elements; i += 2)
    counts[text_of(*(*reply)->element[i])] = std::atoll(text_of(*(*reply)->element[i + 1]).c_str());
  return counts;
}

}  // namespace understudy::boxoffice
