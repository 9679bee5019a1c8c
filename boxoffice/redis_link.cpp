#include "redis_link.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <unistd.h>

#include <charconv>

#include "base/ensure.h"

namespace understudy::boxoffice {
namespace {

constexpr const char* kChannel = "boxoffice.seats";
constexpr std::chrono::milliseconds kReconnectEvery{200};

template <class... Arguments>
bool ask(redisContext* context, const char* format, Arguments... arguments) {
  const RedisReply reply(static_cast<redisReply*>(redisCommand(context, format, arguments...)));
  return reply && reply->type != REDIS_REPLY_ERROR;
}

}  // namespace

RedisLink::RedisLink(RedisAddress address, std::string instance, OnMessage heard,
                     std::function<void()> connected)
    : address_(std::move(address)),
      instance_(std::move(instance)),
      heard_(std::move(heard)),
      connected_(std::move(connected)) {
  ensure(pipe2(stop_pipe_, O_CLOEXEC) == 0, "a pipe can be had");
  thread_ = std::thread([this] { listen(); });
}

RedisLink::~RedisLink() {
  close(stop_pipe_[1]);  // wakes the listener, wherever it waits
  thread_.join();
  close(stop_pipe_[0]);
}

void RedisLink::publish(std::int64_t event, const std::string& text) {
  const auto now = std::chrono::steady_clock::now();
  if (!publisher_) {
    if (now < publish_again_) return;
    publisher_ = connect_redis(address_);
  }
  const std::string message = instance_ + "\n" + std::to_string(event) + "\n" + text;
  if (publisher_ &&
      ask(publisher_.get(), "PUBLISH %s %b", kChannel, message.data(), message.size()))
    return;
  publisher_.reset();
  publish_again_ = now + kReconnectEvery;
}

void RedisLink::listen() {
  for (;;) {
    if (RedisConnection context = connect_redis(address_)) listen_once(std::move(context));
    pollfd stop{stop_pipe_[0], POLLIN, 0};
    if (poll(&stop, 1, static_cast<int>(kReconnectEvery.count())) > 0) return;
  }
}

/// Until the connection breaks or the link is stopped.
void RedisLink::listen_once(RedisConnection context) {
  if (!ask(context.get(), "SUBSCRIBE %s", kChannel)) return;
  connected_();
  for (;;) {
    void* raw = nullptr;
    if (redisGetReplyFromReader(context.get(), &raw) != REDIS_OK) return;
    if (const RedisReply reply(static_cast<redisReply*>(raw)); reply) {
      if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
          reply->element[2]->type == REDIS_REPLY_STRING)
        hear({reply->element[2]->str, static_cast<std::size_t>(reply->element[2]->len)});
      continue;
    }
    pollfd look[2] = {{context->fd, POLLIN, 0}, {stop_pipe_[0], POLLIN, 0}};
    if (poll(look, 2, -1) < 0 || look[1].revents != 0) return;
    if (redisBufferRead(context.get()) != REDIS_OK) return;
  }
}

/// "<instance>\n<event>\n<text>"
void RedisLink::hear(const std::string& message) {
  const auto first = message.find('\n');
  const auto second = first == std::string::npos ? first : message.find('\n', first + 1);
  if (second == std::string::npos || message.compare(0, first, instance_) == 0) return;
  std::int64_t event = 0;
  const auto [end, error] =
      std::from_chars(message.data() + first + 1, message.data() + second, event);
  if (error == std::errc() && end == message.data() + second)
    heard_(event, message.substr(second + 1));
}

}  // namespace understudy::boxoffice
