#include "outbox_bell.h"

#include <chrono>

#include "system/postgres.h"

namespace understudy::boxoffice {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::chrono::milliseconds kAgain{500};
/// How soon stopping is noticed.
constexpr std::chrono::milliseconds kLookEvery{100};

}  // namespace

OutboxBell::OutboxBell(std::string conninfo, std::function<void()> ring)
    : conninfo_(std::move(conninfo)), ring_(std::move(ring)), thread_([this] { run(); }) {}

OutboxBell::~OutboxBell() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void OutboxBell::run() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    lock.unlock();
    listen_until_broken();
    lock.lock();
    changed_.wait_for(lock, kAgain, [this] { return stopped_.load(); });
  }
}

void OutboxBell::listen_until_broken() {
  auto session = postgres::Connection::open(conninfo_, kPatience);
  // A standby refuses to LISTEN: we try again, and it may be none by then.
  if (!session || !session->run("LISTEN outbox", {}, kPatience)) return;
  ring_();  // for what came before we listened
  while (!stopped_) {
    const auto came = session->await_notification(kLookEvery);
    if (!came) return;
    if (*came) ring_();
  }
}

}  // namespace understudy::boxoffice
