#pragma once
// The RegionInspector port on a region's agent, over the network.

#include "local/control_client.h"
#include "local/control_server.h"
#include "ports/inspection.h"

namespace understudy {

/// Thread-safe.
class RemoteInspector final : public RegionInspector {
 public:
  RemoteInspector(ControlClient client, const Clock& clock)
      : client_(std::move(client)), clock_(clock) {}

  Result<Inspection> inspect(BootTime deadline) override;
  Result<std::vector<ServiceState>> services(BootTime deadline) override;
  Result<WallTime> wall(BootTime deadline) override;

 private:
  [[nodiscard]] std::string with_wait(const std::string& path, BootTime deadline) const;

  ControlClient client_;
  const Clock& clock_;
};

/// What the agent serves for it: GET /v1/inspect, /v1/services and /v1/clock. Both outlive the
/// routes.
[[nodiscard]] std::vector<ControlRoute> inspection_routes(RegionInspector& inspector,
                                                          const Clock& clock);

}  // namespace understudy
