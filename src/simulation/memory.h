#pragma once
// What an agent keeps on its machine: the page, which lives as long as the boot, and its state on
// the disk, of which a crash may lose what was not flushed yet.

#include <optional>

#include "ports/agent_store.h"
#include "ports/page.h"
#include "simulation/stage.h"

namespace understudy::simulation {

/// Read by the agent, the database's extension and the services; written by the agent.
class SimulatedPage final : public Page {
 public:
  SimulatedPage(Stage& stage, Machine& machine, Process& agent, int region)
      : stage_(stage), machine_(machine), agent_(agent), region_(region) {}

  void open(const Promise& promise) override;
  void close() override;
  [[nodiscard]] std::optional<Promise> read() const override;

  /// What a reader on the machine would decide now, by both of its clocks. None: no writes.
  [[nodiscard]] std::optional<Promise> in_force() const;

 private:
  void note_end() const;
  [[nodiscard]] bool of_this_boot() const;

  Stage& stage_;
  Machine& machine_;
  Process& agent_;
  const int region_;
  std::optional<Promise> promise_;
  std::uint64_t boot_ = 0;
};

class SimulatedStore final : public AgentStore {
 public:
  SimulatedStore(Stage& stage, Process& agent) : stage_(stage), agent_(agent) {}

  Result<std::optional<AgentState>> load() override { return stored_; }
  Result<Done> raise(const AgentState& state) override;
  void wipe() { stored_.reset(); }

 private:
  Stage& stage_;
  Process& agent_;
  std::optional<AgentState> stored_;
};

}  // namespace understudy::simulation
