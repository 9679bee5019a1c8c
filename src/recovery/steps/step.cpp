#include "recovery/steps/step.h"

#include <algorithm>
#include <array>

namespace understudy {

namespace {

constexpr std::array kSteps = {
    Step{"AskToStart", ask_to_start, Leave::cancel},
    Step{"AcquireTransition", acquire_transition, Leave::before_it_runs},
    Step{"ConfirmPrimaryDown", confirm_primary_down, Leave::cancel},
    Step{"PreviewLag", preview_lag, Leave::either},
    Step{"Fence", fence, Leave::cancel},
    Step{"CheckReplicationLag", check_replication_lag, Leave::cancel},
    Step{"AskOperator", ask_operator, Leave::cancel},
    Step{"PassPointOfNoReturn", pass_point_of_no_return, Leave::before_it_runs},
    Step{"PromoteDatabase", promote_database},
    Step{"SwitchActiveRegion", switch_active_region},
    Step{"PlanServices", plan_services},
    Step{"ScaleService", scale_service, Leave::skip},
    Step{"ConfirmTraffic", confirm_traffic, Leave::skip},
    Step{"VerifyRecovery", verify_recovery, Leave::skip},
    Step{"CompleteTransition", complete_transition},
    Step{"AbortTransition", abort_transition},
    Step{"CheckSwitchover", check_switchover, Leave::either},
    Step{"DrainRegion", drain_region, Leave::either},
    Step{"RebuildStandby", rebuild_standby, Leave::cancel},
    Step{"AwaitAttached", await_attached, Leave::either},
};

}  // namespace

std::span<const Step> all_steps() { return kSteps; }

const Step* find_step(std::string_view name) {
  const auto* found = std::find_if(kSteps.begin(), kSteps.end(),
                                   [&](const Step& step) { return step.name == name; });
  return found == kSteps.end() ? nullptr : found;
}

}  // namespace understudy
