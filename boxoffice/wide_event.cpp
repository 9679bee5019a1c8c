#include "wide_event.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "base/time.h"
#include "bodies.h"

namespace understudy::boxoffice {
namespace {

constexpr std::size_t kBehindBytesMax = 8U << 20U;

void write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody reads any more: the work goes on
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return format_wall(WallTime(std::chrono::duration_cast<Duration>(since)));
}

}  // namespace

WideEvent& WideEvent::add(std::string_view name, std::string_view value) {
  fields_ += fmt::format(R"(,"{}":{})", name, quoted(value));
  return *this;
}
WideEvent& WideEvent::add(std::string_view name, std::int64_t value) {
  fields_ += fmt::format(R"(,"{}":{})", name, value);
  return *this;
}
WideEvent& WideEvent::add(std::string_view name, double value) {
  fields_ += fmt::format(R"(,"{}":{:.2f})", name, value);
  return *this;
}
WideEvent& WideEvent::add(std::string_view name, const std::optional<std::int64_t>& value) {
  return value ? add(name, *value) : *this;
}

WideEvents::WideEvents(Role role, const std::string& region, const std::string& instance, int file)
    : identity_(fmt::format(R"(,"role":{},"region":{},"instance":{})", quoted(to_string(role)),
                            quoted(region), quoted(instance))),
      file_(file),
      thread_([this] { run(); }) {}

WideEvents::~WideEvents() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void WideEvents::write(std::string_view what, const WideEvent& event) {
  const std::string line = fmt::format(R"({{"time":"{}","event":"{}"{}{}}})"
                                       "\n",
                                       now(), what, identity_, event.fields());
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + line.size() > kBehindBytesMax) {
      ++dropped_;
      return;
    }
    waiting_ += line;
  }
  changed_.notify_one();
}

void WideEvents::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::string bytes = std::exchange(waiting_, {});
    const std::int64_t dropped = std::exchange(dropped_, 0);
    lock.unlock();
    write_all(file_, bytes);
    if (dropped > 0) write("log.dropped", WideEvent().add("lines", dropped));
    lock.lock();
  }
}

}  // namespace understudy::boxoffice
