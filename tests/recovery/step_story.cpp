#include "step_story.h"

namespace understudy::fake {

StepStory::StepStory() {
  another_orchestrator();
  world_.north.agent.agent = &north_;
  world_.south.agent.agent = &south_;
  const WallTime lately = world_.stage.wall() - milliseconds(100);
  north_.now = {.region = "north",
                .writable = true,
                .database = DatabaseState{.role = DatabaseRole::primary,
                                          .timeline = 1,
                                          .written = 1000,
                                          .newest_commit = lately,
                                          .epoch = 1}};
  south_.now = {.region = "south",
                .database = DatabaseState{.role = DatabaseRole::standby,
                                          .timeline = 1,
                                          .written = 1000,
                                          .replayed = 1000,
                                          .streaming = true,
                                          .newest_commit = lately,
                                          .epoch = 1}};
  input_ = {{"kind", "failover"}, {"number", 1}, {"from", "north"}, {"target", "south"}};
}

boost::json::object StepStory::must(StepFunction step, const std::string& key) {
  StepOutput output = run(step);
  if (const auto* failure = std::get_if<StepFailure>(&output)) {
    ADD_FAILURE() << failure->error << ": " << failure->cause;
    return {};
  }
  if (!key.empty()) input_[key] = std::get<boost::json::object>(output);
  return std::get<boost::json::object>(output);
}

std::string StepStory::error_of(StepFunction step) {
  const StepOutput output = run(step);
  const auto* failure = std::get_if<StepFailure>(&output);
  return failure == nullptr ? "none" : failure->error;
}

void StepStory::until(Phase wanted) {
  if (wanted == Phase::none) return;
  must(acquire_transition);
  if (wanted == Phase::open) return;
  must(fence, "fence");
  if (wanted == Phase::revoked) return;
  must(pass_point_of_no_return);
  if (wanted == Phase::promoting) return;
  must(promote_database);
  must(switch_active_region);
}

}  // namespace understudy::fake
