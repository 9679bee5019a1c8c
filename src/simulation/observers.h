#pragma once
// Who judges: from outside, by what clients were told and what the world did, never by what the
// product says of itself.

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ports/page.h"
#include "ports/registry.h"
#include "ports/vantage.h"
#include "simulation/chronicle.h"
#include "simulation/ledger.h"
#include "simulation/order_book.h"
#include "simulation/plan.h"

namespace understudy::simulation {

struct Transaction;

class Observers {
 public:
  Observers(Scheduler& scheduler, Chronicle& chronicle, const Plan& plan)
      : scheduler_(scheduler),
        chronicle_(chronicle),
        plan_(plan),
        orders_(plan),
        ledger_(scheduler, chronicle, plan) {}

  // What happens, at the instant it happens. Regions by their place in the topology.

  /// A region's last check before an acknowledgement was passed (I1).
  void acknowledged(int region, std::uint64_t timeline, std::uint64_t order);
  /// A claim of a singleton (cron) was committed and will be acted on (I2).
  void claimed(int region, std::uint64_t timeline);
  /// Whether the public way leads to a region, and whether that region could serve (I10). To be
  /// told often.
  void led(int region, bool leads, bool serves);
  void promoted(int region, std::uint64_t timeline);
  void may_have_written_until(int region, TrueTime end);
  void record_changed(const Record& before, const Record& after);
  /// Somebody made a new one, without knowing the one before.
  void record_recovered(const Record& before, const Record& after);
  void looked(const std::string& vantage, const std::string& region, const Sighting& seen);
  void person_accepted_the_loss() { ledger_.loss_accepted(newest_timeline_); }
  /// A region's database is being overwritten with the other's (R21).
  void overwritten(int region);
  /// A request that came through the edge was refused by the region it was led to, in a world
  /// without faults (R22).
  void refused(int region);
  /// Somebody said that a region is gone for good, with all it holds; the other is in `timeline`.
  void person_gave_up(int region, std::uint64_t timeline);
  void person_asked() { ++asked_; }
  /// What people order, and what they are answered.
  [[nodiscard]] OrderBook& orders() { return orders_; }
  [[nodiscard]] Ledger& ledger() { return ledger_; }

  [[nodiscard]] std::uint64_t times_asked() const { return asked_; }
  [[nodiscard]] std::optional<TrueTime> last_acknowledgement() const { return last_acknowledged_; }
  /// When a lease was revoked for the first time.
  [[nodiscard]] std::optional<TrueTime> first_revoked() const { return first_revoked_; }
  [[nodiscard]] bool any_promoted() const { return newest_timeline_ > 1; }

  /// At the healing: the loss of the standby alone must not have stopped the active region (I7).
  void judge_silence();

 private:
  void judge_epoch(const Record& before, const Record& after);
  void judge_opening(const Record& record);
  void judge_fence(const std::string& active);
  void note_departure(const Record& record);
  void note_arrival(const Record& before, const Record& after);
  void one_writer(const char* invariant, const char* what, int region, std::uint64_t timeline);

  Scheduler& scheduler_;
  Chronicle& chronicle_;
  const Plan& plan_;
  OrderBook orders_;
  Ledger ledger_;
  std::optional<Record> record_;  ///< the newest
  std::array<std::optional<TrueTime>, 2> misled_since_{};
  std::uint64_t newest_timeline_ = 1;
  int newest_region_ = 0;
  std::array<std::uint64_t, 2> timeline_of_{1, 1};  ///< in which it was primary last
  std::optional<TrueTime> last_acknowledged_;
  Duration longest_silence_{};
  std::uint64_t promotions_ = 0;
  std::optional<TrueTime> first_revoked_;
  std::map<std::uint64_t, std::string> active_in_epoch_;
  struct Look {
    std::string region;
    bool well = true;
    TrueTime at;
  };
  std::map<std::string, Look> looks_;
  std::uint64_t asked_ = 0;
};

}  // namespace understudy::simulation
