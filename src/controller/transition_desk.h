#pragma once
// Where operators begin transitions: a switchover, a failback that a person confirms, a failover
// against the decision table.

#include <string>

#include "controller/execution_runner.h"
#include "recovery/steps/step.h"

namespace understudy {

/// Who wants a transition, and why.
struct TransitionWish {
  std::string who;
  std::string reason;
  bool ungraceful = false;  ///< a planned move may go on without what makes it lose nothing
};

/// Starts executions, and changes nothing itself: the lock, the checks and the fence are the
/// workflow's. Thread-safe.
class TransitionDesk {
 public:
  /// All outlive it.
  TransitionDesk(Orchestration& world, ExecutionRunner& runner, std::string failover_document,
                 std::string switchover_document);

  // Each gives the execution's name. Errors: unchanged_final for what the record does not allow;
  // unchanged_retry if the registry does not answer, or a transition is under way.

  /// To the attached standby.
  [[nodiscard]] Result<std::string> switchover(const TransitionWish& wish);
  /// To the home region; the execution asks before it changes anything (I6).
  [[nodiscard]] Result<std::string> plan_failback(const TransitionWish& wish);
  /// Whatever the table says, and whatever is lost (R20). Never without the lock and the fence.
  [[nodiscard]] Result<std::string> force_failover(const TransitionWish& wish);

 private:
  [[nodiscard]] Result<Record> quiet_record();
  void await_question(const std::string& execution);
  [[nodiscard]] Result<std::string> start(TransitionKind kind, const std::string& document,
                                          const Record& record, boost::json::object input);

  Orchestration& world_;
  ExecutionRunner& runner_;
  const std::string failover_document_;
  const std::string switchover_document_;
};

}  // namespace understudy
