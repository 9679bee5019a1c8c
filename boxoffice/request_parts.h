#pragma once
// What every role does with a request: find its route, name it, log it, keep its answer in bounds.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "system/http.h"
#include "wide_event.h"
#include "writer_page.h"

namespace understudy::boxoffice {

/// One to 200 visible ASCII characters: what keys and codes are made of.
[[nodiscard]] bool is_printable(std::string_view text);
/// 128 bits, hard to guess: who has a hold's token or a session's name may use it.
[[nodiscard]] std::string random_name();
/// A positive number that fits PostgreSQL's bigint.
[[nodiscard]] std::optional<std::int64_t> to_number(std::string_view text);
/// A positive number that fits PostgreSQL's integer.
[[nodiscard]] std::optional<std::int64_t> to_id(std::string_view text);

/// Answers with `work`, and writes one line about it; the answer carries the request's id.
[[nodiscard]] http::Response answer_logged(WideEvents& events, const http::Request& request,
                                           const std::function<http::Response(WideEvent&)>& work);

/// Makes an answer one that leaves only while the lease under which it was earned stands. The time
/// until then goes along, so that a proxy that was frozen with the answer in hand can drop it.
/// `page` and `events` outlive the server; `what` is for the log.
void acknowledge(http::Response& response, const WriterPage& page, WideEvents& events,
                 const Permission& permission, std::string_view what);

/// A path that ends with '/' takes one more segment, the handler's `rest`.
template <class Handle>
struct Route {
  std::string_view method;
  std::string_view path;
  Handle handle;
};

template <class Handle>
struct FoundRoute {
  const Route<Handle>* route = nullptr;
  std::string_view rest;  ///< of the request's path
  std::string allowed;    ///< if none: the methods that the path has; "" if it has none
};

/// A HEAD is a GET whose body the server leaves out.
template <class Handle>
[[nodiscard]] FoundRoute<Handle> find_route(std::span<const Route<Handle>> routes,
                                            const http::Request& request) {
  std::string_view method = request.method;
  if (method == "HEAD") method = "GET";
  const std::string_view path = request.path;
  FoundRoute<Handle> found;
  for (const auto& route : routes) {
    std::string_view rest;
    if (route.path.size() > 1 && route.path.ends_with('/')) {
      if (!path.starts_with(route.path) || path.size() == route.path.size()) continue;
      rest = path.substr(route.path.size());
      if (rest.find('/') != std::string_view::npos) continue;
    } else if (path != route.path) {
      continue;
    }
    if (method == route.method) return {&route, rest, ""};
    found.allowed += (found.allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  return found;
}

}  // namespace understudy::boxoffice
