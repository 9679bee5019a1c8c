#pragma once
// Who looks at which event's seats, and telling them what changes.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "catalog.h"
#include "orders.h"
#include "redis_link.h"
#include "system/http_server.h"
#include "writer_page.h"

namespace understudy::boxoffice {

/// Thread-safe. A reader gets a snapshot, then changes; a change may come twice or late, its
/// version says so. Changes reach the readers at this process from its own thread, and the region's
/// other processes through Redis, when there is one: a lost Redis costs others their changes until
/// it is back, upon which they get a new snapshot. Nothing here can fail or delay a sale.
///
/// The feed belongs to the active region: when the page is closed all readers are sent away, so
/// that they come back through the ingress to where seats are sold.
class SeatFeed {
 public:
  SeatFeed(Catalog& catalog, const WriterPage& page, const std::optional<RedisAddress>& redis,
           const std::string& instance);
  ~SeatFeed();
  SeatFeed(const SeatFeed&) = delete;
  SeatFeed& operator=(const SeatFeed&) = delete;

  /// A reader of `event`. May block for a database's answer.
  void join(std::int64_t event, std::shared_ptr<http::WebSocket> socket);
  /// After the change was committed. Never blocks.
  void changed(const SeatChange& change);
  /// Sends everybody away and ends the threads. Idempotent.
  void stop();

 private:
  struct Reader {
    std::shared_ptr<http::WebSocket> socket;
    bool has_snapshot = false;
    std::vector<std::string> early;  ///< changes that came before the snapshot was sent
  };
  using Readers = std::vector<std::shared_ptr<Reader>>;

  void run();
  void deliver(std::int64_t event, const std::string& text);
  void refresh();
  void send_snapshot(Reader& reader, const std::string& snapshot);
  void drop_closed();
  void send_all_away();

  Catalog& catalog_;
  const WriterPage& page_;
  std::mutex mutex_;
  std::condition_variable queued_;
  std::deque<SeatChange> queue_;
  bool stopped_ = false;
  std::mutex readers_mutex_;
  std::map<std::int64_t, Readers> readers_;
  std::unique_ptr<RedisLink> redis_;
  std::thread thread_;
};

}  // namespace understudy::boxoffice
