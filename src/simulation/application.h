#pragma once
// A region's services: web instances that sell, cron that claims, and the supervisor that starts
// and stops them. A stand-in for boxoffice, with its write path: epoch row, commit, page once more.

#include <map>
#include <string>

#include "ports/compute.h"
#include "ports/traffic_gate.h"
#include "simulation/postgres.h"
#include "simulation/stage.h"

namespace understudy::simulation {

class Application {
 public:
  Application(Stage& stage, Machine& machine, SimulatedPage& page, Postgres& postgres, int region);

  /// With the machine, on what was wanted last: services return with their region.
  void start();

  /// One order, in a fiber of this region's. Acknowledged only if all of it held to the end.
  Result<Done> sell(std::uint64_t order);
  /// A write through the public writer endpoint, as VerifyRecovery asks for.
  Result<Done> write_and_read(std::uint64_t mark);

  /// As the load balancer asks: it may take this region's traffic.
  [[nodiscard]] bool ready() const;
  /// Whether a sale would succeed, by what is so and not by what is told.
  [[nodiscard]] bool can_serve() const;
  [[nodiscard]] bool services_alive() const { return process_.runs() && !broken_ && runs("web"); }
  [[nodiscard]] bool runs(const std::string& service) const;
  [[nodiscard]] std::map<std::string, unsigned> running() const;
  void want(const std::string& service, unsigned count);
  void set_broken(bool broken) { broken_ = broken; }
  /// What the load balancer was told: no new requests. Forgotten when it restarts.
  void set_gate(bool open) { gate_open_ = open; }
  [[nodiscard]] bool gate_open() const { return gate_open_; }

  [[nodiscard]] Process& process() { return process_; }

 private:
  Result<Committed> commit(Writes what, std::uint64_t id, std::uint64_t epoch);
  [[nodiscard]] bool may_write() const;
  void run_singleton(const std::string& service, std::uint64_t life);

  struct Instances {
    unsigned wanted = 0;
    TrueTime since{};  ///< the latest change: counts once that has passed
    unsigned before = 0;
  };

  Stage& stage_;
  Process process_;
  SimulatedPage& page_;
  Postgres& postgres_;
  const int region_;
  std::map<std::string, Instances> services_;
  std::uint64_t ticks_ = 0;
  bool broken_ = false;
  bool gate_open_ = true;
};

/// The Compute port of a region's agent.
class ComputeClient final : public Compute {
 public:
  ComputeClient(Stage& stage, Process& agent, Application& application)
      : stage_(stage), agent_(agent), application_(application) {}

  Result<std::map<std::string, unsigned>> running(BootTime deadline) override;
  Result<Done> want(const std::string& service, unsigned count, BootTime deadline) override;

 private:
  Stage& stage_;
  Process& agent_;
  Application& application_;
};

/// The TrafficGate port of a region's agent.
class GateClient final : public TrafficGate {
 public:
  GateClient(Stage& stage, Process& agent, Application& application)
      : stage_(stage), agent_(agent), application_(application) {}

  Result<Done> set_open(bool open, BootTime deadline) override;

 private:
  Stage& stage_;
  Process& agent_;
  Application& application_;
};

}  // namespace understudy::simulation
