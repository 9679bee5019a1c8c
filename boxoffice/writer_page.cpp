#include "writer_page.h"

namespace understudy::boxoffice {

WriterPage::WriterPage(std::string path)
    : path_(std::move(path)), has_boot_id_(understudy_read_boot_id(boot_id_) == 0) {}

WriterPage::WriterPage(Unprotected) : unprotected_(true) {}

/// The page that is at the path now: a mapping outlives its file, and an endless promise on a file
/// that somebody has replaced would never end. Replaced mappings are kept: another thread may be
/// reading them, and it happens a few times in a process's life.
const understudy_page* WriterPage::look() const {
  struct stat there {};
  const bool exists = stat(path_.c_str(), &there) == 0;
  const std::lock_guard lock(mutex_);
  if (!exists) return mapped_ = nullptr;
  if (mapped_ == nullptr || there.st_ino != file_ || there.st_dev != device_) {
    mapped_ = understudy_map_page(path_.c_str());
    file_ = there.st_ino;
    device_ = there.st_dev;
  }
  return mapped_;
}

Permission WriterPage::judge() const {
  Permission permission;
  if (unprotected_) {
    permission.open = true;
    permission.reason = "unprotected";
    return permission;
  }
  permission.judged_at_ns = understudy_clock_ns(CLOCK_BOOTTIME);
  understudy_promise promise{};
  const auto verdict =
      has_boot_id_ ? understudy_judge(look(), boot_id_, &promise) : UNDERSTUDY_OTHER_BOOT;
  permission.open = verdict == UNDERSTUDY_OPEN;
  permission.reason = understudy_verdict_text(verdict);
  if (verdict == UNDERSTUDY_NO_PAGE || verdict == UNDERSTUDY_TORN) return permission;
  permission.epoch = static_cast<std::int64_t>(promise.epoch);
  permission.term = promise.term;
  if (permission.open && promise.endless == 0) permission.until_ns = promise.deadline_boot_ns;
  return permission;
}

bool WriterPage::still_permits(const Permission& earlier) const {
  if (unprotected_) return true;
  const Permission now = judge();
  return now.open && now.epoch == earlier.epoch && now.term == earlier.term;
}

}  // namespace understudy::boxoffice
