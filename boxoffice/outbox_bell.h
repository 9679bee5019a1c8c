#pragma once
// PostgreSQL's NOTIFY as a doorbell.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace understudy::boxoffice {

/// Rings when the database says that the outbox has something new; a thread and a session of its
/// own. What it misses while it has none, the worker's own slow look finds.
class OutboxBell {
 public:
  OutboxBell(std::string conninfo, std::function<void()> ring);
  ~OutboxBell();
  OutboxBell(const OutboxBell&) = delete;
  OutboxBell& operator=(const OutboxBell&) = delete;

 private:
  void run();
  void listen_until_broken();

  const std::string conninfo_;
  const std::function<void()> ring_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace understudy::boxoffice
