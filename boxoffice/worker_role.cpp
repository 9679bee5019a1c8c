#include "worker_role.h"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "bodies.h"
#include "health.h"
#include "outbox_bell.h"
#include "process.h"
#include "system/http_server.h"
#include "worker.h"

namespace understudy::boxoffice {
namespace {

constexpr std::chrono::seconds kGrace{2};
/// One for each thread of the worker and one for /unsent.
constexpr unsigned kSessions = 5;

http::Response answer(const http::Request& request, Health& health, Outbox& outbox) {
  if (request.path != "/unsent") return health.answer(request);
  if (request.method != "GET") return {.status = 405, .body = R"({"error":"expected GET"})"};
  auto unsent = outbox.unsent();
  if (unsent) return {.status = 200, .body = std::move(*unsent)};
  return {.status = 503, .body = fmt::format(R"({{"error":{}}})", quoted(unsent.error().what))};
}

}  // namespace

Result<WorkerSettings> read_worker_settings(const Environment& environment) {
  WorkerSettings read;
  read.postbox.url = value_of(environment, "NOTIFICATIONS_URL");
  if (!read.postbox.url.starts_with("http://") && !read.postbox.url.starts_with("https://"))
    return wrong_variable("NOTIFICATIONS_URL",
                          read.postbox.url.empty() ? "is not set" : "is no URL",
                          "where this region's notifications service is, http://host:port");
  if (read.postbox.url.ends_with('/')) read.postbox.url.pop_back();
  read.postbox.token = value_of(environment, "NOTIFICATIONS_TOKEN");
  if (read.postbox.token.empty())
    return wrong_variable("NOTIFICATIONS_TOKEN", "is not set",
                          "the secret that the notifications service knows, too");
  read.platform = value_of(environment, "PLATFORM");
  if (read.platform.empty()) read.platform = "boxoffice";
  if (!is_address(message_id(1, "mail", read.platform)))
    return wrong_variable("PLATFORM", fmt::format("is \"{}\"", read.platform),
                          "letters, digits and hyphens");
  return read;
}

int run_worker(const Configuration& configuration, const Environment& environment) {
  const auto settings = read_worker_settings(environment);
  if (!settings) return complain(settings.error().what, kWrongConfiguration);
  const sigset_t signals = take_signals();
  setenv("PGAPPNAME", configuration.instance.c_str(), 1);
  WideEvents events(configuration.role, configuration.region, configuration.instance);
  const auto page = open_page(configuration, events);
  DatabasePool pool(configuration.database, kSessions);
  Outbox outbox(pool, configuration.region);
  ReadinessCheck readiness(configuration.database, configuration.region, *page);
  Health health([&] { return readiness.ask(); }, events, configuration.region);

  std::unique_ptr<http::Server> server;
  if (configuration.port) {
    auto started = http::Server::start(
        {.address = configuration.host,
         .port = *configuration.port,
         .is_urgent = Health::is_health},
        [&](const http::Request& request) { return answer(request, health, outbox); });
    if (!started) return complain(started.error().what, kCannotServe);
    server = std::move(started).value();
  }
  const Postbox postbox(settings->postbox);
  Worker worker(outbox, postbox, *page, events, settings->platform);
  const OutboxBell bell(configuration.database, [&worker] { worker.ring(); });
  events.write("started", WideEvent());

  const int received = await_signal(signals);
  readiness.drain();
  worker.stop();
  if (server) server->stop(kGrace);
  events.write("stopped", WideEvent().add("signal", std::int64_t{received}));
  return 0;
}

}  // namespace understudy::boxoffice
