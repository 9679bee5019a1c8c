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

/// Each execution is one task beside the caller, and each step it runs another. Thread-safe.
class ExecutionRunner {
 public:
  /// Both outlive it, and so does what `world` refers to.
  ExecutionRunner(Orchestration& world, Journal& journal) : world_(world), journal_(journal) {}

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

  /// An execution that waits for a person.
  struct Question {
    std::string execution;
    std::string state;
  };
  [[nodiscard]] std::vector<Question> questions() const;

  /// Answers the question of an execution. Error, unchanged_final: it asks nothing.
  [[nodiscard]] Result<Done> answer(const std::string& execution, bool approved,
                                    const std::string& who);

  /// Takes the question of an execution back, as if declined, but by nobody. Does nothing if it
  /// asks nothing.
  void withdraw(const std::string& execution, const std::string& why);

 private:
  struct Run;

  void spawn(std::shared_ptr<Run> run);
  void drive(Run& run);
  void advance(Run& run, const states::Stimulus& stimulus);
  void carry_out(Run& run, const std::vector<states::Command>& commands);
  void run_step(const std::shared_ptr<Run>& run, const states::command::RunTask& task);
  /// False: stopped before it was written, so nothing may be done.
  [[nodiscard]] bool write_down(Run& run, const std::vector<states::HistoryEvent>& events);
  [[nodiscard]] std::shared_ptr<Run> find(const std::string& name) const;
  /// The token of a question that is open, which is no more from now on.
  [[nodiscard]] static std::optional<std::string> take_question(Run& run);

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
