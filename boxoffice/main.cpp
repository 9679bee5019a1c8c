// The boxoffice: ROLE=api-web sells tickets, ROLE=api-cron does the scheduled work.

#include <fmt/format.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "api.h"
#include "catalog.h"
#include "configuration.h"
#include "cron.h"
#include "database.h"
#include "orders.h"
#include "readiness.h"
#include "seat_feed.h"
#include "wide_event.h"
#include "writer_page.h"

namespace understudy::boxoffice {
namespace {

constexpr std::chrono::seconds kGrace{5};
constexpr int kCannotServe = 1;
constexpr int kWrongConfiguration = 2;

/// Blocked in all threads, taken by the main one. A proxy that hangs up must not kill us either.
sigset_t take_signals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

std::unique_ptr<WriterPage> open_page(const Configuration& configuration) {
  if (configuration.unprotected) return std::make_unique<WriterPage>(WriterPage::Unprotected{});
  return std::make_unique<WriterPage>(configuration.page);
}

Result<std::unique_ptr<http::Server>> serve(const Configuration& configuration, Api& api) {
  http::ServerOptions options;
  options.address = configuration.host;
  options.port = *configuration.port;
  options.workers = configuration.workers;
  options.body_bytes_max = 16 * 1024;
  options.is_urgent = Api::is_health;
  // Enough that a database that does not answer makes nobody's check queue for long.
  options.urgent_workers = 16;
  if (configuration.role == Role::api_cron)
    return http::Server::start(options,
                               [&api](const auto& request) { return api.answer_health(request); });
  return http::Server::start(
      options, [&api](const auto& request) { return api.answer(request); },
      [&api](const auto& request, auto socket) { api.open_feed(request, std::move(socket)); });
}

int run(const Configuration& configuration) {
  const sigset_t signals = take_signals();
  setenv("PGAPPNAME", configuration.instance.c_str(), 1);
  WideEvents events(configuration.role, configuration.region, configuration.instance);
  const auto page = open_page(configuration);
  if (configuration.unprotected)
    events.write("unprotected", WideEvent().add("warning",
                                                "UNDERSTUDY_UNPROTECTED=1: this process obeys no "
                                                "fence; two regions may sell the same seat"));
  DatabasePool pool(configuration.database,
                    configuration.role == Role::api_cron ? 1 : configuration.connections);
  Orders orders(pool, configuration.region);
  Catalog catalog(pool);
  SeatFeed feed(catalog, *page, configuration.redis, configuration.instance);
  ReadinessCheck readiness(configuration.database, configuration.region, *page);
  Api api({orders, catalog, feed, readiness, *page, events, configuration.region});

  std::unique_ptr<http::Server> server;
  if (configuration.port) {
    auto started = serve(configuration, api);
    if (!started) {
      fmt::print(stderr, "boxoffice: {}\n", started.error().what);
      return kCannotServe;
    }
    server = std::move(started).value();
  }
  std::unique_ptr<Cron> cron;
  if (configuration.role == Role::api_cron)
    cron = std::make_unique<Cron>(orders, feed, *page, events, configuration.instance);
  events.write("started", WideEvent());

  int received = 0;
  sigwait(&signals, &received);
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
  const auto configuration = read_configuration([](const char* name) { return std::getenv(name); });
  if (!configuration) {
    fmt::print(stderr, "boxoffice: {}\n", configuration.error().what);
    return kWrongConfiguration;
  }
  return run(*configuration);
}
