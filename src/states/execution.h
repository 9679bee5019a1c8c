#pragma once
// One run of a Machine: a fold that is told what happened and says what to do.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "states/data.h"
#include "states/history.h"
#include "states/machine.h"

namespace understudy::states {

/// One attempt of a Task; a retry is another one. It is the id of the attempt's …Scheduled event.
enum class TaskId : std::uint64_t {};
enum class TimerId : std::uint64_t {};

/// What the context object `$$` shows, and what chance comes from.
struct ExecutionInfo {
  std::string arn;  ///< "arn:aws:states:REGION:…:execution:MACHINE:NAME"; any other text will do.
  std::string name;
  std::string role_arn;
  std::string machine_arn;
  std::string machine_name;
  std::string region;      ///< Shown in TaskScheduled.
  std::uint64_t seed = 0;  ///< For jitter, States.UUID, States.MathRandom and task tokens. Keep it
                           ///< secret where tokens leave the process: they follow from it.
  /// Instead of those that follow from the seed, in the order in which they are given out: for a
  /// history whose tokens and seed are not told. Whatever is beyond the list follows from the seed.
  std::vector<std::string> tokens{};
};

/// What the engine is told. A TaskId, TimerId or token whose time is over has no effect at all.
namespace stimulus {

/// The first one of every execution.
struct Started {
  json::value input;
};
/// The call of a `.sync` task was accepted; its end comes later.
struct TaskSubmitted {
  TaskId task{};
  json::value output;
};
/// For a `.waitForTaskToken` task this says that the call was made: its end comes by token.
struct TaskSucceeded {
  TaskId task{};
  json::value output;
};
struct TaskFailed {
  TaskId task{};
  std::optional<std::string> error;
  std::optional<std::string> cause;
};
struct TaskHeartbeat {
  TaskId task{};
};
struct TokenSucceeded {
  std::string token;
  json::value output;
};
struct TokenFailed {
  std::string token;
  std::optional<std::string> error;
  std::optional<std::string> cause;
};
struct TokenHeartbeat {
  std::string token;
};
/// A timer that fires before its time is set again, and nothing else happens.
struct TimerFired {
  TimerId timer{};
};
/// Ends the execution as ABORTED.
struct Stop {
  std::optional<std::string> error;
  std::optional<std::string> cause;
};

}  // namespace stimulus

using Stimulus = std::variant<stimulus::Started, stimulus::TaskSubmitted, stimulus::TaskSucceeded,
                              stimulus::TaskFailed, stimulus::TaskHeartbeat,
                              stimulus::TokenSucceeded, stimulus::TokenFailed,
                              stimulus::TokenHeartbeat, stimulus::TimerFired, stimulus::Stop>;

enum class Status : std::uint8_t { running, succeeded, failed, timed_out, aborted };

/// As Step Functions writes it: "RUNNING", "TIMED_OUT" …
[[nodiscard]] std::string_view to_string(Status status);

/// What the caller is to do, in order.
namespace command {

/// After a crash a task may be run again: what it does must be idempotent.
struct RunTask {
  TaskId task{};
  std::string state;
  std::string resource;  ///< As in the document.
  Data parameters;
  /// Of a task that waits for its token, and of a `.sync` task, which may be ended by either; else
  /// empty.
  std::string token;
  std::string role_arn;      ///< From Credentials; else empty.
  std::int64_t attempt = 1;  ///< Counts retries: 1, 2 …
  /// Of a `.sync` task resumed after a crash: it was submitted with this answer; only watch it.
  std::optional<Data> submitted;
};
/// The same timer may be set again, to another time. `at` is in whole milliseconds.
struct SetTimer {
  TimerId timer{};
  WallTime at;
};
/// Its answer is no longer waited for.
struct CancelTask {
  TaskId task{};
};
struct CancelTimer {
  TimerId timer{};
};
/// The last command of an execution.
struct Finished {
  Status status = Status::succeeded;
  Data output;  ///< Meant only if it succeeded.
  std::optional<std::string> error;
  std::optional<std::string> cause;
};

}  // namespace command

using Command = std::variant<command::RunTask, command::SetTimer, command::CancelTask,
                             command::CancelTimer, command::Finished>;

struct Advanced {
  bool accepted = false;  ///< False if the stimulus was stale; then nothing changed.
  std::vector<HistoryEvent> events;
  std::vector<Command> commands;
};

class Fold;

/// Sans-I/O: it reads no clock, draws no outside chance and calls nobody, so the same stimuli at
/// the same times give the same events and commands on every machine.
///
/// Rule for callers: the events of an advance() are journalled, all or none, before its commands
/// are carried out. Then replay() resumes exactly here. Not thread-safe; moved, never copied.
class Execution {
 public:
  Execution(std::shared_ptr<const Machine> machine, ExecutionInfo info);
  ~Execution();
  Execution(Execution&& other) noexcept;
  Execution& operator=(Execution&& other) noexcept;

  /// `now` is taken to the next whole millisecond, so that no wait is short, and never runs
  /// backwards within an execution.
  [[nodiscard]] Advanced advance(Stimulus stimulus, WallTime now);

  /// The tasks and timers still waited for, to be issued again after replay().
  [[nodiscard]] std::vector<Command> outstanding() const;

  /// The tokens that this execution would accept now, for whoever routes callbacks to executions.
  [[nodiscard]] std::vector<std::string> open_tokens() const;

  /// Every token that was ever given out, in order; nearly all are of no use any more.
  [[nodiscard]] const std::vector<std::string>& given_tokens() const;

  [[nodiscard]] Status status() const;
  /// None while it runs.
  [[nodiscard]] const std::optional<command::Finished>& finished() const;
  [[nodiscard]] const ExecutionInfo& info() const;

  struct Replayed;

  /// Rebuilds an execution from its journal. `now` restarts the heartbeats, which are not recorded.
  /// Fails, naming the event, if the machine would have gone another way than recorded (the
  /// document was changed, or the seed).
  [[nodiscard]] static Result<Replayed> replay(std::shared_ptr<const Machine> machine,
                                               ExecutionInfo info,
                                               std::span<const HistoryEvent> events, WallTime now);

 private:
  std::unique_ptr<Fold> fold_;
};

struct Execution::Replayed {
  Execution execution;
  /// Events that belong to the last step recorded but were missing: the journal was torn within it.
  /// To be journalled before outstanding() is carried out.
  std::vector<HistoryEvent> completed;
};

}  // namespace understudy::states
