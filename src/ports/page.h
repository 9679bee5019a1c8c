#pragma once
// The fence page of a region, as its agent sees it: the only thing that lets writes through.

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace understudy {

/// What every writer of the region obeys from the moment it is on the page.
struct Promise {
  std::uint64_t incarnation = 0;  ///< of the agent that wrote it
  std::uint64_t epoch = 0;
  std::uint64_t term = 0;
  std::uint64_t serial = 0;  ///< of the grant
  bool endless = false;
  BootTime deadline{};  ///< does not count when endless
  WallTime deadline_wall{};
  bool operator==(const Promise&) const = default;
};

/// Lives as long as the boot, and survives the agent. One writer.
class Page {
 public:
  virtual ~Page() = default;
  /// Writes are let through until the promise ends. In place and atomic for readers.
  virtual void open(const Promise& promise) = 0;
  /// No write is let through from now on.
  virtual void close() = 0;
  /// What is on the page, if it is of this boot, whole and not closed. It may have run out.
  [[nodiscard]] virtual std::optional<Promise> read() const = 0;
};

}  // namespace understudy
