#pragma once
// A region's database on its way back to being the other's standby.

#include "ports/database_rebuild.h"
#include "simulation/postgres.h"
#include "simulation/stage.h"

namespace understudy::simulation {

/// How the next try goes.
enum class RebuildTrouble : std::uint8_t {
  none,
  tail_fails,         ///< what would be lost cannot be read now
  rewind_impossible,  ///< found out before anything is overwritten
  rewind_breaks,      ///< in the middle of it
  copy_fails,
};

/// What lies beside a database's folder on the region's disk: it outlives agents and boots.
struct RebuildDisk {
  struct Kept {
    std::uint64_t timeline = 0;  ///< of the primary that never had it
    std::size_t from = 0;        ///< the part of the log
    std::size_t end = 0;
  };
  std::optional<Kept> kept;
  RebuildTrouble trouble = RebuildTrouble::none;
};

/// The DatabaseRebuild port of a region's agent: all of it takes time, and ends with the agent
/// wherever it was.
class RebuildClient final : public DatabaseRebuild {
 public:
  RebuildClient(Stage& stage, Process& agent, Postgres& postgres, RebuildDisk& disk, int region)
      : stage_(stage), agent_(agent), postgres_(postgres), disk_(disk), region_(region) {}

  Result<LostTail> keep_lost_tail(std::uint64_t epoch, BootTime deadline) override;
  Result<Done> rewind(BootTime deadline) override;
  Result<Done> copy(const std::function<void(unsigned)>& progress, BootTime deadline) override;
  Result<Done> start_as_standby(BootTime deadline) override;

 private:
  /// How this log stands to that of the other region's primary.
  struct Comparison {
    std::uint64_t timeline = 0;  ///< the primary's
    std::size_t common = 0;
    bool diverged = false;
  };
  [[nodiscard]] bool meets(RebuildTrouble trouble);
  void take(Duration least, Duration most);
  [[nodiscard]] Result<std::uint64_t> ask_primary(BootTime deadline);
  [[nodiscard]] Result<Comparison> compare(BootTime deadline);
  [[nodiscard]] Result<Comparison> prepare_to_overwrite(BootTime deadline);
  void keep(const Comparison& seen);

  Stage& stage_;
  Process& agent_;
  Postgres& postgres_;
  RebuildDisk& disk_;
  const int region_;
};

}  // namespace understudy::simulation
