#include "database.h"

#include <algorithm>
#include <utility>

namespace understudy::boxoffice {
namespace {

constexpr std::chrono::milliseconds kOpenPatience{1000};
constexpr std::chrono::milliseconds kRetryFirst{10};
constexpr std::chrono::milliseconds kRetryMost{50};
constexpr std::chrono::milliseconds kLookEvery{100};

}  // namespace

DatabasePool::DatabasePool(std::string conninfo, unsigned size)
    : conninfo_(std::move(conninfo)), size_(size), keeper_([this] { keep_full(); }) {}

DatabasePool::~DatabasePool() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wanted_.notify_all();
  available_.notify_all();
  keeper_.join();
}

Result<postgres::Rows> DatabasePool::run(const std::string& name, const std::string& sql,
                                         const postgres::Parameters& parameters) {
  auto session = take();
  if (!session) return Error{After::unchanged_retry, "database: no session became free in time"};
  auto rows = session->run_prepared(name, sql, parameters, kStatementPatience);
  // Class 25: the fence, or a standby. This region may write again later; the statement is right.
  const bool not_now = session->sqlstate().starts_with("25");
  give_back(std::move(*session));
  if (!rows && not_now) return Error{After::unchanged_retry, rows.error().what};
  return rows;
}

std::optional<postgres::Connection> DatabasePool::take() {
  const auto deadline = std::chrono::steady_clock::now() + kSessionPatience;
  std::unique_lock lock(mutex_);
  for (;;) {
    // The one used last is the likeliest to be warm in everybody's caches.
    while (!idle_.empty()) {
      postgres::Connection session = std::move(idle_.back());
      idle_.pop_back();
      if (session.connected()) return session;
      --open_;
      wanted_.notify_one();
    }
    if (stopped_ || available_.wait_until(lock, deadline) == std::cv_status::timeout)
      if (idle_.empty()) return std::nullopt;
  }
}

void DatabasePool::give_back(postgres::Connection session) {
  const bool good = session.connected();
  {
    const std::lock_guard lock(mutex_);
    if (good)
      idle_.push_back(std::move(session));
    else
      --open_;
  }
  (good ? available_ : wanted_).notify_one();
}

/// Sessions that broke at rest are found before somebody needs them.
void DatabasePool::drop_broken() {
  const auto broken = std::partition(idle_.begin(), idle_.end(),
                                     [](const auto& session) { return session.connected(); });
  open_ -= static_cast<unsigned>(idle_.end() - broken);
  idle_.erase(broken, idle_.end());
}

void DatabasePool::keep_full() {
  auto retry = kRetryFirst;
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    drop_broken();
    if (open_ >= size_) {
      wanted_.wait_for(lock, kLookEvery);
      continue;
    }
    lock.unlock();
    auto opened = postgres::Connection::open(conninfo_, kOpenPatience);
    lock.lock();
    if (opened) {
      ++open_;
      idle_.insert(idle_.begin(), std::move(opened).value());  // lent last, being cold
      available_.notify_one();
      retry = kRetryFirst;
      continue;
    }
    const auto again = std::chrono::steady_clock::now() + retry;
    wanted_.wait_until(lock, again, [this] { return stopped_; });
    retry = std::min(2 * retry, kRetryMost);
  }
}

}  // namespace understudy::boxoffice
