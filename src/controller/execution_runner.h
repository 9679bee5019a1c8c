#pragma once
// Runs executions: tells the engine what happened, journals what it says, and only then does it.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "controller/journal.h"
#include "recovery/steps/step.h"
#include "states/execution.h"
#include "states/machine.h"

namespace understudy {

/// What an operator orders of an execution that runs.
enum class Control : std::uint8_t {
  pause,       ///< no state is left or entered any more, until
  resume,      ///< it goes on
  retry,       ///< what waits for a time does not wait any longer
  cancel,      ///< before the point of no return: the document aborts
  skip,        ///< the step that runs or is tried again, with a comment
  graceful,    ///< a planned move loses nothing, or aborts;
  ungraceful,  ///< it goes on with the fence and the lag budget alone
};

struct ControlOrder {
  Control what{};
  std::string who;
  std::string comment{};  ///< needed to skip
  std::string state{};    ///< what is skipped; "" for the one that was entered last
};

/// The states of the documents that ask a person: before the lock is taken, and over a loss.
inline constexpr std::string_view kAskToStart = "AskToStart";
inline constexpr std::string_view kAskOperator = "AskOperator";

/// Each execution is one task beside the caller, and each step it runs another. Thread-safe.
class ExecutionRunner final : public ExecutionOrders {
 public:
  /// Both outlive it, and so does what `world` refers to. From now on the steps of this world obey
  /// what is ordered here.
  ExecutionRunner(Orchestration& world, Journal& journal) : world_(world), journal_(journal) {
    world.execution_orders = this;
  }

  /// Starts `name` with a workflow's text. Error, unchanged_final: the document is invalid (every
  /// problem with its path), or there has been an execution of that name.
  [[nodiscard]] Result<Done> start(const std::string& name, const std::string& document,
                                   boost::json::object input);

  /// From now on `tell` is called, by the execution's task, whenever one has ended and that is
  /// written down. Call once, before anything else.
  void when_ended(std::function<void()> tell) { tell_ended_ = std::move(tell); }

  /// Goes on with every execution that the journal shows as running: replays it, and runs again
  /// what was under way, since its outcome is not known. Call once, before start().
  [[nodiscard]] Result<Done> resume_all();

  /// No more steps are begun; running ones end by themselves.
  void stop();

  [[nodiscard]] bool running(const std::string& name) const;
  [[nodiscard]] bool any_running() const;
  /// One that has the lock of a transition, or goes for it. An execution that changes no record, or
  /// that waits for a person to let a planned move begin, is none.
  [[nodiscard]] bool transition_running() const;

  /// Obeyed between states, durable before it is answered, and an event with who ordered it. Error,
  /// unchanged_final: no such execution runs, or it cannot be done where it is now: why.
  [[nodiscard]] Result<Done> order(const std::string& execution, const ControlOrder& order);

  [[nodiscard]] bool ungraceful(const std::string& execution) const override;

  /// An execution that runs.
  struct Running {
    std::string name;
    std::string state;  ///< the one entered last
    bool paused = false;
    bool cancelled = false;
    bool ungraceful = false;
  };
  [[nodiscard]] std::vector<Running> running_now() const;

  /// An execution that waits for a person: whether to begin, or whether a loss is accepted.
  struct Question {
    std::string execution;
    std::string state;
  };
  [[nodiscard]] std::vector<Question> questions() const;

  /// Answers this question; durable before this returns. Error, unchanged_final: it is not asked
  /// (any more). An execution may ask another by now, which is not answered by what was said to
  /// this one.
  [[nodiscard]] Result<Done> answer(const Question& question, bool approved,
                                    const std::string& who);

  /// Takes this question back, as if declined, but by nobody. Does nothing if it is not asked.
  void withdraw(const Question& question, const std::string& why);

 private:
  struct Run;

  void spawn(std::shared_ptr<Run> run);
  void drive(Run& run);
  void advance(Run& run, states::Stimulus stimulus);
  void note_end(const std::string& name, const states::command::Finished& end);
  void carry_out(Run& run, const std::vector<states::Command>& commands);
  void run_step(const std::shared_ptr<Run>& run, const states::command::RunTask& task);
  /// False: stopped before it was written, so nothing may be done.
  [[nodiscard]] bool write_down(Run& run, std::vector<states::HistoryEvent> events);
  [[nodiscard]] std::shared_ptr<Run> find(const std::string& name) const;
  // What operators order: execution_controls.cpp.
  [[nodiscard]] static std::optional<Error> objection_to(const Run& run, const ControlOrder& order);
  [[nodiscard]] Result<Done> keep_order(Run& run, const ControlOrder& order);
  static void apply(Run& run, const ControlOrder& order);
  [[nodiscard]] Result<Done> recall_orders(Run& run);
  [[nodiscard]] static std::optional<StepOutput> begin_step(Run& run, const Step& step,
                                                            const states::command::RunTask& task);

  [[nodiscard]] Result<Done> recall_answer(Run& run);
  /// The token of a question that is open; it is no more from now on.
  [[nodiscard]] static std::optional<std::string> take_question(Run& run, const std::string& state);

  Orchestration& world_;
  Journal& journal_;
  mutable std::mutex lock_;
  std::map<std::string, std::shared_ptr<Run>> runs_;
  bool stopping_ = false;
  std::function<void()> tell_ended_;
};

/// What its engine was told of itself: a replay needs the same.
[[nodiscard]] states::ExecutionInfo info_of(const ExecutionEntry& entry);

/// The steps that a document's Tasks name, in document order.
[[nodiscard]] std::vector<std::string> steps_named_in(const states::Machine& machine,
                                                      const std::string& document);

}  // namespace understudy
