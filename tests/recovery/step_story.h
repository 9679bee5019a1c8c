#pragma once
// Steps run one by one by a test, which plays both agents.

#include <gmock/gmock.h>

#include <list>
#include <string>

#include "recovery/record_changes.h"
#include "tests/recovery/world.h"

namespace understudy::fake {

class StepStory : public testing::Test {
 protected:
  StepStory();

  [[nodiscard]] StepOutput run(StepFunction step) {
    return step(orchestrators_.back().orchestration, input_);
  }
  /// Its output, which is also kept in the input at `key`, as the document does.
  boost::json::object must(StepFunction step, const std::string& key = "");
  /// The error it fails with; "none" if it succeeds.
  std::string error_of(StepFunction step);

  /// From the beginning, without faults, to the given phase. The old region acknowledges.
  void until(Phase phase);

  void change(const Change& next) {
    ASSERT_TRUE(next) << next.error().what;
    ASSERT_TRUE(std::holds_alternative<Record>(world_.record.replace(*next)));
  }
  void renew() {
    change(renewed(world_.record.record, world_.record.record.active,
                   "renewal" + std::to_string(++nonces_)));
  }
  /// Everything goes on, but its process was replaced: nothing is remembered.
  void another_orchestrator() { orchestrators_.emplace_back(world_); }
  [[nodiscard]] Phase phase() const { return world_.record.record.transition.phase; }
  [[nodiscard]] std::size_t changes() const { return world_.record.changes.size(); }
  [[nodiscard]] BootTime now() const { return world_.stage.boot(); }

  World world_;
  std::list<Orchestrator> orchestrators_;
  ScriptedAgent north_;
  ScriptedAgent south_;
  boost::json::object input_;
  unsigned nonces_ = 0;
};

}  // namespace understudy::fake
