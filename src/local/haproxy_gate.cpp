#include "local/haproxy_gate.h"

#include <fmt/format.h>

#include <algorithm>

#include "local/haproxy_socket.h"
#include "local/render.h"

namespace understudy {

HaproxyGate::HaproxyGate(const Layout& layout, const std::string& region, const Clock& clock)
    : socket_(haproxy_socket(layout, region)), clock_(clock) {}

Result<Done> HaproxyGate::set_open(bool open, BootTime deadline) {
  const auto rest =
      std::max(milliseconds(1), std::chrono::ceil<milliseconds>(deadline - clock_.boot()));
  return tell_haproxy(
      socket_, fmt::format("set server {} state {}", kGateServer, open ? "ready" : "maint"), rest);
}

}  // namespace understudy
