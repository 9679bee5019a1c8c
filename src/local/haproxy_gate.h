#pragma once
// The TrafficGate port on the runtime socket of a region's load balancer.

#include <string>

#include "local/layout.h"
#include "ports/clock.h"
#include "ports/traffic_gate.h"

namespace understudy {

/// Thread-safe. Requires: we may use the socket, which is its user's alone. `clock` outlives it.
class HaproxyGate final : public TrafficGate {
 public:
  HaproxyGate(const Layout& layout, const std::string& region, const Clock& clock);

  Result<Done> set_open(bool open, BootTime deadline) override;

 private:
  const std::string socket_;
  const Clock& clock_;
};

}  // namespace understudy
