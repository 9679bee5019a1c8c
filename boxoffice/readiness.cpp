#include "readiness.h"

#include <fmt/format.h>

namespace understudy::boxoffice {
namespace {

constexpr std::chrono::milliseconds kPatience{300};

Readiness not_ready(std::string why, std::optional<std::int64_t> epoch = {}) {
  return {false, std::move(why), epoch};
}

}  // namespace

ReadinessCheck::ReadinessCheck(std::string conninfo, std::string region, const WriterPage& page)
    : conninfo_(std::move(conninfo)), region_(std::move(region)), page_(page) {}

void ReadinessCheck::drain() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
}

Readiness ReadinessCheck::ask() {
  std::unique_lock lock(mutex_);
  if (draining_) return not_ready("this process is stopping");
  // A look that is under way began before the question: its end is not enough, the next one's is.
  const std::uint64_t enough = looks_ + (looking_ ? 2 : 1);
  for (;;) {
    if (looks_ >= enough) return last_;
    if (!looking_) break;
    looked_.wait(lock);
  }
  looking_ = true;
  lock.unlock();
  Readiness seen = look();
  lock.lock();
  looking_ = false;
  ++looks_;
  last_ = seen;
  looked_.notify_all();
  return seen;
}

Readiness ReadinessCheck::look() {
  const Permission permission = page_.judge();
  if (!permission.open)
    return not_ready(fmt::format("this region may not write: {}", permission.reason),
                     permission.epoch);
  Readiness seen = look_at_database(permission);
  if (seen.ready && !page_.still_permits(permission))
    return not_ready("the writer lease has just ended", permission.epoch);
  return seen;
}

Readiness ReadinessCheck::look_at_database(const Permission& permission) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  const auto left = [deadline] {
    return std::chrono::ceil<std::chrono::milliseconds>(deadline -
                                                        std::chrono::steady_clock::now());
  };
  if (!session_ || !session_->connected()) {
    session_.reset();
    auto opened = postgres::Connection::open(conninfo_, left());
    if (!opened) return not_ready(opened.error().what, permission.epoch);
    session_.emplace(std::move(opened).value());
  }
  const bool asks_epoch = permission.epoch.has_value();
  auto rows = session_->run_prepared(
      asks_epoch ? "ready" : "ready_unprotected",
      asks_epoch ? "SELECT pg_is_in_recovery(), current_setting('transaction_read_only'), e.epoch,"
                   " e.region FROM (SELECT) one LEFT JOIN understudy.epoch e ON true"
                 : "SELECT pg_is_in_recovery(), current_setting('transaction_read_only')",
      {}, left());
  if (!rows) return not_ready(rows.error().what, permission.epoch);
  if (rows->at(0, 0) == "t")
    return not_ready("the database is a standby (in recovery)", permission.epoch);
  if (rows->at(0, 1) == "on") return not_ready("the database is read-only", permission.epoch);
  if (!asks_epoch) return {true, "", std::nullopt};
  const auto& row = rows->rows.front();
  if (!row[2] || !row[3]) return not_ready("the database has no epoch row", permission.epoch);
  if (*row[2] != std::to_string(*permission.epoch) || *row[3] != region_)
    return not_ready(fmt::format("the database belongs to epoch {} of {}, this process to epoch {} "
                                 "of {}",
                                 *row[2], *row[3], *permission.epoch, region_),
                     permission.epoch);
  return {true, "", permission.epoch};
}

}  // namespace understudy::boxoffice
