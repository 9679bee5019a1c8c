#pragma once
// What comes later: the earliest first, and of one instant in the order in which it was ordered.

#include <cstdint>
#include <vector>

#include "simulation/clock.h"

namespace understudy::simulation {

class Fiber;

/// An act or, of a fiber, a look at its deadline.
struct Later {
  TrueTime when;
  std::uint64_t order = 0;  ///< no two have the same
  Fiber* fiber = nullptr;   ///< none: an act
  std::uint32_t slot = 0;   ///< of the act
};

/// A heap of two-way nodes. An entry that is taken out leaves a hole that sinks to the bottom, and
/// the last one rises from there, hardly ever far: half of the comparisons of std::pop_heap, none
/// of them a branch that is guessed.
class Timetable {
 public:
  Timetable() { heap_.reserve(1024); }

  [[nodiscard]] bool empty() const { return heap_.empty(); }
  /// Requires: !empty().
  [[nodiscard]] const Later& first() const { return heap_.front(); }

  void put(const Later& entry) {
    heap_.push_back(entry);
    rise(heap_.size() - 1, entry);
  }

  /// Requires: !empty().
  Later take() {
    const Later taken = heap_.front();
    const Later last = heap_.back();
    heap_.pop_back();
    const std::size_t size = heap_.size();
    if (size == 0) return taken;
    std::size_t hole = 0;
    std::size_t child = 1;
    while (child + 1 < size) {
      child += key(heap_[child + 1]) < key(heap_[child]) ? 1 : 0;
      heap_[hole] = heap_[child];
      hole = child;
      child = 2 * hole + 1;
    }
    if (child < size) {
      heap_[hole] = heap_[child];
      hole = child;
    }
    rise(hole, last);
    return taken;
  }

 private:
  __extension__ using Key = unsigned __int128;
  /// No time is before the beginning.
  static Key key(const Later& entry) {
    return static_cast<Key>(entry.when.time_since_epoch().count()) << 64 | entry.order;
  }

  void rise(std::size_t hole, const Later& entry) {
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / 2;
      if (key(heap_[parent]) < key(entry)) break;
      heap_[hole] = heap_[parent];
      hole = parent;
    }
    heap_[hole] = entry;
  }

  std::vector<Later> heap_;
};

}  // namespace understudy::simulation
