#pragma once
// How long the machine's own disk takes for a small write, looked at during a drill. A commit waits
// for the disk: one that stalls looks like an interruption, and is none of the stack's doing.

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"

namespace understudy::drill {

/// Writes a small file durably, ten times a second on a thread of its own.
class DiskWatch {
 public:
  /// `folder`: on the disk in question. Its file is gone when this is.
  explicit DiskWatch(const std::string& folder);
  ~DiskWatch();
  DiskWatch(const DiskWatch&) = delete;
  DiskWatch& operator=(const DiskWatch&) = delete;

  /// The longest write that ended at that time or later; one under way counts as far as it got.
  /// Zero if there was none, as on a disk that cannot be written at all.
  [[nodiscard]] milliseconds longest_since(BootTime time) const;

 private:
  struct Write {
    BootTime began;
    BootTime ended;
  };
  void write_on_and_on();

  const std::string file_;
  mutable std::mutex lock_;  // guards the writes
  std::vector<Write> writes_;
  BootTime under_way_since_ = BootTime::max();
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace understudy::drill
