#include "recovery/lease_observer.h"

namespace understudy {

bool LeaseObserver::note(const Record& record, BootTime now) {
  const std::lock_guard held(lock_);
  if (record.version < version_) return false;
  // One that was restored from a backup may have grown past the version, not past what it forgot.
  if (record.epoch < epoch_ || record.lease.serial < serial_) return false;
  version_ = record.version;
  if (first_seen_ && record.lease.serial == serial_ && record.epoch == epoch_) return true;
  serial_ = record.lease.serial;
  epoch_ = record.epoch;
  first_seen_ = now;
  return true;
}

std::optional<BootTime> LeaseObserver::over_at(const Record& record) const {
  if (record.lease.endless) return std::nullopt;
  const std::lock_guard held(lock_);
  ensure(first_seen_.has_value(), "a lease is waited for only after its record was seen");
  ensure(record.lease.serial <= serial_, "a record is noted before it is waited for");
  if (!guards_.has(Guard::lease_end_waited_for)) return *first_seen_;
  if (!guards_.has(Guard::margin_waited_for)) return *first_seen_ + timing_.ttl;
  return *first_seen_ + timing_.ttl + timing_.margin;
}

}  // namespace understudy
