#pragma once
// What was sold, what was lost, and what became of it. A stint is what one primary wrote in one
// timeline.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ports/registry.h"
#include "simulation/chronicle.h"
#include "simulation/plan.h"

namespace understudy::simulation {

struct Transaction;

class Ledger {
 public:
  Ledger(Scheduler& scheduler, Chronicle& chronicle, const Plan& plan)
      : scheduler_(scheduler), chronicle_(chronicle), plan_(plan) {}

  /// A region's last check before an acknowledgement was passed.
  void acknowledged(std::uint64_t timeline, std::uint64_t order);
  /// A client got its acknowledgement.
  void bought(std::uint64_t order) { bought_.insert(order); }
  void may_have_written_until(std::uint64_t timeline, TrueTime end);
  /// A point of no return was passed: the stint is over. `loses_nothing`: it was a planned move
  /// that nobody has let lose anything.
  void left(std::uint64_t timeline, const Transition& transition, bool loses_nothing);
  /// A person knows, and wants it so.
  void loss_accepted(std::uint64_t timeline) { accepted_.insert(timeline); }
  /// Commits wait for the standby no longer, after they have waited for so long.
  void let_go(std::uint64_t timeline, Duration held);
  /// Of a region that is about to be overwritten.
  void kept(const std::vector<std::uint64_t>& orders) {
    kept_.insert(orders.begin(), orders.end());
  }

  [[nodiscard]] const std::set<std::uint64_t>& orders_bought() const { return bought_; }

  /// At the end. `active`: the log of the region that is active; `other`: that of the other one.
  void judge(const std::vector<Transaction>& active, const std::vector<Transaction>& other);

 private:
  struct Sale {
    std::uint64_t timeline = 0;
    TrueTime at;
  };
  struct Stint {
    TrueTime wrote_until{};
    TrueTime last_acknowledged{};
    std::optional<std::string> moved_by;  ///< the planned move that was to lose nothing
    bool left = false;                    ///< by a transition
    bool guard_gave_up = false;
  };
  [[nodiscard]] std::string objection(std::uint64_t order, const Sale& sale) const;
  [[nodiscard]] Duration clock_slack() const;

  Scheduler& scheduler_;
  Chronicle& chronicle_;
  const Plan& plan_;
  std::map<std::uint64_t, Sale> sold_;
  std::set<std::uint64_t> bought_;
  std::map<std::uint64_t, Stint> stints_;  // by timeline
  std::set<std::uint64_t> accepted_;
  std::set<std::uint64_t> kept_;
};

}  // namespace understudy::simulation
