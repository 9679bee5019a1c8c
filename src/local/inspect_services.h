#pragma once
// A region's services as readiness asks about them: how they are, and what they would be started
// with.

#include <functional>
#include <string>
#include <vector>

#include "local/layout.h"
#include "local/secrets.h"
#include "local/units.h"
#include "ports/inspection.h"

namespace understudy {

/// Whether an instance says that it is well, at its live path.
using SaysWell = std::function<bool(const Service& service, unsigned instance)>;

/// Pure, but for what `says_well` does.
[[nodiscard]] std::vector<ServiceState> service_states(const Topology& topology,
                                                       const std::vector<UnitState>& units,
                                                       const SaysWell& says_well);

/// Looks at the programs' files. `key`: of the digests.
[[nodiscard]] std::vector<ServiceConfiguration> service_configurations(
    const Layout& layout, const std::string& region, const std::vector<Unit>& units,
    const std::string& key);

}  // namespace understudy
