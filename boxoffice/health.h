#pragma once
// /live and /ready, as every role answers them.

#include <atomic>
#include <functional>
#include <string>

#include "readiness.h"
#include "system/http.h"
#include "wide_event.h"

namespace understudy::boxoffice {

/// Thread-safe.
class Health {
 public:
  Health(std::function<Readiness()> ask, WideEvents& events, std::string region)
      : ask_(std::move(ask)), events_(events), region_(std::move(region)) {}

  /// 404 for what is no health check.
  [[nodiscard]] http::Response answer(const http::Request& request);
  /// Health checks never wait behind other requests.
  [[nodiscard]] static bool is_health(const http::Request& request);

 private:
  http::Response ready();

  const std::function<Readiness()> ask_;
  WideEvents& events_;
  const std::string region_;
  std::atomic<bool> was_ready_{false};
};

}  // namespace understudy::boxoffice
