#include "local/control_server.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdlib>

#include "ports/wire.h"

namespace understudy {

namespace json = boost::json;

namespace {

bool names(const std::string& pattern, const std::string& caller) {
  if (pattern.ends_with('*')) return caller.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == caller;
}

http::Response refuse(unsigned status, const std::string& what) {
  auto response = control_error({After::unchanged_final, what});
  response.status = status;
  return response;
}

http::Response route(const std::vector<ControlRoute>& routes, const http::Request& request) {
  bool known_path = false;
  for (const ControlRoute& candidate : routes) {
    if (candidate.path != request.path) continue;
    known_path = true;
    if (candidate.method != request.method) continue;
    const bool allowed =
        std::any_of(candidate.callers.begin(), candidate.callers.end(),
                    [&](const std::string& pattern) { return names(pattern, request.peer); });
    if (!allowed) return refuse(403, "\"" + request.peer + "\" may not call " + request.path);
    json::object body;
    if (!request.body.empty()) {
      auto parsed = wire::parse_object(request.body);
      if (!parsed) return refuse(400, "the request's body is not a JSON object");
      body = std::move(*parsed);
    }
    return candidate.handle({request, body});
  }
  // Not repeated: it may be any bytes, and the answer is JSON.
  return refuse(known_path ? 405 : 404, known_path ? "this path does not know the method"
                                                   : "nothing is served at this path");
}

}  // namespace

http::Response control_answer(json::object body) {
  return {.status = 200, .body = json::serialize(body)};
}

http::Response control_error(const Error& error) {
  const unsigned status = error.after == After::unchanged_final   ? 422U
                          : error.after == After::unchanged_retry ? 503U
                                                                  : 500U;
  return {.status = status, .body = json::serialize(wire::to_json(error))};
}

milliseconds wait_of(const ControlCall& call) {
  std::int64_t asked = 500;
  if (const auto* in_body = call.body.if_contains("wait_ms");
      in_body != nullptr && in_body->is_int64()) {
    asked = in_body->get_int64();
  } else if (const std::string in_query = call.request.parameter("wait_ms"); !in_query.empty()) {
    asked = std::strtoll(in_query.c_str(), nullptr, 10);
  }
  return milliseconds(std::clamp<std::int64_t>(asked, 0, 10'000));
}

Result<std::unique_ptr<http::Server>> serve_control(const Endpoint& endpoint, const http::Tls& tls,
                                                    std::vector<ControlRoute> routes,
                                                    unsigned workers) {
  http::ServerOptions options;
  options.address = endpoint.address;
  options.port = endpoint.port;
  options.tls = tls;
  options.workers = workers;
  return http::Server::start(options, [routes = std::move(routes)](const http::Request& request) {
    return route(routes, request);
  });
}

}  // namespace understudy
