#pragma once
// What operators order of the controller, over its control server.

#include <vector>

#include "alerting/dispatcher.h"
#include "controller/execution_runner.h"
#include "controller/operator_controls.h"
#include "controller/rejoin_watch.h"
#include "controller/sentry.h"
#include "controller/standby_watch.h"
#include "controller/transition_desk.h"
#include "local/control_server.h"

namespace understudy {

/// What the orders reach. All outlive the routes.
struct OperatorPlaces {
  Orchestration& world;
  ExecutionRunner& runner;
  Sentry& sentry;
  StandbyWatch& standby_watch;
  RejoinWatch& rejoin_watch;
  TransitionDesk& desk;
  OperatorControls& controls;
  alerting::Dispatcher& alerts;
};

/// For the certificate `cli` alone; each names "who", a person:
///   POST /v1/approve, /v1/decline   {"execution", "who", "accept_loss"}: answers its question
///   POST /v1/automation             {"set": "on|ask|off", "who", "reason", "for_ms"}
///   POST /v1/maintenance            {"on", "who", "reason", "for_ms"}
///   POST /v1/acknowledge            {"who"}: of the last automatic failover
///   POST /v1/detach                 {"who"}: the standby; answers the record
///   POST /v1/switchover, /v1/failback, /v1/failover  {"who", "reason", "ungraceful"}: begins one
///   POST /v1/rejoin                 {"who", "copy"}: rebuilds the region that was left
///   POST /v1/control                {"execution", "what", "state", "comment", "who"}
///   POST /v1/test-alert             {"to", "who"}: {"targets": [{"name", "kind", "problem"}]}
/// Those that begin something answer {"execution"}. Orders about automation answer {"automation":
/// ...} as status shows it.
[[nodiscard]] std::vector<ControlRoute> operator_routes(OperatorPlaces places);

}  // namespace understudy
