#pragma once
// The agent's work: keeps one region in the state that the record asks for. Blocking code over
// ports.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "ports/agent_store.h"
#include "ports/alerts.h"
#include "ports/clock.h"
#include "ports/compute.h"
#include "ports/database.h"
#include "ports/database_rebuild.h"
#include "ports/events.h"
#include "ports/grantor.h"
#include "ports/page.h"
#include "ports/random.h"
#include "ports/region_agent.h"
#include "ports/registry.h"
#include "ports/tasks.h"
#include "ports/traffic_gate.h"
#include "recovery/guards.h"
#include "recovery/lease_extender.h"
#include "recovery/lease_holder.h"
#include "recovery/rpo_guard.h"
#include "topology/topology.h"

namespace understudy {

/// What an agent reaches the world through. All outlive the keeper.
struct RegionPorts {
  Clock& clock;
  Random& random;
  Tasks& tasks;
  Registry& registry;
  Grantor& other;  ///< the other region's agent
  Database& database;
  DatabaseRebuild& rebuild;
  Compute& compute;
  TrafficGate& gate;
  Page& page;
  AgentStore& store;
  Events& events;
  Alerts& alerts;
  Guards guards{};
};

/// Five tasks side by side: the lease (renew it at the registry, watch the record), its extension
/// (by the other region's agent, so that the registry may be away), the database (epoch row,
/// heartbeat, who is admitted), what it commits beyond its standby (so that it can be told if it is
/// lost), and the services (as many as the posture says) with the gate before them. Orders come
/// from any thread.
class RegionKeeper final : public RegionAgent, public Grantor {
 public:
  /// Reads the durable state; a region without one learns it from the record first (R6), and until
  /// then grants, promotes and opens nothing. Error, unchanged_final: the state on disk is another
  /// region's or cannot be believed.
  [[nodiscard]] static Result<std::unique_ptr<RegionKeeper>> create(const Topology& topology,
                                                                    std::string region,
                                                                    RegionPorts ports);

  /// Starts the tasks; they end soon after stop(). `pulse` is called at least once in every renewal
  /// interval by each task that is not hung, with the task's name: a watchdog listens.
  void start(std::function<void(std::string_view task)> pulse);
  void stop();

  Result<AgentStatus> status(BootTime deadline) override;
  Result<FenceAck> fence(std::uint64_t term, BootTime deadline) override;
  Result<RevokeAck> revoke(std::uint64_t term, BootTime deadline) override;
  Result<Done> extend(std::uint64_t term, BootTime deadline) override;
  Result<DatabaseState> promote(const PromoteOrder& order, BootTime deadline) override;
  Result<Done> await_active(std::uint64_t epoch, BootTime deadline) override;
  Result<Done> scale(const ScaleOrder& order, BootTime deadline) override;
  Result<Done> drain(std::uint64_t transition, BootTime deadline) override;
  Result<RebuildState> rebuild(const RebuildOrder& order, BootTime deadline) override;

 private:
  RegionKeeper(const Topology& topology, std::string region, RegionPorts ports,
               std::optional<AgentState> state);

  void keep_lease();
  void keep_extended();
  void keep_database();
  [[nodiscard]] BootTime next_look() const;
  void keep_changes();
  void keep_services();

  // The lease task.
  void learn_from_record();
  [[nodiscard]] bool renewal_is_due(BootTime now) const;
  [[nodiscard]] bool commits_are_safe() const;
  [[nodiscard]] bool commits_held_by(BootTime deadline);
  void renew();
  void watch();
  bool take(const Record& record);
  void ask_other_grantor();
  void attach(std::uint64_t request);
  bool standby_has_all(BootTime deadline);
  bool persist();

  // As second grantor.
  void emit_lease_begun(std::uint64_t term, BootTime now, std::optional<BootTime> before) const;
  [[nodiscard]] std::optional<Error> not_to_promote_yet(const Record& record,
                                                        const PromoteOrder& order);

  // The database task.
  void look_after(const DatabaseState& state);
  void note_write(std::string_view what, const Result<Done>& done);
  void note_whether_to_write();
  void admit(bool admitted);
  void guard_rpo(const DatabaseState& state);

  // The services task.
  [[nodiscard]] unsigned wanted(const Service& service) const;
  [[nodiscard]] bool draining() const;
  void keep_gate();

  // On the way back as a standby.
  [[nodiscard]] Result<Record> read_anew(BootTime deadline);
  [[nodiscard]] std::optional<Error> not_to_be_rebuilt(const Record& record,
                                                       std::uint64_t epoch) const;
  [[nodiscard]] std::optional<Error> stay_detached(std::uint64_t epoch, BootTime deadline);
  void run_rebuild(const RebuildOrder& order);
  Result<Done> make_standby(const RebuildOrder& order);
  void note_rebuild(RebuildPhase phase, std::string problem = "");

  [[nodiscard]] bool writable() const;
  [[nodiscard]] std::string nonce();
  [[nodiscard]] bool stopped() const { return stopped_.load(); }
  void note(std::string text);

  const Topology& topology_;
  const std::string region_;
  const RegionPorts ports_;
  const std::uint64_t incarnation_;
  std::function<void(std::string_view)> pulse_;
  std::unique_ptr<Signal> lease_signal_;
  std::unique_ptr<Signal> extension_signal_;
  std::unique_ptr<Signal> database_signal_;
  std::unique_ptr<Signal> changes_signal_;
  std::unique_ptr<Signal> services_signal_;
  std::atomic<bool> stopped_{false};

  mutable std::mutex lock_;  // guards all below; never held across a call of a port but Page's
  std::optional<LeaseHolder> holder_;
  LeaseExtender extender_;
  std::optional<AgentState> persisted_;
  std::optional<Record> record_;  // as last seen
  bool read_first_ = true;        // its version may have moved on: read it before a change is asked
  BootTime renew_at_{};
  BootTime other_promised_at_{};           // or our start
  std::optional<DatabaseState> database_;  // as last seen
  bool database_answers_ = false;
  std::uint64_t published_epoch_ = 0;
  BootTime beat_at_{};
  BootTime wrote_at_{};  // or when it was not to write
  std::optional<bool> admitted_;
  RpoGuard rpo_guard_;
  std::optional<bool> commits_held_;         // as last ordered
  std::optional<std::uint64_t> attaching_;   // the version that would show it, until that is known
  std::map<std::string, unsigned> ordered_;  // by ScaleOrder, in ordered_epoch_
  std::uint64_t ordered_epoch_ = 0;
  std::map<std::string, unsigned> running_;
  std::optional<std::uint64_t> drained_for_;  // the transition
  std::optional<bool> gate_open_;             // as last ordered
  RebuildState rebuild_;
  bool rebuilding_ = false;
  std::string note_;
  std::string database_note_;
  std::string write_note_;
  bool was_writable_ = false;
};

}  // namespace understudy
