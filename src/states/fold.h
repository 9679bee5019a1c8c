#pragma once
// The fold behind Execution: one object, written down in several files by what they know.
// Internal to this library.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "states/branch.h"
#include "states/execution.h"
#include "states/failure.h"
#include "states/random.h"

namespace understudy::states {

class Evaluation;

class Fold {
 public:
  Fold(std::shared_ptr<const Machine> machine, ExecutionInfo info);
  Fold(const Fold&) = delete;
  Fold& operator=(const Fold&) = delete;
  ~Fold();

  [[nodiscard]] Advanced advance(Stimulus stimulus, WallTime now);
  [[nodiscard]] std::vector<Command> outstanding() const;
  [[nodiscard]] std::vector<std::string> open_tokens() const;
  [[nodiscard]] const std::vector<std::string>& given_tokens() const { return given_tokens_; }
  [[nodiscard]] const std::optional<command::Finished>& finished() const { return finished_; }
  [[nodiscard]] const ExecutionInfo& info() const { return info_; }

  /// The stimulus that must have led to this recorded event, if it can begin a step at all.
  [[nodiscard]] std::optional<Stimulus> stimulus_of(const HistoryEvent& event) const;
  void restart_heartbeats(WallTime now);

 private:
  friend class Evaluation;

  enum class TimerKind : std::uint8_t { wait, retry, timeout, heartbeat };
  struct Timer {
    TimerKind kind = TimerKind::wait;
    Branch* branch = nullptr;  ///< Null: the timeout of the execution itself.
    WallTime at;
  };
  struct Assigned {
    std::vector<std::pair<std::string, Data>> variables;
  };

  // fold.cpp: stimuli, events, commands
  bool take(stimulus::Started started);
  bool take(stimulus::TaskSubmitted submitted);
  bool take(stimulus::TaskSucceeded succeeded);
  bool take(const stimulus::TaskFailed& failed);
  bool take(const stimulus::TaskHeartbeat& heartbeat);
  bool take(stimulus::TokenSucceeded succeeded);
  bool take(const stimulus::TokenFailed& failed);
  bool take(const stimulus::TokenHeartbeat& heartbeat);
  bool take(const stimulus::TimerFired& fired);
  bool take(const stimulus::Stop& stop);
  void run_ready();
  std::uint64_t emit(EventType type, std::uint64_t previous, json::object details = {});
  std::uint64_t emit(EventType type, Branch& branch, json::object details = {});
  void finish(command::Finished finished);
  void set_timer(TimerKind kind, std::uint64_t event, Branch* branch, WallTime at);
  void cancel_timer(TimerKind kind, std::uint64_t event);
  static TimerId timer_id(TimerKind kind, std::uint64_t event);

  // fold_states.cpp: entering and leaving states
  void make_ready(Branch& branch, const State& state, Data input);
  void enter(Branch& branch);
  void begin(Branch& branch);
  void begin_pass(Branch& branch, const PassFields& pass);
  void begin_choice(Branch& branch, const ChoiceFields& choice);
  void begin_wait(Branch& branch, const WaitFields& wait);
  void begin_fail(Branch& branch, const FailFields& fail);
  WallTime wait_until(Branch& branch, const WaitFields& wait);
  void complete(Branch& branch, const Data& result);
  Assigned assign(Branch& branch, const std::optional<Template>& assign, const Data& input);
  Data apply(Branch& branch, const PathField& field, const Data& data);
  void leave(Branch& branch, const Data& output, const Assigned& assigned, const Target* next);
  void guarded(Branch& branch, const std::function<void()>& step);

  // fold_task.cpp: Task states
  void begin_task(Branch& branch, const TaskFields& task);
  std::optional<std::int64_t> seconds(Branch& branch, const NumberField& field,
                                      std::string_view name);
  json::object task_details(const Branch& branch, json::object details) const;
  Branch* task_branch(TaskId task) const;
  Branch* token_branch(const std::string& token) const;
  void end_attempt(Branch& branch);
  void submit(Branch& branch, json::value output);
  void succeed_task(Branch& branch, json::value output);
  void fail_task(Branch& branch, Failure failure);
  void time_out_task(Branch& branch);
  bool beat(Branch* branch);

  // fold_fan.cpp: Parallel and Map states
  void begin_parallel(Branch& branch, const ParallelFields& parallel);
  void begin_map(Branch& branch, const MapFields& map);
  std::size_t concurrency(Branch& branch, const MapFields& map, std::size_t total);
  std::optional<std::size_t> tolerated(Branch& branch, const MapFields& map, std::size_t total);
  void start_iterations(Branch& branch, std::uint64_t previous);
  void branch_succeeded(Branch& child, const Data& output);
  void branch_failed(Branch& child, const Failure& failure);
  void settle(Branch& branch, std::uint64_t child_last, std::uint64_t settled);
  void abort_children(Branch& branch, std::uint64_t previous);
  void abort_branch(Branch& branch, std::uint64_t previous);
  void abort_state(const Branch& branch, std::uint64_t previous);
  void bury(Branch& branch);

  // fold_failure.cpp: Retry, Catch, and giving up
  [[nodiscard]] static Failure failure_of(const Branch& branch, const EvaluationFailed& failed);
  void fail(Branch& branch, const Failure& failure);
  bool retry(Branch& branch, const Failure& failure);
  bool catch_failure(Branch& branch, const Failure& failure);
  void end_branch_failed(Branch& branch, const Failure& failure);

  std::shared_ptr<const Machine> machine_;
  ExecutionInfo info_;
  Random random_;

  Data input_;
  WallTime started_at_;
  std::unique_ptr<Branch> root_;
  std::optional<command::Finished> finished_;
  std::uint64_t events_ = 0;
  WallTime now_{};
  WallTime last_event_at_{};

  std::deque<Branch*> ready_;
  std::map<std::uint64_t, Branch*> tasks_;  ///< By …Scheduled event.
  std::map<std::string, Branch*, std::less<>> tokens_;
  std::vector<std::string> given_tokens_;
  std::map<TimerId, Timer> timers_;
  /// Branches that ended within this step; callers up the stack may still hold them.
  std::vector<std::unique_ptr<FanOut>> dead_;
  Advanced out_;
};

/// Evaluates expressions of one branch's state on some data; the context object is built once, when
/// first asked for.
class Evaluation {
 public:
  Evaluation(Fold& fold, const Branch& branch, const Data& input);
  /// For a Map's item that is about to begin.
  Evaluation(Fold& fold, const Branch& branch, const Data& input, std::size_t index,
             const Data& item);
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  [[nodiscard]] const Scope& scope() const { return scope_; }

 private:
  [[nodiscard]] json::object build() const;

  Fold& fold_;
  const Branch& branch_;
  std::optional<std::pair<std::size_t, Data>> item_;
  std::optional<Data> built_;
  std::function<const Data&()> context_;
  Scope scope_;
};

}  // namespace understudy::states
