#pragma once
// `understudy serve`: the controller.

#include <string>

#include "base/result.h"

namespace understudy {

/// Runs the controller of the stack in `data` until SIGTERM: resumes what was under way, watches,
/// decides, runs executions, and serves:
///   GET  /v1/status                      record, decision, vantages, agents, open questions
///   GET  /v1/readiness[?fresh=1]         readiness_view.h; fresh: looks now, else the last look
///   GET  /v1/executions                  all, oldest first
///   GET  /v1/history?execution=NAME      events as Step Functions' GetExecutionHistory shows them
///   POST /v1/approve, /v1/decline        {"execution", "who", "accept_loss"}: answers its question
///   and what operator_routes.h names
/// Error, unchanged_retry: another controller has this stack's journal.
[[nodiscard]] Result<Done> run_controller(const std::string& data);

}  // namespace understudy
