#pragma once
// What people ordered about automatic failovers, as they know it themselves: what was answered.

#include <optional>
#include <set>
#include <string>

#include "simulation/plan.h"

namespace understudy::simulation {

/// An order counts from its answer on. One that was sent and is not answered leaves in doubt what
/// is in force, and then nothing is objected to.
class OrderBook {
 public:
  explicit OrderBook(const Plan& plan);

  /// `order` as in the plan; `ends`: maintenance mode is to end.
  void sent(const Fault& order, bool ends);
  void answered(const Fault& order, bool ends, TrueTime now);
  /// All that was ordered is lost: the file's default is in force.
  void forgotten(TrueTime now);
  /// A person let this execution begin.
  void approved(const std::string& execution) { approved_.insert(execution); }
  /// A person began it; `forced`: a failover, against the table of decisions.
  void ordered(const std::string& execution, bool forced) {
    (forced ? forced_ : ordered_).insert(execution);
  }
  /// A person let a planned move lose something, from when that was sent.
  void made_ungraceful(const std::string& execution) { ungraceful_.insert(execution); }
  [[nodiscard]] bool was_approved(const std::string& execution) const {
    return approved_.contains(execution);
  }
  [[nodiscard]] bool was_ordered(const std::string& execution) const {
    return ordered_.contains(execution);
  }
  [[nodiscard]] bool was_forced(const std::string& execution) const {
    return forced_.contains(execution);
  }
  [[nodiscard]] bool was_ungraceful(const std::string& execution) const {
    return ungraceful_.contains(execution);
  }
  /// An automatic failover has opened its transition;
  void began(const std::string& execution, TrueTime now);
  /// and led to another region.
  void switched(const std::string& execution, TrueTime now);
  /// There was an automatic failover just before `now`.
  void failed_over(TrueTime now);

  /// Why this failover must not begin now; "" if it may, or if nobody can know.
  [[nodiscard]] std::string objection(const std::string& execution, TrueTime now) const;

 private:
  enum class Held : std::uint8_t { no, yes, perhaps };
  struct Standing {
    TrueTime since;
    std::optional<TrueTime> until;  ///< none: for good
  };
  [[nodiscard]] Held held(const Standing& order, TrueTime now) const;
  [[nodiscard]] std::optional<Automation> automation(TrueTime now) const;

  const Automation default_;
  const Duration interval_;
  Duration clock_slack_{};        ///< how far the controller's wall clock may be off, by its jumps
  bool lost_since_sent_ = false;  ///< all that was ordered, since the latest one was sent
  bool automation_in_doubt_ = false;
  std::optional<Standing> set_since_;
  Automation set_ = Automation::on;
  bool maintenance_in_doubt_ = false;
  std::optional<Standing> maintenance_;
  std::optional<TrueTime> failed_over_at_;  ///< and nobody has acknowledged it, or is about to
  std::optional<TrueTime> interval_since_;
  std::set<std::string> approved_;
  std::set<std::string> ordered_;
  std::set<std::string> forced_;
  std::set<std::string> ungraceful_;
  std::set<std::string> automatic_;  ///< that the controller still remembers
  bool acknowledging_ = false;       ///< sent, and not answered
  std::optional<TrueTime> forgotten_at_;
};

}  // namespace understudy::simulation
