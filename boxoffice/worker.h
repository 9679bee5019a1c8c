#pragma once
// The outbox's consumer: tells the buyer of each order that was sold, at most once.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "outbox.h"
#include "postbox.h"
#include "wide_event.h"
#include "writer_page.h"

namespace understudy::boxoffice {

/// Runs from construction to stop().
///
/// A message leaves only after its claim (see `mails` in schema.sql) has been committed, which the
/// fence judges, and after one of these was seen to be true:
/// - the region's lease is endless: no standby is attached, so that nobody could be promoted;
/// - the standby has made the claim durable: whoever is promoted finds it, and sends nothing twice.
/// If neither is within a second, the messages are held back and tried again after two. A message
/// of which nobody knows whether it left is a dead letter, for a person to send again or not.
class Worker {
 public:
  Worker(Outbox& outbox, const Postbox& postbox, const WriterPage& page, WideEvents& events,
         std::string platform);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// There may be something to do. Never blocks.
  void ring();
  /// Sends what was claimed, for at most two seconds, and puts back what is left. Idempotent.
  void stop();

 private:
  using Steady = std::chrono::steady_clock;
  struct Message;
  struct Work;

  void run();
  std::size_t take_some();
  bool claim_messages(std::vector<Work>& batch, const Permission& permission);
  bool may_send(const std::string& log_position, const Permission& permission);
  void put_back(const Work& work, std::string_view why, const Permission& permission);
  void carry_out(Work& work, const Permission& permission);
  Result<Done> send(const Work& work, const Message& message) const;
  void settle(const Work& work, const Permission& permission);
  bool is_too_late(Steady::time_point began);
  void say_closed(const Permission& permission);

  Outbox& outbox_;
  const Postbox& postbox_;
  const WriterPage& page_;
  WideEvents& events_;
  const std::string platform_;
  std::atomic<bool> was_open_{true};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t rings_ = 0;
  std::optional<Steady::time_point> stopped_;
  std::vector<std::thread> threads_;
};

}  // namespace understudy::boxoffice
