#include "drill/lag_watch.h"

#include <optional>

#include "local/render.h"
#include "system/postgres.h"

namespace understudy::drill {
namespace {

constexpr auto kBetweenLooks = milliseconds(250);
constexpr auto kStatement = milliseconds(500);
constexpr const char* kLag =
    "SELECT (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * "
    "1000)::bigint WHERE pg_is_in_recovery()";

}  // namespace

LagWatch::LagWatch(const Site& site, std::string standby)
    : site_(site), standby_(std::move(standby)), thread_([this] { look_on_and_on(); }) {}

LagWatch::~LagWatch() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void LagWatch::look_on_and_on() {
  std::optional<postgres::Connection> session;
  while (!stopping_) {
    if (!session || !session->connected()) {
      session.reset();
      auto opened = postgres::Connection::open(
          superuser_conninfo(site_.layout(), standby_, site_.secrets()), kStatement);
      if (opened) session.emplace(std::move(*opened));
    }
    if (session) {
      const BootTime at = read_clocks().boot;
      auto rows = session->run(kLag, {}, kStatement);
      if (rows && !rows->empty() && rows->rows[0][0]) looks_.push_back({at, rows->number(0, 0)});
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

std::vector<LagSample> LagWatch::stop(const Instant& fault_at) {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  std::vector<LagSample> samples;
  samples.reserve(looks_.size());
  for (const Look& look : looks_)
    samples.push_back(
        {std::chrono::floor<milliseconds>(look.at - fault_at.boot).count(), look.lag_ms});
  return samples;
}

}  // namespace understudy::drill
