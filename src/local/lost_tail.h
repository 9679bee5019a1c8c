#pragma once
// Reading what an old primary committed after the histories parted, and keeping it in files.

#include <optional>
#include <string>

#include "base/result.h"
#include "local/data_folder.h"
#include "local/salvage_file.h"
#include "ports/clock.h"
#include "ports/database_rebuild.h"

namespace understudy {

/// A region's PostgreSQL, as far as its rebuild needs to know it.
struct RebuildPlace {
  std::string platform;
  std::string region;
  std::string folder;           ///< the region's: postgres, postgresql.conf, salvage are below it
  std::string programs;         ///< folder of PostgreSQL's
  std::string database;         ///< the application's
  std::string socket_folder;    ///< for its server while only we are to reach it; only ours
  std::string own_conninfo;     ///< of the role `understudy`; holds a password
  std::string source_conninfo;  ///< of the other region's server, with REPLICATION; no database
  std::string slot;             ///< our standby's there
};

/// The slot that remembers changes (Database::keep_changes_since).
inline constexpr const char* kSalvageSlot = "understudy_salvage";

/// A tail that was kept: written beside its file once that is durable, and so what says that it is.
struct KeptTail {
  LostTail tail;
  std::uint64_t epoch = 0;
  std::uint64_t timeline = 0;  ///< the old one
  WalPosition log_end = 0;     ///< how far the old log went then
};

class LostTailKeeper {
 public:
  /// All outlive it.
  LostTailKeeper(const RebuildPlace& place, const DataFolder& data, Clock& clock)
      : place_(place), data_(data), clock_(clock) {}

  [[nodiscard]] std::optional<KeptTail> kept(std::uint64_t epoch) const;
  /// Of whatever epoch, what was lost where the histories part there.
  [[nodiscard]] std::optional<KeptTail> kept_where(std::uint64_t timeline,
                                                   WalPosition diverged_at) const;

  /// Notes that nothing was lost: the old log does not reach beyond the parting.
  [[nodiscard]] Result<KeptTail> nothing_lost(std::uint64_t epoch, std::uint64_t timeline,
                                              WalPosition diverged_at);

  /// Starts the server privately, fenced as ever, reads all that was committed from `diverged_at`
  /// on, keeps it and shuts the server down. What was kept of that epoch before is replaced, but
  /// not what was decoded by what can only be dumped. Requires: the server is down.
  [[nodiscard]] Result<KeptTail> keep(std::uint64_t epoch, std::uint64_t timeline,
                                      WalPosition diverged_at, BootTime deadline);

 private:
  struct Reading;
  [[nodiscard]] milliseconds rest(BootTime deadline) const;
  [[nodiscard]] Result<KeptTail> read(Reading& reading);
  [[nodiscard]] Result<KeptTail> decoded_before_or_dumped(Reading& reading);
  [[nodiscard]] static Result<KeptTail> as_kept(Result<LostTail> tail, const Reading& reading);
  [[nodiscard]] Result<bool> can_decode(Reading& reading);
  [[nodiscard]] Result<LostTail> decode(Reading& reading);
  [[nodiscard]] Result<std::uint32_t> first_new_xid(Reading& reading);
  [[nodiscard]] Result<LostTail> dump(Reading& reading);
  [[nodiscard]] Result<Done> copy_log(const Reading& reading) const;
  [[nodiscard]] Result<Done> note(const KeptTail& kept) const;
  [[nodiscard]] std::string note_path(std::uint64_t epoch) const;

  const RebuildPlace& place_;
  const DataFolder& data_;
  Clock& clock_;
};

}  // namespace understudy
