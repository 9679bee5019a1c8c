#pragma once
// Watches for a region that was left and is back, and has it rebuilt as the standby (R21).

#include <atomic>
#include <mutex>
#include <string>

#include "controller/execution_runner.h"
#include "recovery/steps/step.h"

namespace understudy {

/// One task. It starts an execution of the rejoin workflow where nobody is attached, and the other
/// region answers with a database that is no standby of the active one's. Thread-safe.
class RejoinWatch {
 public:
  /// All outlive it. `rejoin_document`: the workflow's text.
  RejoinWatch(Orchestration& world, ExecutionRunner& runner, std::string rejoin_document);

  void start();
  void stop() { stopped_ = true; }

  struct Wish {
    std::string who;     ///< by whose word
    std::string reason;  ///< for people; "": not said
    bool copy = false;   ///< not by a rewind
  };
  /// Begins now. The execution's name. Error: why the record does not allow it, or that one runs.
  [[nodiscard]] Result<std::string> begin(const Wish& wish);

 private:
  void look();
  /// For how long it must have been so before it counts; none: it needs nothing.
  [[nodiscard]] std::optional<Duration> needs_it(const std::string& region) const;
  [[nodiscard]] bool runs() const;
  void tell_of_failure(const std::string& region);
  [[nodiscard]] Result<std::string> start(const Record& record, const Wish& wish);

  Orchestration& world_;
  ExecutionRunner& runner_;
  const std::string document_;
  std::atomic<bool> stopped_{false};
  std::atomic<std::uint64_t> names_used_{0};  ///< the highest number of one

  // By the task alone.
  std::optional<BootTime> needed_since_;
  bool tried_ = false;  ///< since it is needed
  Duration pause_{};
  BootTime not_before_{};
};

}  // namespace understudy
