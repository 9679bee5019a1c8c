#pragma once
// A region's PostgreSQL data folder on disk while its server is down: what its control file says,
// and the folders beside it by which it is overwritten without ever being half of two things.
//
//   postgres            what the server starts from
//   postgres.rewinding  it, while pg_rewind works on it: of no use if found later
//   postgres.new        a copy that is being made; complete once it has a standby.signal
//   postgres.old        what a copy replaced, about to be removed

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "local/timeline_history.h"

namespace understudy {

struct ControlData {
  std::string system;  ///< PostgreSQL's identifier of the cluster
  bool clean = false;  ///< it was shut down, rather than killed
  bool standby = false;
  WalPosition checkpoint = 0;  ///< of the newest checkpoint; the last record if it is clean
  std::uint64_t timeline = 0;  ///< of its log's end
};

class DataFolder {
 public:
  /// `region`: the folder that all of these are in. `programs`: PostgreSQL's.
  DataFolder(std::string region, std::string programs)
      : region_(std::move(region)), programs_(std::move(programs)) {}

  [[nodiscard]] std::string path() const { return region_ + "/postgres"; }
  [[nodiscard]] std::string rewinding() const { return path() + ".rewinding"; }
  [[nodiscard]] std::string copy() const { return path() + ".new"; }

  [[nodiscard]] bool is_there() const;
  [[nodiscard]] bool is_standby() const;
  /// A copy or a rewind has ended here, and no server was started since.
  [[nodiscard]] bool is_fresh_standby() const;
  [[nodiscard]] bool copy_is_complete() const;

  [[nodiscard]] Result<ControlData> control(milliseconds timeout) const;
  /// Its own history; that of timeline 1 if it has none.
  [[nodiscard]] Result<TimelineHistory> history(std::uint64_t timeline) const;

  /// So that a server started from `folder` is a standby without slots of its own: those of a
  /// former primary would hold its log for ever.
  [[nodiscard]] Result<Done> make_standby(const std::string& folder) const;

  [[nodiscard]] Result<Done> begin_rewinding() const;
  [[nodiscard]] Result<Done> end_rewinding() const;
  /// Puts the complete copy in the place of whatever is there, in one step where the file system
  /// can exchange two names.
  [[nodiscard]] Result<Done> take_copy() const;
  /// Removes what is of no use: a half rewound folder, a half made copy, what was replaced.
  [[nodiscard]] Result<Done> clear_leftovers() const;

 private:
  std::string region_;
  std::string programs_;
};

}  // namespace understudy
