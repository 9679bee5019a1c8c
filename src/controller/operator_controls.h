#pragma once
// What people have ordered about automatic failovers, kept over restarts: the automation switch,
// maintenance mode, and the acknowledgement of the last automatic failover.

#include <boost/json/object.hpp>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "controller/execution_runner.h"
#include "controller/journal.h"
#include "ports/registry.h"
#include "recovery/permission.h"
#include "recovery/steps/step.h"

namespace understudy {

/// Who ordered something, why, when, and until when.
struct Order {
  std::string who;
  std::string reason;  ///< "" if none was given
  WallTime at{};
  std::optional<WallTime> until{};  ///< none: until it is ordered otherwise
};

/// Thread-safe. An order that was answered is on the disk; where it cannot be written, nothing has
/// changed. Every order is an event with who gave it.
class OperatorControls final : public StandingOrders {
 public:
  /// Both outlive it. From now on the steps of this world obey it.
  OperatorControls(Orchestration& world, Journal& journal) : world_(world), journal_(journal) {
    world.orders = this;
  }

  /// Reads what was kept. Call once, before anything else. Error: it cannot be read.
  [[nodiscard]] Result<Done> load();

  // Orders. Errors: unchanged_final if there is nothing to be ordered; unchanged_retry if another
  // order is just being written, or the journal cannot be.
  [[nodiscard]] Result<Done> set_automation(Automation automation, const Order& order);
  /// Requires: `order.until`.
  [[nodiscard]] Result<Done> begin_maintenance(const Order& order);
  [[nodiscard]] Result<Done> end_maintenance(const std::string& who);
  /// Of the last automatic failover, by the epoch that the record shows now.
  [[nodiscard]] Result<Done> acknowledge(const std::string& who, std::uint64_t epoch);

  [[nodiscard]] const Permission& permission_now(std::uint64_t epoch) const override;

  /// An automatic failover is about to begin in this epoch. It counts once it has raised the epoch.
  [[nodiscard]] Result<Done> beginning(const std::string& execution, std::uint64_t epoch);
  /// The record as it is now: whose transition raised the epoch.
  void note_record(const Record& record);
  /// A question was answered. A person who declined to fail over, or to accept the loss: no more of
  /// it until note_well(), or another order.
  void note_answer(const ExecutionRunner::Question& question, bool approved);
  void note_well();
  /// Ends what has run out, and tells. To be called now and then.
  void expire();

  /// "on", or "off since ... by ada (why) until ...": for people.
  [[nodiscard]] std::string describe_automation() const;
  /// For `status`: switch, maintenance, last automatic failover, and the row for now.
  [[nodiscard]] boost::json::object view(std::uint64_t epoch) const;

 private:
  struct Switch {
    Automation automation = Automation::on;
    Order order;
  };
  struct Failover {
    std::string execution;
    std::uint64_t epoch = 0;  ///< in which it began
    WallTime at{};
    bool moved = false;  ///< it has raised the epoch; one that was aborted is forgotten
    std::optional<Order> acknowledged{};
  };
  struct Kept {
    std::optional<Switch> automation;  ///< over the policy of understudy.yaml
    std::optional<Order> maintenance;
    std::optional<Failover> last;
  };

  [[nodiscard]] static boost::json::object to_json(const Kept& kept);
  [[nodiscard]] static Kept from_json(const boost::json::object& object);
  [[nodiscard]] Result<Done> change(const std::function<void(Kept&)>& edit);
  [[nodiscard]] Kept now_in_force() const;
  [[nodiscard]] Circumstances circumstances(std::uint64_t epoch) const;
  void tell_maintenance_over(const Order& was, const std::string& how);

  Orchestration& world_;
  Journal& journal_;
  mutable std::mutex lock_;  // guards all below
  Kept kept_;
  bool writing_ = false;
  bool declined_ = false;
};

}  // namespace understudy
