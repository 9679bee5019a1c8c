#pragma once
// One region: a machine with an agent, a database, services and a load balancer.

#include <memory>
#include <optional>
#include <string>

#include "recovery/region_keeper.h"
#include "simulation/application.h"
#include "simulation/memory.h"
#include "simulation/ports.h"
#include "simulation/postgres.h"
#include "simulation/rebuild.h"
#include "simulation/registry_process.h"
#include "simulation/stage.h"

namespace understudy::simulation {

class Region;

/// The other region's agent, asked for an extension.
class GrantorClient final : public Grantor {
 public:
  GrantorClient(Stage& stage, Process& caller, Region*& other)
      : stage_(stage), caller_(caller), other_(other) {}
  Result<Done> extend(std::uint64_t term, BootTime deadline) override;

 private:
  Stage& stage_;
  Process& caller_;
  Region*& other_;
};

class Region {
 public:
  Region(Stage& stage, RegistryProcess& registry, int index);

  /// Set once: the one whose agent is the second grantor here.
  void set_other(Region& other) { other_ = &other; }
  /// Everything, for the first time.
  void start(bool active);
  void start_agent();
  /// All of it is gone at once; and there again, on what its disks hold.
  void power_off();
  void power_on();
  void wipe_agent_disk();
  void set_agent_disk(Disk trouble);
  /// As its service manager does: the agent is told, and is gone a moment later.
  void stop_agent();
  /// Its watchdog kills an agent that hangs.
  void watchdog_looks();

  /// The agent's answers, asked from another process.
  [[nodiscard]] Process& agent_process() { return agent_; }
  /// None while it is dead.
  [[nodiscard]] RegionKeeper* keeper() { return parts_ ? parts_->keeper.get() : nullptr; }

  [[nodiscard]] Machine& machine() { return machine_; }
  [[nodiscard]] Postgres& database() { return database_; }
  [[nodiscard]] const Postgres& database() const { return database_; }
  [[nodiscard]] Application& application() { return application_; }
  [[nodiscard]] SimulatedPage& page() { return page_; }
  [[nodiscard]] RebuildDisk& rebuild_disk() { return rebuild_disk_; }
  [[nodiscard]] const std::string& name() const { return machine_.name(); }

  /// Its load balancer works.
  bool path = true;
  [[nodiscard]] bool takes_traffic() const {
    return path && application_.gate_open() && application_.ready();
  }
  /// Whether a request that comes in now could be served (I10).
  [[nodiscard]] bool can_serve() const {
    return machine_.on() && !machine_.frozen() && path && application_.can_serve();
  }
  /// Every service runs as often as its posture says.
  [[nodiscard]] bool has_share(bool active) const;

 private:
  /// What one life of the agent has in memory.
  struct Parts {
    Parts(Stage& stage, Region& region);
    ProcessClock clock;
    ProcessTasks tasks;
    SimulatedRandom random;
    RegistryClient registry;
    GrantorClient other;
    DatabaseClient database;
    RebuildClient rebuild;
    ComputeClient compute;
    GateClient gate;
    SimulatedEvents events;
    SimulatedAlerts alerts;
    std::unique_ptr<RegionKeeper> keeper;
  };

  Stage& stage_;
  RegistryProcess& registry_;
  Region* other_ = nullptr;
  Machine machine_;
  Process agent_;
  SimulatedPage page_;
  SimulatedStore store_;
  Postgres database_;
  RebuildDisk rebuild_disk_;
  const int index_;
  Application application_;
  std::unique_ptr<Parts> parts_;
};

/// The RegionAgent port of another process: a call to the agent.
class AgentClient final : public RegionAgent {
 public:
  AgentClient(Stage& stage, Process& caller, Region& region)
      : stage_(stage), caller_(caller), region_(region) {}

  Result<AgentStatus> status(BootTime deadline) override;
  Result<FenceAck> fence(std::uint64_t term, BootTime deadline) override;
  Result<RevokeAck> revoke(std::uint64_t term, BootTime deadline) override;
  Result<DatabaseState> promote(const PromoteOrder& order, BootTime deadline) override;
  Result<Done> await_active(std::uint64_t epoch, BootTime deadline) override;
  Result<Done> scale(const ScaleOrder& order, BootTime deadline) override;
  Result<Done> drain(std::uint64_t transition, BootTime deadline) override;
  Result<RebuildState> rebuild(const RebuildOrder& order, BootTime deadline) override;

 private:
  template <class R, class What>
  R ask(BootTime deadline, What what);
  Stage& stage_;
  Process& caller_;
  Region& region_;
};

}  // namespace understudy::simulation
