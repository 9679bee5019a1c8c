#pragma once
// A region's agent, and a vantage, reached over the network.

#include "local/control_client.h"
#include "ports/grantor.h"
#include "ports/region_agent.h"
#include "ports/vantage.h"

namespace understudy {

/// Thread-safe.
class RemoteAgent final : public RegionAgent {
 public:
  RemoteAgent(ControlClient client, const Clock& clock)
      : client_(std::move(client)), clock_(clock) {}

  Result<AgentStatus> status(BootTime deadline) override;
  Result<FenceAck> fence(std::uint64_t term, BootTime deadline) override;
  Result<RevokeAck> revoke(std::uint64_t term, BootTime deadline) override;
  Result<DatabaseState> promote(const PromoteOrder& order, BootTime deadline) override;
  Result<Done> await_active(std::uint64_t epoch, BootTime deadline) override;
  Result<Done> scale(const ScaleOrder& order, BootTime deadline) override;
  Result<Done> drain(std::uint64_t transition, BootTime deadline) override;
  Result<RebuildState> rebuild(const RebuildOrder& order, BootTime deadline) override;

 private:
  /// How long the agent may take, told to it so that it answers in time.
  [[nodiscard]] std::int64_t wait_ms(BootTime deadline) const;

  ControlClient client_;
  const Clock& clock_;
};

/// Thread-safe.
class RemoteGrantor final : public Grantor {
 public:
  explicit RemoteGrantor(ControlClient client) : client_(std::move(client)) {}

  Result<Done> extend(std::uint64_t term, BootTime deadline) override;

 private:
  ControlClient client_;
};

/// Thread-safe.
class RemoteVantage final : public Vantage {
 public:
  RemoteVantage(std::string name, ControlClient client, const Clock& clock)
      : name_(std::move(name)), client_(std::move(client)), clock_(clock) {}

  std::string name() const override { return name_; }
  Result<Sighting> look(const std::string& region, BootTime deadline) override;
  Result<Watched> watch(const std::string& region, const Pace& pace) override;

 private:
  std::string name_;
  ControlClient client_;
  const Clock& clock_;
};

}  // namespace understudy
