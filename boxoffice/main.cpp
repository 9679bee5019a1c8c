// The boxoffice: one program, a ROLE each. docs/boxoffice.md tells what they are.

#include <cstdlib>
#include <memory>

#include "api.h"
#include "catalog.h"
#include "configuration.h"
#include "cron.h"
#include "database.h"
#include "notifications.h"
#include "orders.h"
#include "page_settings.h"
#include "pages.h"
#include "process.h"
#include "readiness.h"
#include "seat_feed.h"
#include "wide_event.h"
#include "worker_role.h"
#include "writer_page.h"

namespace understudy::boxoffice {
namespace {

constexpr std::chrono::seconds kGrace{5};

Result<std::unique_ptr<http::Server>> serve(const Configuration& configuration, Api& api,
                                            Pages* pages) {
  http::ServerOptions options;
  options.address = configuration.host;
  options.port = *configuration.port;
  options.workers = configuration.workers;
  options.body_bytes_max = 16 * 1024;
  options.is_urgent = Health::is_health;
  // Enough that a database that does not answer makes nobody's check queue for long.
  options.urgent_workers = 16;
  if (pages != nullptr)
    return http::Server::start(options, [&api, pages](const auto& request) {
      return Health::is_health(request) ? api.answer_health(request) : pages->answer(request);
    });
  if (configuration.role == Role::api_cron)
    return http::Server::start(options,
                               [&api](const auto& request) { return api.answer_health(request); });
  return http::Server::start(
      options, [&api](const auto& request) { return api.answer(request); },
      [&api](const auto& request, auto socket) { api.open_feed(request, std::move(socket)); });
}

int run(const Configuration& configuration, const PageSettings& settings) {
  const sigset_t signals = take_signals();
  setenv("PGAPPNAME", configuration.instance.c_str(), 1);
  WideEvents events(configuration.role, configuration.region, configuration.instance);
  const auto page = open_page(configuration, events);
  DatabasePool pool(configuration.database,
                    configuration.role == Role::api_cron ? 1 : configuration.connections);
  Orders orders(pool, configuration.region);
  Catalog catalog(pool);
  SeatFeed feed(catalog, *page, configuration.redis, configuration.instance);
  ReadinessCheck readiness(configuration.database, configuration.region, *page);
  Api api({orders, catalog, feed, readiness, *page, events, configuration.region});
  const auto pages =
      make_pages(configuration, settings, {pool, orders, catalog, feed, *page, events});

  std::unique_ptr<http::Server> server;
  if (configuration.port) {
    auto started = serve(configuration, api, pages.get());
    if (!started) return complain(started.error().what, kCannotServe);
    server = std::move(started).value();
  }
  std::unique_ptr<Cron> cron;
  if (configuration.role == Role::api_cron)
    cron = std::make_unique<Cron>(orders, feed, *page, events, configuration.instance);
  events.write("started", WideEvent());

  const int received = await_signal(signals);
  readiness.drain();
  if (server) server->stop(kGrace);
  if (cron) cron->stop();
  feed.stop();
  events.write("stopped", WideEvent().add("signal", std::int64_t{received}));
  return 0;
}

}  // namespace
}  // namespace understudy::boxoffice

int main() {
  using namespace understudy::boxoffice;
  const Environment environment = [](const char* name) { return std::getenv(name); };
  const auto configuration = read_configuration(environment);
  if (!configuration) return complain(configuration.error().what, kWrongConfiguration);
  if (configuration->role == Role::api_worker) return run_worker(*configuration, environment);
  if (configuration->role == Role::notifications)
    return run_notifications(*configuration, environment);
  const auto settings = read_page_settings(*configuration, environment);
  if (!settings) return complain(settings.error().what, kWrongConfiguration);
  return run(*configuration, *settings);
}
