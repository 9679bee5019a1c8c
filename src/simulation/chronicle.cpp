#include "simulation/chronicle.h"

namespace understudy::simulation {

namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Mark::kCount)> kNames = {
    "failed_over",
    "failover_aborted",
    "fenced_by_acknowledgement",
    "fenced_by_lease_end",
    "operator_asked",
    "operator_approved",
    "operator_declined",
    "promotion_reply_lost",
    "promotion_failed",
    "promotion_slow",
    "registry_answer_lost",
    "registry_restarted",
    "registry_recovered",
    "controller_crashed",
    "controller_crashed_in_transition",
    "execution_resumed",
    "transition_adopted",
    "agent_crashed",
    "agent_stalled_with_page_open",
    "lease_ran_out",
    "commit_refused_by_page",
    "acknowledgement_withheld",
    "orders_lost_within_budget",
    "old_region_thawed_after_promotion",
    "old_region_returned_after_promotion",
    "wall_clock_jumped",
    "standby_lost_before_promotion",
    "standby_detached",
    "standby_attached",
    "standby_lost_after_point_of_no_return",
    "agent_disk_wiped",
    "cron_moved",
    "request_repeated",
    "person_asked_at_the_end",
    "refused_in_maintenance",
    "refused_while_off",
    "refused_since_declined",
    "asked_by_the_switch",
    "asked_for_acknowledgement",
    "asked_within_the_interval",
    "question_withdrawn",
    "not_begun_after_all",
    "maintenance_ran_out",
    "order_unanswered",
    "agent_disk_failed",
    "agent_kept_from_starting",
    "agent_stopped",
    "agent_hung",
    "forbidden_change_refused",
};
static_assert(!kNames.back().empty(), "every mark has a name");

}  // namespace

std::string_view to_string(Mark mark) { return kNames[static_cast<std::size_t>(mark)]; }

}  // namespace understudy::simulation
