#include "local/remote_inspector.h"

#include <fmt/format.h>

#include <algorithm>

#include "ports/inspection_wire.h"

namespace understudy {

namespace {

/// Kept back of the caller's time for the way to the agent and back.
constexpr Duration kWay = milliseconds(100);

template <class Value, class From>
Result<Value> decoded(const Result<boost::json::object>& answer, From from) {
  if (!answer) return answer.error();
  auto value = from(*answer);
  if (!value) return Error{After::unknown, "the agent's answer could not be understood"};
  return std::move(*value);
}

}  // namespace

std::string RemoteInspector::with_wait(const std::string& path, BootTime deadline) const {
  return fmt::format("{}?wait_ms={}", path,
                     std::max<std::int64_t>(1, to_ms(deadline - kWay - clock_.boot())));
}

Result<Inspection> RemoteInspector::inspect(BootTime deadline) {
  return decoded<Inspection>(client_.get(with_wait("/v1/inspect", deadline), deadline),
                             wire::inspection_from);
}

Result<std::vector<ServiceState>> RemoteInspector::services(BootTime deadline) {
  return decoded<std::vector<ServiceState>>(
      client_.get(with_wait("/v1/services", deadline), deadline), wire::service_states_from);
}

Result<WallTime> RemoteInspector::wall(BootTime deadline) {
  return decoded<WallTime>(client_.get("/v1/clock", deadline), wire::wall_from);
}

std::vector<ControlRoute> inspection_routes(RegionInspector& inspector, const Clock& clock) {
  const auto route = [](std::string path, auto handle) {
    return ControlRoute{"GET", std::move(path), {"controller", "cli"}, handle};
  };
  const auto deadline = [&clock](const ControlCall& call) { return clock.boot() + wait_of(call); };
  return {route("/v1/inspect",
                [&inspector, deadline](const ControlCall& call) {
                  return control_result(inspector.inspect(deadline(call)),
                                        [](const Inspection& seen) { return wire::to_json(seen); });
                }),
          route("/v1/services",
                [&inspector, deadline](const ControlCall& call) {
                  return control_result(
                      inspector.services(deadline(call)),
                      [](const std::vector<ServiceState>& seen) { return wire::to_json(seen); });
                }),
          route("/v1/clock", [&inspector, deadline](const ControlCall& call) {
            return control_result(inspector.wall(deadline(call)),
                                  [](WallTime time) { return wire::wall_to_json(time); });
          })};
}

}  // namespace understudy
