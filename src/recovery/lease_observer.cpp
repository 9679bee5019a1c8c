#include "recovery/lease_observer.h"

namespace understudy {

void LeaseObserver::note(const Record& record, BootTime now) {
  const std::lock_guard held(lock_);
  if (first_seen_ && record.lease.serial == serial_ && record.epoch == epoch_) return;
  // An answer may overtake a newer one on its way here; the newer one stays.
  if (first_seen_ && record.epoch <= epoch_ && record.lease.serial < serial_) return;
  serial_ = record.lease.serial;
  epoch_ = record.epoch;
  first_seen_ = now;
}

std::optional<BootTime> LeaseObserver::over_at(const Record& record) const {
  if (record.lease.endless) return std::nullopt;
  const std::lock_guard held(lock_);
  ensure(first_seen_.has_value(), "a lease is waited for only after its record was seen");
  ensure(record.lease.serial <= serial_, "a record is noted before it is waited for");
  return *first_seen_ + timing_.ttl + timing_.margin;
}

}  // namespace understudy
