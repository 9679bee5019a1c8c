#pragma once
// What an agent keeps on its machine: the page, which lives as long as the boot, and its state on
// the disk, of which a crash may lose what was not flushed yet.

#include <optional>
#include <string>
#include <utility>

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
  SimulatedStore(Stage& stage, Process& agent, std::string other_region)
      : stage_(stage), agent_(agent), other_region_(std::move(other_region)) {}

  Result<std::optional<AgentState>> load() override;
  Result<Done> raise(const AgentState& state) override;
  void wipe() { stored_.reset(); }
  /// Whether what is written fails from now on, and what is read.
  void set_trouble(Disk trouble) { trouble_ = trouble; }

 private:
  Stage& stage_;
  Process& agent_;
  const std::string other_region_;
  std::optional<AgentState> stored_;
  Disk trouble_ = Disk::well;
};

}  // namespace understudy::simulation
