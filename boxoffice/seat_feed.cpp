#include "seat_feed.h"

#include <algorithm>
#include <utility>

#include "bodies.h"

namespace understudy::boxoffice {
namespace {

constexpr std::size_t kQueuedMax = 100'000;
constexpr std::chrono::milliseconds kLookEvery{100};

}  // namespace

SeatFeed::SeatFeed(Catalog& catalog, const WriterPage& page,
                   const std::optional<RedisAddress>& redis, const std::string& instance)
    : catalog_(catalog), page_(page) {
  if (redis)
    redis_ = std::make_unique<RedisLink>(
        *redis, instance,
        [this](std::int64_t event, const std::string& text) { deliver(event, text); },
        [this] { refresh(); });
  thread_ = std::thread([this] { run(); });
}

SeatFeed::~SeatFeed() { stop(); }

void SeatFeed::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  queued_.notify_all();
  if (thread_.joinable()) thread_.join();
  redis_.reset();
  send_all_away();
}

void SeatFeed::changed(const SeatChange& change) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || queue_.size() >= kQueuedMax) return;
    queue_.push_back(change);
  }
  queued_.notify_one();
}

void SeatFeed::join(std::int64_t event, std::shared_ptr<http::WebSocket> socket) {
  if (!page_.judge().open) return socket->close();
  const auto reader = std::make_shared<Reader>();
  reader->socket = std::move(socket);
  {
    // Known before the snapshot is taken, so that no change falls in between.
    const std::lock_guard lock(readers_mutex_);
    readers_[event].push_back(reader);
  }
  auto seats = catalog_.seats(event);
  if (!seats || seats->empty()) return reader->socket->close();
  send_snapshot(*reader, seats_body(event, *seats));
}

void SeatFeed::send_snapshot(Reader& reader, const std::string& snapshot) {
  const std::lock_guard lock(readers_mutex_);
  reader.socket->send(snapshot);
  for (auto& text : std::exchange(reader.early, {})) reader.socket->send(std::move(text));
  reader.has_snapshot = true;
}

void SeatFeed::deliver(std::int64_t event, const std::string& text) {
  const std::lock_guard lock(readers_mutex_);
  const auto found = readers_.find(event);
  if (found == readers_.end()) return;
  for (const auto& reader : found->second)
    reader->has_snapshot ? reader->socket->send(text) : reader->early.push_back(text);
}

/// New snapshots for everybody: changes of other processes may have been missed.
void SeatFeed::refresh() {
  std::map<std::int64_t, Readers> everybody;
  {
    const std::lock_guard lock(readers_mutex_);
    everybody = readers_;
  }
  for (const auto& [event, readers] : everybody) {
    auto seats = catalog_.seats(event);
    if (!seats) continue;
    const std::string snapshot = seats_body(event, *seats);
    for (const auto& reader : readers) send_snapshot(*reader, snapshot);
  }
}

void SeatFeed::drop_closed() {
  const std::lock_guard lock(readers_mutex_);
  for (auto at = readers_.begin(); at != readers_.end();) {
    std::erase_if(at->second, [](const auto& reader) { return !reader->socket->open(); });
    at = at->second.empty() ? readers_.erase(at) : std::next(at);
  }
}

void SeatFeed::send_all_away() {
  std::map<std::int64_t, Readers> everybody;
  {
    const std::lock_guard lock(readers_mutex_);
    everybody.swap(readers_);
  }
  for (const auto& [event, readers] : everybody)
    for (const auto& reader : readers) reader->socket->close();
}

void SeatFeed::run() {
  auto next_look = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    queued_.wait_until(lock, next_look, [this] { return stopped_ || !queue_.empty(); });
    const auto changes = std::exchange(queue_, {});
    lock.unlock();
    for (const SeatChange& change : changes) {
      const std::string text = change_body(change);
      deliver(change.event, text);
      if (redis_) redis_->publish(change.event, text);
    }
    if (const auto now = std::chrono::steady_clock::now(); now >= next_look) {
      next_look = now + kLookEvery;
      page_.judge().open ? drop_closed() : send_all_away();
    }
    lock.lock();
  }
}

}  // namespace understudy::boxoffice
