#pragma once
// A region's database after a failover, on its way back to being the other's standby.

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "ports/database.h"

namespace understudy {

/// What a database committed and the other region never had, kept before anything is overwritten.
struct LostTail {
  std::string file;                ///< where it lies; empty if nothing was lost
  std::uint64_t transactions = 0;  ///< of the application's; Understudy's own rows are not told
  std::uint64_t changes = 0;       ///< rows
  std::string method;              ///< "logical-decoding", "waldump" or "nothing-lost"
  WalPosition diverged_at = 0;     ///< where the histories part
};

/// Makes a region's database, left behind by a failover, a standby of the other region's. Blocking;
/// one caller at a time. Every call may be repeated, also after a crash in the middle of it.
///
/// In this order: keep_lost_tail(); rewind(), or copy() if that says unchanged_final;
/// start_as_standby(). Only rewind() and copy() overwrite anything, and both refuse
/// (unchanged_final) unless what was lost to the present primary's timeline has been kept, and the
/// other region's database is a primary on a timeline of its own.
class DatabaseRebuild {
 public:
  virtual ~DatabaseRebuild() = default;

  /// Stops the database and keeps what it committed after the histories parted. `epoch`: that in
  /// which the other region was made active; names the file. Repeated after success: the same
  /// answer, the file untouched. Needs the other region's primary.
  [[nodiscard]] virtual Result<LostTail> keep_lost_tail(std::uint64_t epoch, BootTime deadline) = 0;

  /// Takes back what the other region never had, and only that. unchanged_final: it cannot be done
  /// this way, or a try was interrupted: copy it.
  [[nodiscard]] virtual Result<Done> rewind(BootTime deadline) = 0;

  /// Copies all of it beside the old folder and changes them over at the end: a crash leaves either
  /// the old or the new. `progress`: percent, from the calling thread; never after the return.
  [[nodiscard]] virtual Result<Done> copy(const std::function<void(unsigned)>& progress,
                                          BootTime deadline) = 0;

  /// Starts it as a standby. Success: it answers, in recovery.
  [[nodiscard]] virtual Result<Done> start_as_standby(BootTime deadline) = 0;
};

}  // namespace understudy
