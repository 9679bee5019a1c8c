#pragma once
// The record in one SQLite file, and the log of every change it went through.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/clock.h"
#include "ports/registry.h"
#include "system/sqlite.h"

namespace understudy {

/// One change, as the registry made it.
struct LoggedChange {
  Record record;  ///< as it was afterwards
  std::string author;
  BootTime at{};  ///< when it was made durable, by the registry's clocks
  WallTime at_wall{};
};

/// Not thread-safe. Every change is on the disk when it is answered. Keeps the last 100,000
/// changes.
class RecordStore {
 public:
  /// Opens the file, for this process alone. `first` is stored if there is no record yet. Error,
  /// unchanged_retry: another registry has it open; unchanged_final: no record and no `first`, or
  /// the file cannot be believed.
  [[nodiscard]] static Result<RecordStore> open(const std::string& file,
                                                const std::optional<Record>& first,
                                                const Clock& clock);

  [[nodiscard]] const Record& current() const { return current_; }

  /// Applies `next` iff its version is the current one + 1 and no rule of the record is broken.
  /// Error: unchanged_final for a broken rule; as SQLite says if it could not be stored.
  [[nodiscard]] Replaced replace(const Record& next, const std::string& author);

  /// Changes after `version`, oldest first, at most `count`.
  [[nodiscard]] Result<std::vector<LoggedChange>> changes_after(std::uint64_t version,
                                                                unsigned count);

 private:
  RecordStore(sqlite::Database database, const Clock& clock)
      : database_(std::move(database)), clock_(&clock) {}
  [[nodiscard]] Result<Done> store(const Record& next, const std::string& author);

  sqlite::Database database_;
  const Clock* clock_;
  Record current_;
};

}  // namespace understudy
