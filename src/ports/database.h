#pragma once
// One region's database.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace understudy {

/// A position in the write-ahead log; grows within a timeline.
using WalPosition = std::uint64_t;

enum class DatabaseRole : std::uint8_t { primary, standby };

/// What a database says of itself at one instant.
struct DatabaseState {
  DatabaseRole role = DatabaseRole::standby;
  std::uint64_t timeline = 0;
  WalPosition written = 0;   ///< primary: end of its log. Standby: received and durable
  WalPosition replayed = 0;  ///< standby: visible to reads
  bool streaming = false;    ///< standby: connected to its primary; primary: a standby is to it
  WalPosition standby_written = 0;  ///< primary: what its streaming standby has made durable
  /// When the newest transaction that is visible here was committed, by the primary's wall clock.
  std::optional<WallTime> newest_commit;
  /// The epoch row that the write path checks: 0 if there is none yet.
  std::uint64_t epoch = 0;
  /// Of the disk that holds it, for whom it runs as; none: not known.
  std::optional<std::uint64_t> disk_free_bytes;
};

/// Thread-safe.
class Database {
 public:
  virtual ~Database() = default;

  [[nodiscard]] virtual Result<DatabaseState> state(BootTime deadline) = 0;

  /// Asks a standby to become primary; returns once it is seen writable. Asking a primary changes
  /// nothing. After::unknown: it may be under way, look at state().
  [[nodiscard]] virtual Result<DatabaseState> promote(BootTime deadline) = 0;

  /// Commits the epoch row {epoch, region, term}; never lowers it. Needs an open page.
  [[nodiscard]] virtual Result<Done> publish_epoch(std::uint64_t epoch, const std::string& region,
                                                   std::uint64_t term, BootTime deadline) = 0;

  /// Commits a tiny transaction, so that the newest commit time tells the lag of an idle database
  /// too.
  [[nodiscard]] virtual Result<Done> beat(BootTime deadline) = 0;

  /// Whether each commit waits until the standby has made it durable. Repeating it changes nothing.
  [[nodiscard]] virtual Result<Done> hold_commits(bool held, BootTime deadline) = 0;

  /// Whether the application's role may connect. On a change to false its sessions are ended, too.
  [[nodiscard]] virtual Result<Done> admit_application(bool admitted, BootTime deadline) = 0;

  /// Asked of a primary: makes sure that whatever it commits after `standby_has` can be told row by
  /// row later, even once another region was promoted. `standby_has`: what the standby has made
  /// durable (DatabaseState::standby_written); what lies before it may be forgotten. A position of
  /// the past changes nothing. Cheap when repeated, and never holds up state() or beat().
  [[nodiscard]] virtual Result<Done> keep_changes_since(WalPosition standby_has,
                                                        BootTime deadline) = 0;
};

[[nodiscard]] constexpr std::string_view to_string(DatabaseRole role) {
  return role == DatabaseRole::primary ? "primary" : "standby";
}

}  // namespace understudy
