#pragma once
// Internal to system_http: threads that take jobs from a queue.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace understudy::http {

class Workers {
 public:
  Workers(unsigned threads, std::size_t waiting_max);
  ~Workers() { stop(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// False if too many are waiting already, or it was stopped: the job is not taken.
  [[nodiscard]] bool submit(std::function<void()> job);
  /// Drops what waits, lets what runs come to its end, joins. Idempotent.
  void stop();

 private:
  void run();

  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace understudy::http
