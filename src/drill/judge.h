#pragma once
// The verdict of a drill, from what clients wrote down and what the databases hold; nothing else.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "drill/database_view.h"
#include "drill/instant.h"
#include "drill/ledger.h"
#include "topology/topology.h"

namespace understudy::drill {

enum class Outcome : std::uint8_t {
  fails_over,         ///< another region came to acknowledge orders
  recovers_in_place,  ///< none did; service was interrupted and was full again at the end
  holds,              ///< none did; service was never interrupted, or was still down at the end
};
[[nodiscard]] std::string_view to_string(Outcome outcome);

/// A moment of the timeline. `said_by_clients` is false for what the system says of itself: such
/// phases are shown and never judged.
struct Phase {
  std::string name;
  std::int64_t at_ms = 0;  ///< after the fault; negative before it
  bool said_by_clients = false;
};

/// What was done to the platform, and what it promises. Comes from the drill, not from the
/// platform.
struct Case {
  std::string fault;  ///< "region-kill"
  /// A case that expects fails_over wants that. recovers_in_place wants no fail-over and full
  /// service at the end. holds wants no fail-over.
  Outcome expected = Outcome::fails_over;
  Instant fault_at;
  Objectives objectives;
  Duration lag_budget = std::chrono::seconds(3);
  bool operator_forced_loss = false;  ///< a person went on over the lag budget
  bool operator_confirmed_failback = false;
  /// Before the fault, for want of the standby: then the old regime ended, for what may be lost,
  /// with its last acknowledgement, and not only with the fault.
  bool commits_were_held = false;
  bool only_witness_or_standby_lost = false;  ///< then any failed order breaks I7
  bool majority_sees_primary_down = true;     ///< if not, any fail-over breaks I9
  std::vector<Phase> phases;                  ///< said by the system, for the timeline
};

struct BrokenInvariant {
  std::string id;  ///< "I1"
  std::string evidence;
};

struct LostOrder {
  std::string key;
  std::string order;
  std::int64_t event = 0;
  std::int64_t seat = 0;
  std::string region;        ///< that acknowledged it
  std::int64_t age_ms = 0;   ///< see Verdict::lost_max_age_ms
  bool seat_resold = false;  ///< the surviving database sold the seat to another order
};

/// Lengths in milliseconds, rounded up. "Old" is the regime (region and epoch) of the last
/// acknowledgement that clients received before the fault, "new" any regime after it. The
/// surviving database is that of the region of the highest regime that acknowledged anything.
struct Verdict {
  std::string fault;
  Outcome expected = Outcome::holds;
  Outcome outcome = Outcome::holds;

  /// Fault to the first acknowledgement received from the new regime; none without a fail-over.
  std::optional<std::int64_t> rto_ms;
  /// Fault to the moment when a whole second of orders had succeeded as before (ServiceLevel);
  /// counted from the new regime's first acknowledgement on, or without a fail-over from the first
  /// order that was not served. None if service was never interrupted, or never came back.
  std::optional<std::int64_t> rto_full_ms;
  /// Whether any second after the fault was not full, and whether the last one was (ServiceLevel).
  bool interrupted = false;
  bool full_at_the_end = false;
  /// Longest time without any acknowledgement between the fault and the last order's schedule.
  std::int64_t longest_silence_ms = 0;
  std::vector<Phase> phases;

  std::int64_t orders = 0;  ///< each with all its tries
  std::int64_t acked = 0;
  std::int64_t refused = 0;
  std::int64_t unknown = 0;
  /// Orders for any free seat that were not acknowledged, by whichever try. One for a particular
  /// seat may be refused rightly.
  std::int64_t failed = 0;
  /// Acknowledged orders that the surviving database does not hold as acknowledged (key, order,
  /// event, seat). None if that database was not read.
  std::optional<std::int64_t> lost_acked;
  /// How long before the end of the old regime the oldest lost order was acknowledged. That end, as
  /// clients see it: the fault, or the old regime's last acknowledgement if that came later. 0 if
  /// nothing was lost.
  std::int64_t lost_max_age_ms = 0;
  std::vector<LostOrder> lost;

  /// Orders that a client paid for twice: one key, two different orders, acknowledged or held.
  std::int64_t duplicate_orders = 0;
  /// Seats sold twice among orders that were not lost, acknowledged or held.
  std::int64_t oversold = 0;
  /// Seats of lost orders that were sold again: the loss's doing, so not counted as oversold.
  std::int64_t lost_seats_resold = 0;
  /// Last acknowledgement from the old regime minus first from the new, if positive.
  std::int64_t dual_writer_ms = 0;
  /// Orders written by the old regime and committed, in any database, after the new regime's first
  /// commit or acknowledgement, by the wall clock.
  std::int64_t old_region_writes_after_promotion = 0;
  /// Orders that clients were told had not been sold, and that a database holds.
  std::int64_t refused_but_present = 0;
  std::int64_t page_reads = 0;
  std::int64_t page_errors = 0;

  double orders_per_second_before = 0;
  std::int64_t latency_p50_ms = 0;  ///< acknowledged orders before the fault, from schedule
  std::int64_t latency_p99_ms = 0;
  std::int64_t latency_max_ms = 0;       ///< acknowledged orders of the whole drill
  std::int64_t client_stall_max_ms = 0;  ///< how coarse the clients' own times may be
  bool ledger_torn = false;

  std::vector<BrokenInvariant> invariants_broken;
  /// Invariants that clients and databases cannot see (I5, I8, I10), and what could not be judged
  /// for want of evidence.
  std::vector<std::string> not_judged;
  std::vector<std::string> objectives_missed;  ///< one line each
  bool objectives_met = false;

  [[nodiscard]] bool outcome_as_expected() const;
  /// What the exit status says: outcome as expected, objectives met, no invariant broken.
  [[nodiscard]] bool passed() const;
};

/// Judges one drill. Pure. `databases`: at most one view a region; that of the surviving region
/// should be there, else losses cannot be judged.
///
/// Error (final): there is nothing to judge by, as when no order was served before the fault.
[[nodiscard]] Result<Verdict> judge(const Case& drilled, const Ledger& ledger,
                                    const std::vector<DatabaseView>& databases);

}  // namespace understudy::drill
