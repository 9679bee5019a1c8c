#include "recovery/steps/step.h"

#include <algorithm>
#include <array>

namespace understudy {

namespace {

constexpr std::array kSteps = {
    Step{"AskToStart", ask_to_start},
    Step{"AcquireTransition", acquire_transition},
    Step{"ConfirmPrimaryDown", confirm_primary_down},
    Step{"PreviewLag", preview_lag},
    Step{"Fence", fence},
    Step{"CheckReplicationLag", check_replication_lag},
    Step{"AskOperator", ask_operator},
    Step{"PassPointOfNoReturn", pass_point_of_no_return},
    Step{"PromoteDatabase", promote_database},
    Step{"SwitchActiveRegion", switch_active_region},
    Step{"PlanServices", plan_services},
    Step{"ScaleService", scale_service},
    Step{"ConfirmTraffic", confirm_traffic},
    Step{"VerifyRecovery", verify_recovery},
    Step{"CompleteTransition", complete_transition},
    Step{"AbortTransition", abort_transition},
};

}  // namespace

std::span<const Step> all_steps() { return kSteps; }

const Step* find_step(std::string_view name) {
  const auto* found = std::find_if(kSteps.begin(), kSteps.end(),
                                   [&](const Step& step) { return step.name == name; });
  return found == kSteps.end() ? nullptr : found;
}

}  // namespace understudy
