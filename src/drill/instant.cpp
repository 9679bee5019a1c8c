#include "drill/instant.h"

#include <ctime>

namespace understudy::drill {
namespace {

Duration read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec);
}

}  // namespace

Instant read_clocks() {
  return Instant{BootTime(read(CLOCK_BOOTTIME)), WallTime(read(CLOCK_REALTIME))};
}

}  // namespace understudy::drill
