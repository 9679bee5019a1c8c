#pragma once
// The RegionInspector port on a region's own side.

#include "local/layout.h"
#include "local/secrets.h"
#include "local/units.h"
#include "ports/clock.h"
#include "ports/inspection.h"
#include "system/http_client.h"

namespace understudy {

/// Thread-safe. All outlive it.
class LocalInspector final : public RegionInspector {
 public:
  LocalInspector(std::string region, const Layout& layout, const StackSecrets& secrets,
                 const Clock& clock);

  Result<Inspection> inspect(BootTime deadline) override;
  Result<std::vector<ServiceState>> services(BootTime deadline) override;
  Result<WallTime> wall(BootTime deadline) override;

 private:
  void inspect_services(BootTime deadline, Inspection& into) const;
  [[nodiscard]] Result<std::vector<ServiceState>> states(BootTime deadline) const;
  [[nodiscard]] milliseconds rest(BootTime deadline) const;

  const std::string region_;
  const Layout& layout_;
  const StackSecrets& secrets_;
  const Clock& clock_;
  const SupervisorClient supervisor_;
  const http::Client http_;
};

/// Of the program that runs: equal for equal files.
[[nodiscard]] std::string own_build();
/// Of the program of that name which lies beside it now: after an upgrade, not yet of what runs.
[[nodiscard]] std::string build_beside(const std::string& program);

}  // namespace understudy
