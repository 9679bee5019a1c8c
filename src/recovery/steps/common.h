#pragma once
// What several steps need: reading their input, and changing the record by compare-and-swap.

#include <boost/json/object.hpp>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "recovery/record_changes.h"
#include "recovery/steps/step.h"

namespace understudy::steps {

/// What every step of a transition is told. From the execution's input.
struct TransitionInput {
  std::uint64_t number = 0;
  std::string execution;
  TransitionKind kind = TransitionKind::failover;
  std::string from;
  std::string target;
};

/// None, with a StepFailure, if the document handed in something else.
[[nodiscard]] std::variant<TransitionInput, StepFailure> read_input(
    const Orchestration& world, const boost::json::object& input);

/// Whether this transition must lose nothing: a planned move, unless it was begun otherwise, or an
/// operator has said otherwise since (R22).
[[nodiscard]] bool graceful(const Orchestration& world, const TransitionInput& transition,
                            const boost::json::object& input);

[[nodiscard]] std::int64_t number_at(const boost::json::object& object, std::string_view key,
                                     std::int64_t otherwise);
[[nodiscard]] std::string text_at(const boost::json::object& object, std::string_view key);
[[nodiscard]] bool flag_at(const boost::json::object& object, std::string_view key);
/// The object at `key`, or an empty one.
[[nodiscard]] const boost::json::object& object_at(const boost::json::object& object,
                                                   std::string_view key);

using RecordOrFailure = std::variant<Record, StepFailure>;

/// The record, noted by the lease observer.
[[nodiscard]] RecordOrFailure read_record(Orchestration& world);

/// The record while transition `number` is the current one; kTransitionLost otherwise.
[[nodiscard]] RecordOrFailure read_own_record(Orchestration& world,
                                              const TransitionInput& transition);

/// Brings the record to where `done` says yes, by `change` on the record just read (R9). Reads
/// again after a conflict or an unknown outcome, for at most five seconds. kTransitionLost if
/// another transition has taken over, or `change` is not allowed; kNotYet if it says
/// unchanged_retry.
[[nodiscard]] RecordOrFailure change_record(
    Orchestration& world, const TransitionInput& transition,
    const std::function<bool(const Record&)>& done,
    const std::function<Change(const Record&, const std::string& nonce)>& change);

/// R10, R11a: the other grantors of a revoked lease give up extending it. When none of their
/// promises can be alive any more, on this process's clock; nothing earlier if there is none.
/// kTargetUnavailable while one does not answer: nothing is proved then.
[[nodiscard]] std::variant<BootTime, StepFailure> revoke_other_grantors(Orchestration& world,
                                                                        const Record& record);

/// When a call that begins now must have ended.
[[nodiscard]] BootTime within_time(const Orchestration& world, Duration length);

/// An event of this transition.
void emit(Orchestration& world, std::string_view name, const TransitionInput& transition,
          boost::json::object fields);

}  // namespace understudy::steps
