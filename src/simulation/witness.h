#pragma once
// The witness site: the controller with its journal and its vantages, and the edge's vantage. What
// runs in them is the product's own code.

#include <memory>
#include <optional>
#include <vector>

#include "controller/execution_runner.h"
#include "controller/journal.h"
#include "controller/operator_controls.h"
#include "controller/rejoin_watch.h"
#include "controller/sentry.h"
#include "controller/standby_watch.h"
#include "controller/transition_desk.h"
#include "ports/ingress.h"
#include "simulation/region.h"
#include "states/history.h"

namespace understudy::simulation {

/// The journal's disk: survives the controller.
class SimulatedJournal final : public Journal {
 public:
  SimulatedJournal(Stage& stage) : stage_(stage) {}
  Result<Done> begin(const ExecutionEntry& entry) override;
  Result<Done> append(const std::string& execution,
                      std::vector<states::HistoryEvent>&& events) override;
  Result<Done> finish(const std::string& execution, const std::string& status) override;
  Result<std::vector<ExecutionEntry>> executions() override { return entries_; }
  Result<std::vector<states::HistoryEvent>> events(const std::string& execution) override;
  /// Takes no time and is never half done: a crash beside it is one beside the start it goes
  /// before.
  Result<Done> keep(const std::string& name, const std::string& text) override {
    kept_[name] = text;
    return Done{};
  }
  Result<std::string> kept(const std::string& name) override { return kept_[name]; }
  void lose() {
    entries_.clear();
    events_.clear();
    kept_.clear();
  }

 private:
  Result<Done> flushed(const std::function<void()>& write);
  Stage& stage_;
  std::vector<ExecutionEntry> entries_;
  std::map<std::string, std::vector<states::HistoryEvent>> events_;
  std::map<std::string, std::string> kept_;
};

/// Looks at a region from one process. The caller's own place is what it sees from.
class LookFrom {
 public:
  LookFrom(Stage& stage, std::string name, std::array<Region*, 2> regions)
      : stage_(stage), name_(std::move(name)), regions_(regions) {}
  /// In a fiber of `process`.
  [[nodiscard]] Sighting look(Process& process, const std::string& region, BootTime deadline);
  [[nodiscard]] Result<Watched> watch(Process& process, const std::string& region,
                                      const Pace& pace);
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  Stage& stage_;
  [[nodiscard]] Sighting see(Process& process, const std::string& region, BootTime deadline);

  const std::string name_;
  std::array<Region*, 2> regions_;
};

/// The public way in: an accelerator that is led by readiness alone, checked every 100 ms.
class Edge {
 public:
  Edge(Stage& stage, std::array<Region*, 2> regions);
  void start();
  /// Where a request goes now; none if no region is ready.
  [[nodiscard]] Region* target();
  /// Of a request that waits here, until then, for a region to take it. In a fiber.
  [[nodiscard]] Region* await_target(TrueTime deadline);
  [[nodiscard]] Process& process() { return process_; }
  [[nodiscard]] Machine& machine() { return machine_; }

 private:
  void check(std::size_t region);
  Stage& stage_;
  Machine machine_;
  Process process_;
  std::array<Region*, 2> regions_;
  std::array<bool, 2> ready_{};
  std::array<TrueTime, 2> heard_{};
  std::vector<Waiter> waiting_;
};

class Witness {
 public:
  Witness(Stage& stage, Machine& machine, RegistryProcess& registry, std::array<Region*, 2> regions,
          Edge& edge);
  ~Witness();

  void start();
  /// The controller is told to stop.
  void stop();
  void lose_journal();
  /// Does what a person orders. In a fiber of its process.
  Result<Done> obey(const Fault& order, bool ends);
  /// Answers whatever is asked.
  void operate(bool approve);

  [[nodiscard]] Process& process() { return process_; }
  [[nodiscard]] bool idle() const;
  /// A question waits for a person, visibly.
  [[nodiscard]] bool asks() const;

 private:
  void recall_earlier_failover();

  struct Parts;
  Stage& stage_;
  RegistryProcess& registry_;
  std::array<Region*, 2> regions_;
  Edge& edge_;
  Process process_;
  SimulatedJournal journal_;
  LookFrom from_witness_;
  LookFrom from_edge_;
  LookFrom from_other_;
  bool began_ = false;
  std::unique_ptr<Parts> parts_;
};

}  // namespace understudy::simulation
