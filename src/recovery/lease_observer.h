#pragma once
// The orchestrator's side of the writer lease: since when it can rule out that it was renewed.

#include <cstdint>
#include <mutex>
#include <optional>

#include "ports/clock.h"
#include "ports/registry.h"
#include "recovery/guards.h"
#include "topology/topology.h"

namespace understudy {

/// Remembers when each lease serial was first seen, on this process's own boot-time clock (R11a).
/// What was seen before a restart is not known any more: the wait begins anew. Thread-safe.
class LeaseObserver {
 public:
  explicit LeaseObserver(LeaseTiming timing, Guards guards = {})
      : timing_(timing), guards_(guards) {}

  /// False, and nothing was taken from it: a newer record was seen before (R7). It was overtaken on
  /// its way, or the registry went back in time. Requires: `now` was read after `record` arrived.
  bool note(const Record& record, BootTime now);

  /// When the lease that `record` shows can no longer be alive, if nobody renews it: the first
  /// sight of its serial + ttl + margin. None while it is endless, for which time proves nothing.
  /// Requires: note() has seen this record's serial, or a later one.
  [[nodiscard]] std::optional<BootTime> over_at(const Record& record) const;

 private:
  const LeaseTiming timing_;
  const Guards guards_;
  mutable std::mutex lock_;
  std::uint64_t version_ = 0;
  std::uint64_t serial_ = 0;
  std::uint64_t epoch_ = 0;
  std::optional<BootTime> first_seen_;
};

}  // namespace understudy
