#include "simulation/ports.h"

#include <array>
#include <utility>

namespace understudy::simulation {

namespace {

constexpr std::array kMarked = {
    std::pair{std::string_view("transition.completed"), Mark::failed_over},
    std::pair{std::string_view("transition.aborted"), Mark::failover_aborted},
    std::pair{std::string_view("operator.asked"), Mark::operator_asked},
    std::pair{std::string_view("operator.approved"), Mark::operator_approved},
    std::pair{std::string_view("operator.declined"), Mark::operator_declined},
    std::pair{std::string_view("execution.resumed"), Mark::execution_resumed},
    std::pair{std::string_view("transition.adopted"), Mark::transition_adopted},
};

}  // namespace

void SimulatedEvents::emit(std::string_view name, boost::json::object fields) {
  for (const auto& [marked, mark] : kMarked) {
    if (name == marked) stage_.chronicle.reached(mark);
  }
  if (name == "region.fenced_off") {
    const auto* by = fields.if_contains("by");
    const bool acknowledged = by != nullptr && *by == "acknowledgement";
    stage_.chronicle.reached(acknowledged ? Mark::fenced_by_acknowledgement
                                          : Mark::fenced_by_lease_end);
  }
  if (stage_.chronicle.told())
    stage_.chronicle.tell("{}: {} {}", who_, name, boost::json::serialize(fields));
}

}  // namespace understudy::simulation
