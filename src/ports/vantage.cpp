#include "ports/vantage.h"

#include <algorithm>

namespace understudy {

Result<Sighting> repeat_while_well(const std::function<Result<Sighting>(BootTime deadline)>& look,
                                   Clock& clock, const Pace& pace) {
  const BootTime asked = clock.boot();
  BootTime begin = asked;
  while (true) {
    auto seen = look(begin + pace.timeout);
    if (!seen) return seen;
    seen->began_after = begin - asked;
    const BootTime next = std::max(begin + pace.every, clock.boot());
    if (!seen->well() || next > asked + pace.longest) return seen;
    clock.sleep_until(next);
    begin = clock.boot();
  }
}

}  // namespace understudy
