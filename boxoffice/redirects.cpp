#include "redirects.h"

#include <fmt/format.h>

namespace understudy::boxoffice {
namespace {

constexpr const char* kClicks = "short-links:clicks";
constexpr std::chrono::seconds kEvery{1};

}  // namespace

Redirects::Redirects(Site& site, Parts parts)
    : site_(site), parts_(std::move(parts)), thread_([this] { run(); }) {
  site_.add("GET", "/s/", Access::anybody, [this](Visit& visit) { return follow(visit); });
}

Redirects::~Redirects() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stopping_.notify_all();
  thread_.join();
}

http::Response Redirects::follow(Visit& visit) {
  const std::string code(visit.rest);
  const auto event = is_code(code) ? parts_.links.find(code) : std::optional<std::int64_t>();
  if (!event) return site_.trouble(visit, event.error());
  if (!*event) return site_.message(visit, 404, "No such link", "Nothing is behind this code.");
  // A click that is not counted must not keep anybody from coming along.
  if (visit.request.method == "GET" && !parts_.store.add(kClicks, code, 1))
    visit.event.add("error", "click not counted");
  http::Response response;
  response.status = 302;
  response.content_type = "text/plain; charset=utf-8";
  response.headers.emplace_back("Location",
                                fmt::format("{}/events/{}", parts_.webapp_url, **event));
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

void Redirects::run() {
  std::unique_lock lock(mutex_);
  for (bool last = false; !last;) {
    last = stopping_.wait_for(lock, kEvery, [this] { return stopped_; });
    lock.unlock();
    bring_counts();
    lock.lock();
  }
}

void Redirects::bring_counts() {
  const Permission permission = site_.writer_page().judge();
  if (!permission.open) return;
  const auto clicks = parts_.store.take(kClicks);
  if (!clicks || clicks->empty()) return;
  const auto counted = parts_.links.count(*clicks, permission);
  if (counted && *counted) return;
  const bool refused = counted ? true : counted.error().after != After::unknown;
  parts_.events.write("clicks.not_counted",
                      WideEvent().add("error", counted ? "the database is of another epoch"
                                                       : counted.error().what));
  if (!refused) return;
  for (const auto& [code, number] : *clicks)
    if (!parts_.store.add(kClicks, code, number)) return;
}

}  // namespace understudy::boxoffice
