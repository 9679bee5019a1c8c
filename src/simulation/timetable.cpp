#include "simulation/timetable.h"

#include <algorithm>

namespace understudy::simulation {

namespace {

bool comes_after(const Later& one, const Later& other) {
  return one.when != other.when ? one.when > other.when : one.order > other.order;
}

}  // namespace

void Timetable::put(const Later& entry) {
  const std::uint64_t slice = slice_of(entry);
  if (slice <= reached_) return put_next(entry);
  if (slice < reached_ + kSlices) {
    put_into_slice(entry);
  } else {
    far_.push_back(entry);
    std::push_heap(far_.begin(), far_.end(), comes_after);
  }
  if (next_.empty()) turn();
}

Later Timetable::take() {
  const Later taken = next_.back();
  next_.pop_back();
  if (next_.empty() && (in_slices_ != 0 || !far_.empty())) turn();
  return taken;
}

void Timetable::put_next(const Later& entry) {
  next_.push_back(entry);
  std::size_t hole = next_.size() - 1;
  for (; hole > 0 && comes_after(entry, next_[hole - 1]); --hole) next_[hole] = next_[hole - 1];
  next_[hole] = entry;
}

void Timetable::put_into_slice(const Later& entry) {
  if (free_ == kNone) {
    free_ = static_cast<std::uint32_t>(nodes_.size());
    nodes_.emplace_back();
  }
  const std::uint32_t node = free_;
  free_ = nodes_[node].next;
  std::uint32_t& slice = slices_[slice_of(entry) % kSlices];
  nodes_[node] = {entry, slice};
  slice = node;
  ++in_slices_;
}

/// On to the next slice that holds anything. Requires: one does, or the heap does.
void Timetable::turn() {
  if (in_slices_ == 0) reached_ = std::max(reached_, slice_of(far_.front()) - 1);
  while (next_.empty()) {
    ++reached_;
    while (!far_.empty() && slice_of(far_.front()) < reached_ + kSlices) {
      std::pop_heap(far_.begin(), far_.end(), comes_after);
      put_into_slice(far_.back());
      far_.pop_back();
    }
    std::uint32_t& slice = slices_[reached_ % kSlices];
    while (slice != kNone) {
      Node& node = nodes_[slice];
      put_next(node.entry);
      --in_slices_;
      const std::uint32_t taken = slice;
      slice = node.next;
      node.next = free_;
      free_ = taken;
    }
  }
}

}  // namespace understudy::simulation
