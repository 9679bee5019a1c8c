#pragma once
// Brings alerts to people. Whoever raises one never waits: each target has a queue and a task of
// its own, so that one that hangs delays neither the program nor the others.

#include <boost/json/array.hpp>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "alerting/delivery.h"
#include "alerting/repeats.h"
#include "ports/alerts.h"
#include "ports/clock.h"
#include "ports/events.h"
#include "ports/tasks.h"

namespace understudy::alerting {

/// A target as the dispatcher uses it.
struct Target {
  std::string name;
  std::string kind;  ///< for people
  std::unique_ptr<Delivery> delivery;
};

[[nodiscard]] std::vector<Target> make_targets(const AlertSettings& settings);

/// Thread-safe. What is news (repeats.h) becomes the event "alert.raised" and goes to every target.
/// A delivery is tried again after 1, 2, 4 ... 60 s for a quarter of an hour. An alert is lost when
/// that is over, when the target refuses it for good, when a hundred wait already (then the oldest
/// is), or at stop(): that is the event "alert.lost", is counted in view(), and is told to the
/// other targets.
class Dispatcher final : public Alerts {
 public:
  /// All outlive it.
  Dispatcher(std::string platform, Duration repeat_interval, std::vector<Target> targets,
             Events& events, Clock& clock, Tasks& tasks);
  ~Dispatcher() override;  ///< stop(), and waits for the attempts that are under way
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  void raise(const Alert& alert) override;

  /// One line of view(): {"name", "kind", "waiting", "delivered", "lost", "problem"}; problem is
  /// why the newest attempt failed, or "".
  [[nodiscard]] boost::json::array view() const;

  /// Sends a test alert at once, past queue and repeats, to the target of that name, or to all
  /// ("").
  struct Tested {
    std::string name;
    std::string kind;
    std::string problem;  ///< "": it was delivered
  };
  /// One for each target meant; empty if there is none of that name. Blocks for one attempt.
  [[nodiscard]] std::vector<Tested> test(const std::string& name, const std::string& who);

  /// No more attempts are begun; what waits is lost.
  void stop();

 private:
  struct Outbox;

  void send_to(Outbox& outbox);
  /// False: stopped before it was settled.
  [[nodiscard]] bool settle(Outbox& outbox, const Message& message);
  /// True once it is settled: delivered or lost.
  [[nodiscard]] bool attempt(Outbox& outbox, const Message& message, unsigned tries,
                             BootTime first);
  void enqueue(Outbox& outbox, Message message);
  void lose(Outbox& outbox, const Message& message, const std::string& why);
  [[nodiscard]] Message message_of(const Alert& alert) const;

  const std::string platform_;
  Events& events_;
  Clock& clock_;
  Tasks& tasks_;
  std::vector<std::shared_ptr<Outbox>> outboxes_;
  const std::shared_ptr<Signal> ended_;
  mutable std::mutex lock_;  // guards all below, and what the outboxes hold
  Repeats repeats_;
  bool stopped_ = false;
  std::size_t senders_ = 0;
};

}  // namespace understudy::alerting
