#pragma once
// What comes later: the earliest first, and of one instant in the order in which it was ordered.

#include <array>
#include <cstdint>
#include <vector>

#include "simulation/clock.h"

namespace understudy::simulation {

class Fiber;

/// An act or, of a fiber, a look at its deadline.
struct Later {
  TrueTime when;            ///< never before the beginning
  std::uint64_t order = 0;  ///< no two have the same
  Fiber* fiber = nullptr;   ///< none: an act
  std::uint32_t slot = 0;   ///< of the act
};

/// A wheel: what comes within a second lies in the slice of its time, unsorted until that slice is
/// reached; what comes later than that lies in a heap until then. Nearly all comes soon, so that
/// hardly anything is sorted against more than a few others.
class Timetable {
 public:
  Timetable() { slices_.fill(kNone); }

  [[nodiscard]] bool empty() const { return next_.empty(); }
  /// Requires: !empty().
  [[nodiscard]] const Later& first() const { return next_.back(); }
  void put(const Later& entry);
  /// Requires: !empty().
  Later take();

 private:
  static constexpr unsigned kSliceBits = 21;  // two milliseconds
  static constexpr std::uint64_t kSlices = 512;
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Node {
    Later entry;
    std::uint32_t next = kNone;
  };

  static std::uint64_t slice_of(const Later& entry) {
    return static_cast<std::uint64_t>(entry.when.time_since_epoch().count()) >> kSliceBits;
  }
  void put_next(const Later& entry);
  void put_into_slice(const Later& entry);
  void turn();

  std::vector<Later> next_;    // all up to the slice that was reached; the earliest last
  std::uint64_t reached_ = 0;  // never an empty one while anything is left
  std::array<std::uint32_t, kSlices> slices_;  // of those behind it: the first node
  std::vector<Node> nodes_;
  std::uint32_t free_ = kNone;
  std::size_t in_slices_ = 0;
  std::vector<Later> far_;  // a heap
};

}  // namespace understudy::simulation
