#pragma once
// Is the primary really down? Sightings from several vantages become facts, and one table of rows
// turns facts into a verdict. Pure: the same code serves production, tests and the simulator.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "ports/vantage.h"
#include "recovery/guards.h"
#include "topology/topology.h"

namespace understudy {

/// What the vantages together know of the active region. Each is settled by a strict majority of
/// the *configured* vantages; one that is silent or stale has no vote.
struct Facts {
  bool quorum = false;    ///< a strict majority has a fresh view
  bool path = false;      ///< unless a majority sees its public way in dead
  bool ready = false;     ///< unless a majority sees it take no traffic
  bool services = false;  ///< unless a majority sees its services dead
  bool database = false;  ///< unless a majority sees its database dead
  bool lease = false;     ///< its writer lease may still be alive, by our own observation
  bool patience_over =
      false;  ///< it has been unready for longer than it may take to recover in place
  bool operator==(const Facts&) const = default;
};

enum class Decision : std::uint8_t {
  stay,  ///< all is well
  hold,  ///< something is wrong that a failover would not mend, or that we cannot see well enough
  wait,  ///< it may yet recover in place
  fail_over,  ///< leave it
};

/// One row of the table. Ids have gaps, are never reused, and are in every event that the row
/// causes.
struct Row {
  int id;
  Decision decision;
  std::string_view because;  ///< what the operator reads
};

/// The one row that matches; for every input there is exactly one (proved at compile time).
[[nodiscard]] const Row& decide(const Facts& facts);

/// The row of that id. Requires: there is one.
[[nodiscard]] const Row& row_of(int id);

/// The table as text, one line a row, for docs and golden files.
[[nodiscard]] std::string describe_table();

[[nodiscard]] std::string_view to_string(Decision decision);

/// Collects what the vantages see. Not thread-safe.
class HealthView {
 public:
  HealthView(ProbeTiming timing, std::vector<std::string> vantages, Guards guards = {});

  /// A look that began at `looked_at` has ended. One at another region than the facts were last
  /// asked of counts for nothing: it began before everybody moved. Requires: `vantage` is
  /// configured.
  void note(const std::string& vantage, const std::string& region, const Sighting& seen,
            BootTime looked_at);

  /// `lease_alive` by the LeaseObserver. Turns to `region`, if it is another than before: what was
  /// seen until then is forgotten. Also starts and ends the patience with an unready region.
  [[nodiscard]] Facts facts(const std::string& region, BootTime now, bool lease_alive);

  /// Since when the region has been unready, as far as these facts saw.
  [[nodiscard]] std::optional<BootTime> unready_since() const { return unready_since_; }

  /// One line for each vantage, for people.
  [[nodiscard]] std::vector<std::string> describe(BootTime now) const;

 private:
  struct View {
    std::optional<BootTime> looked_at;
    Sighting seen;
    unsigned path_failures = 0;
    unsigned services_failures = 0;
    unsigned database_failures = 0;
  };

  void turn_to(const std::string& region);
  [[nodiscard]] bool fresh(const View& view, BootTime now) const;

  const ProbeTiming timing_;
  const Guards guards_;
  std::string region_;
  std::map<std::string, View> views_;
  std::optional<BootTime> unready_since_;
};

}  // namespace understudy
