#pragma once
// The scheduled work, once a second in the whole world: frees seats whose hold is over.

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "orders.h"
#include "seat_feed.h"
#include "wide_event.h"
#include "writer_page.h"

namespace understudy::boxoffice {

/// Runs from construction to stop(). Each second's work begins by committing a claim of that
/// second, so that the fence, which judges commits, judges this work too; without a lease nothing
/// is tried.
class Cron {
 public:
  Cron(Orders& orders, SeatFeed& feed, const WriterPage& page, WideEvents& events,
       std::string instance);
  ~Cron();
  Cron(const Cron&) = delete;
  Cron& operator=(const Cron&) = delete;

  /// Lets the work of this second come to its end. Idempotent.
  void stop();

 private:
  void run();
  void tick(std::int64_t second);
  void work(std::int64_t second, const Permission& permission, WideEvent& event);

  Orders& orders_;
  SeatFeed& feed_;
  const WriterPage& page_;
  WideEvents& events_;
  const std::string instance_;
  bool was_open_ = true;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace understudy::boxoffice
