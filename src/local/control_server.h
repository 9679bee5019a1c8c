#pragma once
// The serving side of the control plane: mutual TLS, JSON in and out, and who may call what.

#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "local/layout.h"
#include "system/http_server.h"

namespace understudy {

/// A call that was let in: by whom, and with what. `body` is empty for GET.
struct ControlCall {
  const http::Request& request;
  const boost::json::object& body;
};

/// One path. `callers`: the certificates that may use it, by common name; a trailing '*' stands for
/// any ending. Anyone else gets 403.
struct ControlRoute {
  std::string method;
  std::string path;
  std::vector<std::string> callers;
  std::function<http::Response(const ControlCall&)> handle;
};

/// 200 with an object.
[[nodiscard]] http::Response control_answer(boost::json::object body);
/// {"after", "what"} with 422 for what is final, 503 for what may be repeated, 500 for the unknown.
[[nodiscard]] http::Response control_error(const Error& error);
/// The answer of a Result.
template <class Value, class ToJson>
[[nodiscard]] http::Response control_result(const Result<Value>& result, ToJson to_json) {
  return result ? control_answer(to_json(*result)) : control_error(result.error());
}

/// How long the caller lets us take: its "wait_ms", at most ten seconds; half a second if it says
/// nothing.
[[nodiscard]] milliseconds wait_of(const ControlCall& call);

/// Serves the routes at `endpoint` until the returned server is stopped.
[[nodiscard]] Result<std::unique_ptr<http::Server>> serve_control(const Endpoint& endpoint,
                                                                  const http::Tls& tls,
                                                                  std::vector<ControlRoute> routes,
                                                                  unsigned workers);

}  // namespace understudy
