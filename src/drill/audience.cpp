#include "drill/audience.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "system/http_client.h"
#include "system/websocket_client.h"

namespace understudy::drill {

namespace {

constexpr unsigned kWatchers = 50;
constexpr auto kPatience = milliseconds(2000);
constexpr auto kLook = milliseconds(100);  ///< between looks at whether to leave
constexpr auto kBetweenReads = milliseconds(100);
constexpr auto kPageTimeout = milliseconds(10'000);

BootTime now() { return read_clocks().boot; }

const Service* of_kind(const Topology& topology, bool cached) {
  for (const Service* service : topology.reached_by(IngressKind::cdn)) {
    if ((service->posture == Posture::edge_cached) == cached) return service;
  }
  return nullptr;
}

}  // namespace

Audience::Audience(const Site& site) : site_(site) {
  for (unsigned i = 0; i < kWatchers; ++i) {
    Log& log = *watchers_.emplace_back(std::make_unique<Log>());
    threads_.emplace_back([this, i, &log] { watch(i, log); });
  }
  for (const auto& [kept, log] : {std::pair{true, &cached_}, std::pair{false, &dynamic_}}) {
    const Service* service = of_kind(site.topology(), kept);
    if (service == nullptr) continue;
    threads_.emplace_back([this, name = service->name, log] { read(name, *log); });
  }
}

Audience::~Audience() {
  leaving_ = true;
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Audience::watch(unsigned seed, Log& log) const {
  std::minstd_rand random(seed + 1);
  const Endpoint edge = site_.layout().edge_http();
  const std::string target = fmt::format("/feed?event={}", 1 + seed % 400);
  const auto pause = [&](unsigned from_ms, unsigned to_ms) {
    std::this_thread::sleep_for(milliseconds(from_ms + random() % (to_ms - from_ms)));
  };
  while (!leaving_) {
    const BootTime began = now();
    auto socket = http::WebSocketClient::connect(edge.address, edge.port, target, kPatience);
    auto first = socket ? (*socket)->read(kPatience) : Result<std::string>(socket.error());
    if (!first) {
      pause(250, 500);
      continue;
    }
    log.push_back({began, now()});
    for (bool open = true; open && !leaving_;) {
      auto message = (*socket)->read(kLook);
      open = message || message.error().after == After::unchanged_retry;
    }
    pause(0, 200);
  }
}

void Audience::read(const std::string& service, Log& log) const {
  const http::Client client;
  const std::string url = fmt::format("http://{}/", site_.layout().edge_cdn().text());
  while (!leaving_) {
    const BootTime began = now();
    auto answer = client.send(url, {.method = "GET", .headers = {{"Host", service + ".localhost"}}},
                              kPageTimeout);
    log.push_back({began, now(), answer.ok() && answer->status / 100 == 2});
    std::this_thread::sleep_for(kBetweenReads);
  }
}

AudienceSeen Audience::leave(BootTime fault_at, std::optional<BootTime> ready_at) {
  leaving_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  AudienceSeen seen{.watchers = static_cast<unsigned>(watchers_.size())};
  std::vector<std::int64_t> back_ms;
  for (const auto& log : watchers_) {
    const auto again = std::find_if(log->begin(), log->end(),
                                    [&](const Heard& heard) { return heard.began > fault_at; });
    if (again == log->end()) continue;
    ++seen.watchers_back;
    if (ready_at) back_ms.push_back(std::max<std::int64_t>(0, to_ms(again->at - *ready_at)));
  }
  std::sort(back_ms.begin(), back_ms.end());
  if (!back_ms.empty()) seen.back_p99_ms = back_ms[(back_ms.size() * 99 - 1) / 100];
  for (const auto& [log, pages] :
       {std::pair{&cached_, &seen.cached}, std::pair{&dynamic_, &seen.dynamic}}) {
    for (const Heard& page : *log) {
      if (page.at <= fault_at) continue;
      ++pages->reads;
      pages->errors += page.well ? 0U : 1U;
      pages->longest_ms = std::max<std::int64_t>(pages->longest_ms, to_ms(page.at - page.began));
    }
  }
  return seen;
}

}  // namespace understudy::drill
