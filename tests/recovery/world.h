#pragma once
// Two regions, their record, and all that the orchestration reaches, in memory.

#include <memory>

#include "fakes.h"
#include "recovery/lease_observer.h"
#include "recovery/region_keeper.h"
#include "recovery/steps/step.h"

namespace understudy::fake {

/// north and south; web (warm, two and one), worker (scaled on failover), cron (active only).
[[nodiscard]] Topology two_regions();

/// north is active in epoch 1 and term 1, south is attached, nothing is under way.
[[nodiscard]] Record first_record();

/// One region with a real keeper over fakes.
class FakeRegion {
 public:
  FakeRegion(Stage& stage, SharedRecord& record, std::string region_name);

  /// Makes a keeper from what is on the disk, and starts it.
  void start_keeper(const Topology& topology, Stage& stage, FakeRandom& random, Events& events,
                    Alerts& alerts);
  /// The agent ends; the page stays as it is. Its memory lives on until the world ends.
  void stop_keeper();

  [[nodiscard]] RegionKeeper& keeper() { return *keepers_.back(); }

  const std::string name;
  FakePage page;
  FakeStore store;
  FakeDatabase database;
  FakeRebuild rebuild;
  FakeCompute compute;
  FakeGate gate;
  FakeRegistry registry;
  AgentLink agent;
  AgentLink* other = nullptr;  ///< the way to the other region's agent
  bool path = true;            ///< the way in works
  bool services = true;        ///< they are alive

 private:
  std::vector<std::unique_ptr<RegionKeeper>> keepers_;
};

class World;

/// What an orchestrator process remembers: gone when it crashes.
struct Orchestrator {
  explicit Orchestrator(World& world);
  LeaseObserver observer;
  Orchestration orchestration;
};

/// Checks at every act that can break them: never two regions that let writes through, and no
/// promotion while the other may write (I1, R11).
class World {
 public:
  explicit World(Topology described = two_regions(), Record first = first_record());
  ~World();

  void start_agents();
  /// Ends the agents and waits for every task. For whoever made things that tasks use.
  void finish();
  /// All of a region is gone at once.
  void kill(FakeRegion& region);
  /// It answers again; its agent is started anew, on what its disk and page hold.
  void revive(FakeRegion& region);

  [[nodiscard]] FakeRegion& other(const FakeRegion& region) {
    return &region == &north ? south : north;
  }
  [[nodiscard]] bool writable(const FakeRegion& region) const {
    return region.page.writable_at(stage.boot());
  }
  [[nodiscard]] bool serves(const FakeRegion& region) const;
  [[nodiscard]] Sighting sight_of(const std::string& region) const;

  const Topology topology;
  Stage stage;
  FakeRandom random;
  FakeEvents events;
  FakeAlerts alerts;
  SharedRecord record;
  FakeRegion north;
  FakeRegion south;
  FakeRegistry registry;  ///< the orchestrators' way to the record
  FakeIngress ingress;
  FakeVantage witness;
  FakeVantage edge;
  FakeVantage beside;

 private:
  void guard(FakeRegion& region);
};

}  // namespace understudy::fake
