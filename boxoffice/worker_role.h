#pragma once
// ROLE=api-worker as a process.

#include "configuration.h"
#include "postbox.h"

namespace understudy::boxoffice {

struct WorkerSettings {
  PostboxAddress postbox;  ///< NOTIFICATIONS_URL, NOTIFICATIONS_TOKEN
  std::string platform;    ///< PLATFORM, "boxoffice" if not set: part of each Message-ID
};

/// Errors as read_configuration.
[[nodiscard]] Result<WorkerSettings> read_worker_settings(const Environment& environment);

/// Runs until SIGTERM; the exit status. Answers /live, /ready and, for operators, GET /unsent (see
/// Outbox::unsent) if there is a port.
int run_worker(const Configuration& configuration, const Environment& environment);

}  // namespace understudy::boxoffice
