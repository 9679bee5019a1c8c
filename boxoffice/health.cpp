#include "health.h"

#include <fmt/format.h>

#include "bodies.h"

namespace understudy::boxoffice {

bool Health::is_health(const http::Request& request) {
  return request.path == "/ready" || request.path == "/live";
}

http::Response Health::answer(const http::Request& request) {
  if (request.path == "/ready") return ready();
  if (request.path == "/live") return {.status = 200, .body = R"({"live":true})"};
  return {.status = 404, .body = R"({"error":"there is nothing here"})"};
}

http::Response Health::ready() {
  const Readiness seen = ask_();
  // Asked many times a second: only a change is worth a line.
  if (was_ready_.exchange(seen.ready) != seen.ready) {
    WideEvent event;
    event.add("epoch", seen.epoch);
    if (!seen.ready) event.add("error", seen.why);
    events_.write(seen.ready ? "ready.gained" : "ready.lost", event);
  }
  if (seen.ready)
    return {.status = 200,
            .body = fmt::format(R"({{"ready":true,"region":{},"epoch":{}}})", quoted(region_),
                                seen.epoch.value_or(0))};
  return {.status = 503,
          .body = fmt::format(R"({{"ready":false,"region":{},"why":{}}})", quoted(region_),
                              quoted(seen.why))};
}

}  // namespace understudy::boxoffice
