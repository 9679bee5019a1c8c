#include "ports/vantage.h"

#include <algorithm>

namespace understudy {

Result<Watched> watch_by(const std::function<Result<Sighting>(BootTime deadline)>& look,
                         Clock& clock, const Pace& pace) {
  Watched watched;
  const BootTime first = clock.boot();
  BootTime begin = first;
  while (true) {
    const auto seen = look(begin + pace.at_once);
    if (!seen) return seen.error();
    watched.over = !seen->well();
    if (watched.over) return watched;
    watched.well_after = begin - first;
    const BootTime next = std::max(begin + pace.every, clock.boot());
    if (next > first + pace.longest) return watched;
    clock.sleep_until(next);
    begin = clock.boot();
  }
}

}  // namespace understudy
