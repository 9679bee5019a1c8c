#pragma once
// The steps of the workflows: what each Task of workflows/*.asl.json does. One file each beside
// this one.
//
// A step is a function of its input and the world behind the ports. It is idempotent: it looks at
// what is so before it acts, since after a crash it is simply run again. It keeps nothing to
// itself.

#include <boost/json/object.hpp>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ports/alerts.h"
#include "ports/clock.h"
#include "ports/events.h"
#include "ports/ingress.h"
#include "ports/random.h"
#include "ports/region_agent.h"
#include "ports/registry.h"
#include "ports/tasks.h"
#include "ports/vantage.h"
#include "recovery/guards.h"
#include "recovery/lease_observer.h"
#include "recovery/permission.h"
#include "topology/topology.h"

namespace understudy {

/// What an operator ordered of an execution while it runs. Thread-safe.
class ExecutionOrders {
 public:
  virtual ~ExecutionOrders() = default;
  /// A planned move goes on without what makes it lose nothing: the old region's acknowledgement,
  /// and its last write on the target.
  [[nodiscard]] virtual bool ungraceful(const std::string& execution) const = 0;
};

/// What steps reach the world through. All outlive every execution. Thread-safe as the ports are.
struct Orchestration {
  const Topology& topology;
  Clock& clock;
  Random& random;
  Tasks& tasks;
  Registry& registry;
  LeaseObserver& lease_observer;
  std::map<std::string, RegionAgent*> agents;  ///< by region: both
  std::vector<Vantage*> vantages;
  Ingress& ingress;
  Events& events;
  Alerts& alerts;
  Guards guards{};
  const StandingOrders* orders = nullptr;  ///< none: nobody orders anything
  const ExecutionOrders* execution_orders = nullptr;
};

/// The error by which Retry and Catch in the document know the failure, and the cause for people.
struct StepFailure {
  std::string error;
  std::string cause;
};

using StepOutput = std::variant<boost::json::object, StepFailure>;
using StepFunction = StepOutput (*)(Orchestration& world, const boost::json::object& input);

/// What an operator may do to a step that is to run, or runs.
enum class Leave : std::uint8_t {
  neither,         ///< it runs to its end
  before_it_runs,  ///< given up only before it is begun, or between two tries
  cancel,          ///< given up at any time: what it does is undone by an abort
  skip,            ///< left out, with a comment: nothing that keeps a promise
  either,          ///< given up, or left out
};

struct Step {
  std::string_view name;  ///< as the document calls it
  StepFunction run;
  Leave leave = Leave::neither;
};

/// Every step there is, by name. A test compares them with the documents, both ways.
[[nodiscard]] std::span<const Step> all_steps();

/// None if there is no step of that name.
[[nodiscard]] const Step* find_step(std::string_view name);

// Errors that the documents name in Retry and Catch.
inline constexpr std::string_view kTransitionInProgress = "Understudy.TransitionInProgress";
inline constexpr std::string_view kNotPermitted = "Understudy.NotPermitted";
inline constexpr std::string_view kTransitionLost = "Understudy.TransitionLost";
inline constexpr std::string_view kRegistryUnavailable = "Understudy.RegistryUnavailable";
inline constexpr std::string_view kTargetUnavailable = "Understudy.TargetUnavailable";
inline constexpr std::string_view kNotYet = "Understudy.NotYet";
inline constexpr std::string_view kStillAtIt = "Understudy.StillAtIt";
inline constexpr std::string_view kCancelled = "Understudy.Cancelled";
inline constexpr std::string_view kNotGraceful = "Understudy.NotGraceful";
inline constexpr std::string_view kRebuildFailed = "Understudy.RebuildFailed";
inline constexpr std::string_view kBadInput = "Understudy.BadInput";

// The steps.
StepOutput ask_to_start(Orchestration&, const boost::json::object&);
StepOutput acquire_transition(Orchestration&, const boost::json::object&);
StepOutput confirm_primary_down(Orchestration&, const boost::json::object&);
StepOutput preview_lag(Orchestration&, const boost::json::object&);
StepOutput fence(Orchestration&, const boost::json::object&);
StepOutput check_replication_lag(Orchestration&, const boost::json::object&);
StepOutput ask_operator(Orchestration&, const boost::json::object&);
StepOutput pass_point_of_no_return(Orchestration&, const boost::json::object&);
StepOutput promote_database(Orchestration&, const boost::json::object&);
StepOutput switch_active_region(Orchestration&, const boost::json::object&);
StepOutput plan_services(Orchestration&, const boost::json::object&);
StepOutput scale_service(Orchestration&, const boost::json::object&);
StepOutput confirm_traffic(Orchestration&, const boost::json::object&);
StepOutput verify_recovery(Orchestration&, const boost::json::object&);
StepOutput complete_transition(Orchestration&, const boost::json::object&);
StepOutput abort_transition(Orchestration&, const boost::json::object&);
StepOutput check_switchover(Orchestration&, const boost::json::object&);
StepOutput drain_region(Orchestration&, const boost::json::object&);
StepOutput rebuild_standby(Orchestration&, const boost::json::object&);
StepOutput await_attached(Orchestration&, const boost::json::object&);

}  // namespace understudy
