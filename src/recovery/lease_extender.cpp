#include "recovery/lease_extender.h"

#include <algorithm>

namespace understudy {

LeaseExtender::LeaseExtender(LeaseTiming timing, BootTime started, Guards guards)
    : ttl_(timing.ttl),
      lasts_(timing.ttl +
             (guards.has(Guard::margin_waited_for) ? timing.margin : Duration::zero())),
      promised_until_(started) {
  if (guards.has(Guard::promise_survives_restart)) promised_until_ = started + lasts_;
}

void LeaseExtender::promise(BootTime now) {
  promised_until_ = std::max(promised_until_, now + lasts_);
  lease_until_ = now + ttl_;
}

}  // namespace understudy
