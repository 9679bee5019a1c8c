#pragma once
// Hand-made drills for the judge: a steady trade, a fault, and what came of it.

#include <map>
#include <string>
#include <vector>

#include "drill/evidence.h"
#include "drill/judge.h"

namespace understudy::drill {

inline const Regime kNorth{7, "north"};
inline const Regime kSouth{8, "south"};

/// Builds a ledger and the databases that go with it. Times are milliseconds after the start of the
/// drill; the fault is at kFaultMs unless said otherwise. Orders take 10 ms.
class Tale {
 public:
  static constexpr int kFaultMs = 10'000;
  static constexpr int kAnswerMs = 10;

  /// Buyers come every 10 ms from the start until before `until_ms` and each gets an order from
  /// `by`, which its region's database holds.
  Tale& sells(int from_ms, int until_ms, const Regime& by);
  /// The same, and nobody is served.
  Tale& refuses(int from_ms, int until_ms);

  /// One order, tried at `at_ms`; its key.
  std::string order(int at_ms);
  Tale& acknowledged(const std::string& key, int at_ms, const Regime& by);
  Tale& refused(const std::string& key, int at_ms, unsigned status = 503);
  Tale& unknown(const std::string& key, int at_ms);
  Tale& tried_again(const std::string& key, int at_ms);

  /// The region's database holds the order as `by` sold it.
  Tale& held(const std::string& region, const std::string& key, int at_ms, const Regime& by);
  /// The region's database forgets it.
  Tale& forgotten(const std::string& region, const std::string& key);
  /// Everything that region `from` held at `at_ms` is in the database of `to` as well.
  Tale& replicated(const std::string& from, const std::string& to, int at_ms);
  Tale& ticks(const std::string& region, int from_ms, int until_ms, const Regime& by);

  /// An acknowledged order sold between the times by that region; the nth of them.
  std::string sold_at(int from_ms) const;
  OrderRow& row(const std::string& region, const std::string& key);
  Acknowledgement& acknowledgement(const std::string& key);

  [[nodiscard]] Verdict judged() const;
  [[nodiscard]] std::vector<DatabaseView> databases() const;

  Case drilled = usual_case();
  Ledger ledger;
  std::map<std::string, DatabaseView> views;

 private:
  static Case usual_case();
  int made_ = 0;
};

/// The instant so many milliseconds after the start of any tale.
[[nodiscard]] Instant after_start(int ms);

}  // namespace understudy::drill
