#include "cron.h"

#include <chrono>

namespace understudy::boxoffice {

Cron::Cron(Orders& orders, SeatFeed& feed, const WriterPage& page, WideEvents& events,
           std::string instance)
    : orders_(orders),
      feed_(feed),
      page_(page),
      events_(events),
      instance_(std::move(instance)),
      thread_([this] { run(); }) {}

Cron::~Cron() { stop(); }

void Cron::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Cron::run() {
  using std::chrono::system_clock;
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const auto second = std::chrono::floor<std::chrono::seconds>(system_clock::now());
    lock.unlock();
    tick(second.time_since_epoch().count());
    lock.lock();
    // A second that was missed is not made up for: what it left undone is found by the next one.
    changed_.wait_until(lock, second + std::chrono::seconds(1), [this] { return stopped_; });
  }
}

void Cron::tick(std::int64_t second) {
  const Permission permission = page_.judge();
  if (permission.open) {
    was_open_ = true;
    WideEvent event;
    event.add("epoch", permission.epoch).add("second", second);
    work(second, permission, event);
    return;
  }
  // Said once, not every second for as long as the other region is active.
  if (was_open_)
    events_.write("cron.waiting",
                  WideEvent().add("epoch", permission.epoch).add("error", permission.reason));
  was_open_ = false;
}

void Cron::work(std::int64_t second, const Permission& permission, WideEvent& event) {
  const auto claimed = orders_.claim_tick(second, instance_, permission);
  if (!claimed) {
    // Unknown is no claim: the work waits for the next second.
    return events_.write("cron.failed", event.add("error", claimed.error().what));
  }
  if (!*claimed) return events_.write("cron.not_ours", event);
  // The claim's commit is our right to work, as long as the lease under which it was made stands.
  if (!page_.still_permits(permission)) return events_.write("cron.lease_ended", event);
  const auto freed = orders_.expire_holds(second, permission);
  if (!freed) return events_.write("cron.failed", event.add("error", freed.error().what));
  for (const SeatChange& seat : *freed) feed_.changed(seat);
  events_.write("cron.tick", event.add("expired", static_cast<std::int64_t>(freed->size())));
}

}  // namespace understudy::boxoffice
