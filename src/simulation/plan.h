#pragma once
// What a seed means: the settings, the world's manners and the faults of one history. A plan is
// data, so that the shrinker can leave faults out and run the rest again.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/scheduler.h"
#include "topology/topology.h"

namespace understudy::simulation {

enum class FaultKind : std::uint8_t {
  region_dies,         ///< power off, and perhaps on again
  region_freezes,      ///< everything in it stands still
  agent_dies,          ///< started again by its watchdog
  agent_freezes,       ///< SIGSTOP, then SIGCONT or the watchdog's SIGKILL
  agent_disk_wiped,    ///< and the agent started again
  agent_disk_fails,    ///< full; or not to be read, or of the other region: it must start anew
  agent_hangs,         ///< soon, at any call of a port, for good; then its watchdog kills it
  agent_stops,         ///< in order, as when a new version is put in; and started again
  database_dies,       ///< crash recovery in place
  database_hangs,      ///< answers nothing for a while
  services_die,        ///< bad deploy: alive nowhere, database well
  path_cut,            ///< the region's load balancer is dead
  link_cut,            ///< one way between two machines
  link_slow,           ///< one way between two machines: each message takes `by`
  links_bad,           ///< every link loses and repeats
  replication_stalls,  ///< nothing reaches the standby
  registry_dies,       ///< restarted with what it stored
  registry_mute,       ///< it hears, and its answers get lost
  registry_misused,    ///< somebody asks it for what its rules forbid
  registry_lost,       ///< with all it stored; a person makes a new record
  controller_dies,     ///< restarted with its journal
  controller_freezes,
  controller_journal_lost,  ///< and restarted without it
  wall_jumps,               ///< of one machine
  promotion_trouble,        ///< slow, fails, or succeeds without an answer
  stalls,            ///< processes stand still for a moment, anywhere between two instructions
  operator_meddles,  ///< answers a question, whatever it is
  // Orders of a person, whoever they help.
  automation_set,
  maintenance_begins,
  failover_acknowledged,
  // Orders of a person about moves: planned_moves.h.
  switchover_ordered,
  failback_planned,
  failback_answered,
  failover_forced,
  execution_controlled,  ///< paused, resumed, cancelled …
  rejoin_ordered,
  standby_detached,
  rebuild_trouble,  ///< the next rebuild of a region goes badly
};

enum class Disk : std::uint8_t { well, full, unreadable, of_another };

enum class Promotion : std::uint8_t { well, slow, fails, answer_lost };

struct Fault {
  FaultKind kind{};
  TrueTime at;
  Duration lasts{};  ///< zero: for good, until everything is healed
  int where = 0;     ///< 0, 1: the regions as listed; 2: witness; 3: edge; 4: clients
  int other = 0;     ///< the far end of a link; the kind of trouble or control; the automation that
                     ///< is set; of a move, ungraceful; of a rejoin, a copy; of an answer, yes
  Duration by{};  ///< of a clock's jump; the longest stall; a slow link's delay; an order's --for
};

/// An automatic failover that led to the region in which the history begins.
inline constexpr const char* kEarlierFailover = "failover-shop-0";
struct EarlierFailover {
  bool acknowledged = false;
};

struct Plan {
  std::uint64_t seed = 0;
  Topology topology;
  std::array<std::int64_t, 5> drift_ppm{};
  std::array<Duration, 5> wall_offset{};
  Duration link_least = milliseconds(1);
  Duration link_most = milliseconds(5);
  std::uint32_t loss_ppm = 0;  ///< of every link, all the time
  Duration fsync_most = milliseconds(2);
  Duration buy_every = milliseconds(150);
  std::optional<EarlierFailover> earlier_failover;  ///< a moment ago
  std::vector<Fault> faults;
  TrueTime healed_at;                                   ///< the end of the safety phase
  std::optional<int> left_dead;                         ///< the region that is not healed
  Duration converge_within = std::chrono::seconds(60);  ///< after that, but for a rejoin:
  Duration rejoin_within = std::chrono::seconds(180);
};

enum class Profile : std::uint8_t {
  everything,  ///< every fault, composed freely
  failover,    ///< one region dies under load: how fast is a plain history?
  quiet,       ///< bad links, stalls and clocks, but nobody dies: a failover is a mistake
};

[[nodiscard]] std::optional<Profile> profile_from(std::string_view text);
[[nodiscard]] std::string_view to_string(FaultKind kind);
/// It harms nothing: a person's order.
[[nodiscard]] bool is_order(const Fault& fault);
/// A person's order to move, or about a move.
[[nodiscard]] bool is_move(const Fault& fault);
/// It strikes the second region and nothing else.
[[nodiscard]] bool strikes_the_standby_alone(const Fault& fault);
/// It strikes the registry or the controller and nothing else.
[[nodiscard]] bool strikes_the_witness_alone(const Fault& fault);
[[nodiscard]] std::string describe(const Fault& fault, const Plan& plan);

/// How the product looks at the active region, and how bad the links are through which it looks.
struct DetectionSettings {
  Duration interval = milliseconds(200);
  unsigned failures = 3;
  std::uint32_t loss_ppm = 0;
};

/// A region that dies among such links, or one that lives on for half a minute.
[[nodiscard]] Plan draw_detection_plan(std::uint64_t seed, const DetectionSettings& settings,
                                       bool dies);

[[nodiscard]] Plan draw_plan(std::uint64_t seed, Profile profile);

/// A lease whose margin is hardly more than it must be: what is larger hides mistakes.
void set_lease(Topology& topology, Duration ttl, std::int64_t drift_ppm);

}  // namespace understudy::simulation
