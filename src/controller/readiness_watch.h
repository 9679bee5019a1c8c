#pragma once
// Asks every minute whether a failover could succeed right now, and tells people when it no longer
// could.

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "ports/drill_history.h"
#include "ports/inspection.h"
#include "readiness/readiness.h"
#include "recovery/steps/step.h"

namespace understudy {

/// What a controller knows of itself.
struct OwnFacts {
  std::string build;  ///< see ReadinessFacts, and so for the next two
  std::string deployed;
  std::string agent_deployed;
  std::map<std::string, WallTime> certificates;  ///< by owner: their ends
  std::string hindrance;                         ///< see ReadinessFacts, and so for the next two
  std::string alerts_problem;
  std::string platform_digest;
};

/// Where its facts come from, beside the orchestration's ports. All outlive it.
struct ReadinessSources {
  std::map<std::string, RegionInspector*> inspectors;  ///< by region: both
  DrillHistory& drills;
  std::function<OwnFacts(std::uint64_t epoch)> own;
};

/// One task. Thread-safe. What blocks is told once it has been so for ten seconds.
class ReadinessWatch {
 public:
  ReadinessWatch(Orchestration& world, ReadinessSources sources)
      : world_(world), sources_(std::move(sources)) {}

  void start();
  void stop() { stopped_ = true; }

  /// Looks now; some seconds if a region does not answer. The event `readiness.checked` says what
  /// came of it.
  [[nodiscard]] Readiness look();
  /// What the last look saw; none before the first.
  [[nodiscard]] std::optional<Readiness> last() const;

 private:
  void watch();
  void sleep(Duration length);
  /// How long until the next look.
  [[nodiscard]] Duration consider(const Readiness& readiness);
  void tell_blocked(const Readiness& readiness);
  void tell_well(const Readiness& readiness);
  [[nodiscard]] ReadinessFacts gather();
  void inspect(const std::string& region, RegionFacts& into);
  [[nodiscard]] std::optional<ClockReading> read_clock(const std::string& region);
  void look_at_standby(const Record& record, ReadinessFacts& facts);

  Orchestration& world_;
  const ReadinessSources sources_;
  std::atomic<bool> stopped_{false};
  std::optional<BootTime> blocked_since_;  // by the task alone, and so are the next two
  bool told_ = false;
  unsigned occasions_ = 0;
  mutable std::mutex lock_;
  std::optional<Readiness> last_;  // guarded
};

}  // namespace understudy
