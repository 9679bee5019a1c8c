#include "simulation/ports.h"

#include <array>
#include <utility>

#include "recovery/steps/step.h"

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
    std::pair{std::string_view("question.withdrawn"), Mark::question_withdrawn},
    std::pair{std::string_view("region.rebuilt"), Mark::rejoined},
};

/// By the row of the table of permissions.
constexpr std::array kAsked = {std::pair{140, Mark::asked_by_the_switch},
                               std::pair{150, Mark::asked_for_acknowledgement},
                               std::pair{160, Mark::asked_within_the_interval}};
constexpr std::array kRefused = {
    std::pair{std::string_view("failover.refused.110."), Mark::refused_in_maintenance},
    std::pair{std::string_view("failover.refused.120."), Mark::refused_while_off},
    std::pair{std::string_view("failover.refused.130."), Mark::refused_since_declined}};

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
  if (name == "transition.aborted") {
    const auto* execution = fields.if_contains("execution");
    if (execution != nullptr && !execution->as_string().starts_with("failover-"))
      stage_.chronicle.reached(Mark::planned_move_aborted);
  }
  if (name == "failover.started") {
    for (const auto& [row, mark] : kAsked) {
      if (fields.at("permission") == row) stage_.chronicle.reached(mark);
    }
  }
  if (name == "execution.ended" && fields.at("error").as_string() == kNotPermitted)
    stage_.chronicle.reached(Mark::not_begun_after_all);
  if (name == "maintenance.ended" && fields.at("how") == "ended by itself, its time being over")
    stage_.chronicle.reached(Mark::maintenance_ran_out);
  if (stage_.chronicle.told())
    stage_.chronicle.tell("{}: {} {}", who_, name, boost::json::serialize(fields));
}

void SimulatedAlerts::note_refusal(const Alert& alert) {
  for (const auto& [key, mark] : kRefused) {
    if (alert.key.starts_with(key)) stage_.chronicle.reached(mark);
  }
}

}  // namespace understudy::simulation
