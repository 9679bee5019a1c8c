#include "local/supervised_compute.h"

#include <algorithm>

namespace understudy {

namespace {
milliseconds rest(const Clock& clock, BootTime deadline) {
  return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(deadline - clock.boot()));
}
}  // namespace

Result<std::map<std::string, unsigned>> SupervisedCompute::running(BootTime deadline) {
  auto units = supervisor_.units(rest(clock_, deadline));
  if (!units) return units.error();
  std::map<std::string, unsigned> running;
  for (const UnitState& unit : *units)
    running[unit.group] += unit.wanted && unit.pid != 0 ? 1U : 0U;
  return running;
}

Result<Done> SupervisedCompute::want(const std::string& service, unsigned count,
                                     BootTime deadline) {
  return supervisor_.want(service, count, rest(clock_, deadline));
}

}  // namespace understudy
