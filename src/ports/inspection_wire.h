#pragma once
// An inspection as JSON, and back. None means malformed: see wire.h.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>

#include "ports/inspection.h"

namespace understudy::wire {

[[nodiscard]] boost::json::object to_json(const Inspection& inspection);
[[nodiscard]] std::optional<Inspection> inspection_from(const boost::json::object& object);

/// {"services": [...]}
[[nodiscard]] boost::json::object to_json(const std::vector<ServiceState>& services);
[[nodiscard]] std::optional<std::vector<ServiceState>> service_states_from(
    const boost::json::object& object);

/// {"wall_ns": ...}
[[nodiscard]] boost::json::object wall_to_json(WallTime time);
[[nodiscard]] std::optional<WallTime> wall_from(const boost::json::object& object);

}  // namespace understudy::wire
