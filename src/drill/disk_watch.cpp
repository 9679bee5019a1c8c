#include "drill/disk_watch.h"

#include <unistd.h>

#include <algorithm>

#include "drill/instant.h"
#include "system/file.h"

namespace understudy::drill {
namespace {

constexpr auto kBetweenWrites = milliseconds(100);

}  // namespace

DiskWatch::DiskWatch(const std::string& folder)
    : file_(folder + "/disk-watch"), thread_([this] { write_on_and_on(); }) {}

DiskWatch::~DiskWatch() {
  stopping_ = true;
  thread_.join();
  (void)unlink(file_.c_str());
}

void DiskWatch::write_on_and_on() {
  while (!stopping_) {
    const BootTime began = read_clocks().boot;
    {
      const std::lock_guard held(lock_);
      under_way_since_ = began;
    }
    const bool written = file::write_durably(file_, "a small write\n").ok();
    const BootTime ended = read_clocks().boot;
    {
      const std::lock_guard held(lock_);
      under_way_since_ = BootTime::max();
      if (written) writes_.push_back({began, ended});
    }
    std::this_thread::sleep_for(kBetweenWrites);
  }
}

milliseconds DiskWatch::longest_since(BootTime time) const {
  const BootTime now = read_clocks().boot;
  const std::lock_guard held(lock_);
  Duration longest{0};
  if (now >= time) longest = now - std::min(now, under_way_since_);
  for (const Write& write : writes_) {
    if (write.ended >= time) longest = std::max(longest, write.ended - write.began);
  }
  return std::chrono::ceil<milliseconds>(longest);
}

}  // namespace understudy::drill
