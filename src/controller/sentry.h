#pragma once
// Watches the active region and starts a failover when the table says so, and people allow it. It
// only gathers evidence and starts the execution: the decisions that count are made inside it.

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "controller/execution_runner.h"
#include "controller/operator_controls.h"
#include "recovery/health.h"
#include "recovery/steps/step.h"

namespace understudy {

/// Blocking code over ports; a few tasks a vantage, one for the record, one for
/// the other grantor's promise, one that decides. Thread-safe.
class Sentry {
 public:
  /// All outlive it. `failover_document`: the workflow's text.
  Sentry(Orchestration& world, ExecutionRunner& runner, OperatorControls& controls,
         std::string failover_document);

  void start();
  /// Its tasks end soon. Requires: start() has returned.
  void stop();

  struct View {
    std::optional<Record> record;  ///< as last seen
    std::string registry_problem;  ///< "" while it answers
    Facts facts;
    int row = 0;  ///< 0: nothing decided yet
    std::vector<std::string> vantages;
  };
  [[nodiscard]] View view() const;

 private:
  void watch_record();
  /// Of the tasks that look from one vantage.
  struct Turn {
    std::unique_ptr<Signal> moved;  ///< `next` is another than before
    BootTime next{};                ///< when it looks next
  };
  /// A vantage, and whether all was well when it was last heard.
  struct Lookout {
    Vantage& vantage;
    bool well = false;
    bool watches = false;  ///< by itself, for one of the turns
    std::vector<Turn> turns;
  };
  void look_from(Lookout& lookout, Turn& turn);
  [[nodiscard]] BootTime next_of(const Turn& turn) const;
  void look_once(Lookout& lookout, const std::string& region);
  void watch_once(Lookout& lookout, Turn& turn, const std::string& region);
  void decide_for_ever();
  Decision decide_once();
  void watch_promise();
  [[nodiscard]] std::optional<BootTime> granted_by_registry_until(const Record& record) const;
  [[nodiscard]] bool lease_alive(const Record& record, BootTime now) const;
  void start_failover(const Record& record, const Row& row);
  void decline_lost_questions(const Record& record);
  void begin_failover(const Record& record, const Row& row, const Permission& permitted);
  void adopt(const Record& record);
  void reconsider_question(const Record& record, bool well);
  void alert_of_registry(const std::string& problem);
  void alert_of_obstacle(const Record& record, const Row& row, const std::string& obstacle);
  void alert_of_refusal(const Record& record, const Row& row, const Permission& refused);

  Orchestration& world_;
  ExecutionRunner& runner_;
  OperatorControls& controls_;
  const std::string failover_document_;
  const std::unique_ptr<Signal> decide_now_;
  std::uint64_t number_tried_ = 0;  // by the task that decides
  unsigned adoptions_ = 0;          // by the task that decides
  BootTime started_{};
  std::atomic<bool> stopped_{false};

  mutable std::mutex lock_;  // guards all below
  HealthView health_;
  std::vector<Lookout> lookouts_;         ///< never more or fewer
  std::shared_ptr<const Record> record_;  // decided on far more often than it changes
  BootTime transition_since_{};           ///< when record_.transition was first seen so
  std::string registry_problem_ = "not asked yet";
  BootTime registry_well_since_{};
  BootTime registry_ill_since_{};
  std::optional<BootTime> promise_over_at_;  ///< of the other grantor; none: not known
  Facts facts_;
  int row_ = 0;
  BootTime row_since_{};
  bool seen_ready_ = false;  ///< since our own start
  BootTime not_before_{};    // of the next automatic start
};

}  // namespace understudy
