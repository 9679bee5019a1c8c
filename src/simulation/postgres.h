#pragma once
// A region's PostgreSQL with the fence extension: a log of transactions, streamed to the other
// region's as long as that one stands by.

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "ports/database.h"
#include "simulation/memory.h"
#include "simulation/stage.h"

namespace understudy::simulation {

enum class Writes : std::uint8_t { order, cron_claim, epoch_row, beat, verification };

struct Transaction {
  Writes what{};
  std::uint32_t timeline = 0;  ///< of the primary that wrote it
  std::uint64_t id = 0;        ///< of the order; the epoch of an epoch row
  std::uint64_t epoch = 0;     ///< of the epoch row as of this transaction
  TrueTime at;
  WallTime committed{};  ///< by the primary's wall clock
};

/// The same one, in whichever log.
[[nodiscard]] inline bool same(const Transaction& one, const Transaction& other) {
  return one.at == other.at && one.id == other.id && one.what == other.what &&
         one.timeline == other.timeline;
}

/// How a commit ended, as the process that asked for it hears.
struct Committed {
  std::uint64_t epoch = 0;  ///< on the page when the answer left
};

class Postgres {
 public:
  Postgres(Stage& stage, Machine& machine, SimulatedPage& page, int region);

  /// Set once: the one that may stand by for it.
  void set_peer(Postgres& peer) { peer_ = &peer; }
  /// From nothing; `primary` in timeline 1.
  void start_first(bool primary);
  /// After a crash, on what was flushed; unless it is kept down, or its folder is no database.
  void restart();
  /// After a reboot of its machine: nobody keeps it down any more.
  void boot();

  // On the way back to a standby, by whoever works on its folder.

  /// Shut down, and kept down; whoever streams from it hears so.
  void stop();
  void release();
  /// How many transactions the two logs have in common, from the first on.
  [[nodiscard]] std::size_t common_with(const Postgres& other) const;
  /// From here on its folder is neither the one nor the other,
  void tear();
  /// until it is what `primary` has flushed, as its standby, settings and all.
  void become_copy_of(const Postgres& primary);
  [[nodiscard]] bool torn() const { return torn_; }
  [[nodiscard]] std::size_t flushed() const { return flushed_; }
  [[nodiscard]] Postgres& peer() { return *peer_; }

  /// Asked by a process of the same region or of any other. `expected_epoch`: committed only if the
  /// epoch row shows it, as the application's write path asks; none for the agent.
  void commit(Writes what, std::uint64_t id, std::optional<std::uint64_t> expected_epoch,
              const Network::Reply<Result<Committed>>& reply);
  void state(const Network::Reply<Result<DatabaseState>>& reply);
  void promote(const Network::Reply<Result<DatabaseState>>& reply);

  /// From now on a promotion goes like that.
  void set_trouble(Promotion trouble) { trouble_ = trouble; }
  void set_stalled(bool stalled) { stalled_ = stalled; }
  /// Commits wait for the standby. Kept over a restart, as a setting is.
  void hold_commits(bool held);

  [[nodiscard]] Process& process() { return process_; }
  [[nodiscard]] bool answers() const { return process_.runs(); }
  [[nodiscard]] bool promoting() const { return promoting_; }
  [[nodiscard]] bool is_primary() const { return role_ == DatabaseRole::primary; }
  [[nodiscard]] std::uint64_t timeline() const { return timeline_; }
  [[nodiscard]] std::uint64_t epoch_row() const { return log_.empty() ? 0 : log_.back().epoch; }
  [[nodiscard]] const std::vector<Transaction>& log() const { return log_; }
  [[nodiscard]] const std::string& name() const { return process_.name(); }

 private:
  [[nodiscard]] DatabaseState state_now() const;
  void become_primary();
  void ship();
  void receive(const Postgres& from, std::size_t until, std::uint64_t timeline);
  void keep_shipping(std::uint64_t life);
  void when_safe(std::size_t until, Act act);
  void standby_has(std::size_t until, std::uint64_t timeline);

  Stage& stage_;
  Process process_;
  SimulatedPage& page_;
  const int region_;
  Postgres* peer_ = nullptr;
  DatabaseRole role_ = DatabaseRole::standby;
  std::uint64_t timeline_ = 1;
  std::vector<Transaction> log_;
  std::size_t flushed_ = 0;
  std::optional<TrueTime> heard_from_peer_;  ///< in the stream, either way
  std::size_t peer_has_ = 0;                 ///< as it said last
  Promotion trouble_ = Promotion::well;
  struct Unsafe {
    std::size_t until = 0;
    Act act;
  };
  std::vector<Unsafe> unsafe_;  ///< commits that wait for the standby, in synchronous mode
  bool promoting_ = false;
  bool stalled_ = false;
  bool holds_commits_ = false;
  TrueTime holds_since_{};
  bool kept_down_ = false;
  bool torn_ = false;
};

/// The Database port of a region's agent.
class DatabaseClient final : public Database {
 public:
  DatabaseClient(Stage& stage, Process& agent, Postgres& postgres)
      : stage_(stage), agent_(agent), postgres_(postgres) {}

  Result<DatabaseState> state(BootTime deadline) override;
  Result<DatabaseState> promote(BootTime deadline) override;
  Result<Done> publish_epoch(std::uint64_t epoch, const std::string& region, std::uint64_t term,
                             BootTime deadline) override;
  Result<Done> beat(BootTime deadline) override;
  Result<Done> admit_application(bool admitted, BootTime deadline) override;
  Result<Done> hold_commits(bool held, BootTime deadline) override;
  Result<Done> keep_changes_since(WalPosition standby_has, BootTime deadline) override;

 private:
  Result<Done> commit(Writes what, std::uint64_t id, BootTime deadline);
  Stage& stage_;
  Process& agent_;
  Postgres& postgres_;
};

}  // namespace understudy::simulation
