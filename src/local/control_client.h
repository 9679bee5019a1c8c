#pragma once
// The control plane's HTTP: mutual TLS, JSON in and out, one error convention. Registry, agents,
// vantages and controller all answer 2xx with an object, or 4xx/5xx with {"after", "what"}.

#include <boost/json/object.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "ports/clock.h"
#include "system/http_client.h"

namespace understudy {

/// One peer's address, "127.0.3.1:7500", with the means to reach it. Thread-safe.
class ControlClient {
 public:
  /// `http` may serve several clients; `clock` outlives this.
  ControlClient(std::shared_ptr<const http::Client> http, std::string address, const Clock& clock)
      : http_(std::move(http)), address_(std::move(address)), clock_(clock) {}

  /// Any answer with an object in it, whatever its status.
  struct Answer {
    unsigned status = 0;
    boost::json::object body;
  };

  /// Errors of the transport, or an answer that is not an object (unknown).
  [[nodiscard]] Result<Answer> call(const std::string& method, const std::string& path_and_query,
                                    const boost::json::object* body, BootTime deadline) const;

  /// The body of a 2xx; any other status becomes the error it carries.
  [[nodiscard]] Result<boost::json::object> get(const std::string& path_and_query,
                                                BootTime deadline) const;
  [[nodiscard]] Result<boost::json::object> post(const std::string& path,
                                                 const boost::json::object& body,
                                                 BootTime deadline) const;

 private:
  std::shared_ptr<const http::Client> http_;
  std::string address_;
  const Clock& clock_;
};

}  // namespace understudy
