#pragma once
// May this region acknowledge a write right now? The fence page as the services ask it.

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "fence/page.h"

namespace understudy::boxoffice {

/// What the page said at one instant.
struct Permission {
  bool open = false;
  std::string_view reason;            ///< why not, or "open"
  std::optional<std::int64_t> epoch;  ///< none: unprotected, or the page could not be read
  std::uint64_t term = 0;
  std::int64_t judged_at_ns = 0;  ///< on the clock that counts since boot
  /// When it ends, on the same clock. None: endless, or not open.
  std::optional<std::int64_t> until_ns;
};

/// Thread-safe. Asking takes about a microsecond.
class WriterPage {
 public:
  explicit WriterPage(std::string path);
  /// Obeys no page at all: everything is always permitted.
  struct Unprotected {};
  explicit WriterPage(Unprotected);
  WriterPage(const WriterPage&) = delete;
  WriterPage& operator=(const WriterPage&) = delete;

  [[nodiscard]] Permission judge() const;
  /// Is the page open, and still of the lease under which the work was done? A permission that was
  /// taken away and given again in between is not the same: another region may have written.
  [[nodiscard]] bool still_permits(const Permission& earlier) const;
  [[nodiscard]] bool is_unprotected() const { return unprotected_; }

 private:
  const understudy_page* look() const;

  const std::string path_;
  const bool unprotected_ = false;
  char boot_id_[UNDERSTUDY_BOOT_ID_BYTES] = {};
  bool has_boot_id_ = false;

  mutable std::mutex mutex_;
  mutable const understudy_page* mapped_ = nullptr;
  mutable dev_t device_ = 0;
  mutable ino_t file_ = 0;
};

}  // namespace understudy::boxoffice
