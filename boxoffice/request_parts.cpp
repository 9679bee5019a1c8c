#include "request_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <random>

namespace understudy::boxoffice {
namespace {

constexpr std::size_t kKeyBytesMax = 200;

std::string request_id(const http::Request& request) {
  const std::string_view given = request.header("X-Request-Id");
  if (is_printable(given) && given.size() <= 64) return std::string(given);
  return random_name().substr(0, 16);
}

}  // namespace

bool is_printable(std::string_view text) {
  return !text.empty() && text.size() <= kKeyBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::string random_name() {
  thread_local std::random_device device;
  const auto half = [] { return std::uint64_t{device()} << 32U | device(); };
  return fmt::format("{:016x}{:016x}", half(), half());
}

std::optional<std::int64_t> to_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}

std::optional<std::int64_t> to_id(std::string_view text) {
  const auto number = to_number(text);
  return number && *number <= std::numeric_limits<std::int32_t>::max() ? number : std::nullopt;
}

http::Response answer_logged(WideEvents& events, const http::Request& request,
                             const std::function<http::Response(WideEvent&)>& work) {
  const auto began = std::chrono::steady_clock::now();
  const std::string id = request_id(request);
  WideEvent event;
  event.add("request", id).add("method", request.method);
  http::Response response = work(event);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  event.add("status", std::int64_t{response.status}).add("ms", took.count());
  events.write("request", event);
  response.headers.emplace_back("X-Request-Id", id);
  return response;
}

void acknowledge(http::Response& response, const WriterPage& page, WideEvents& events,
                 const Permission& permission, std::string_view what) {
  if (page.is_unprotected()) return;
  // A proxy counts from when the request came to it, which was before we judged: so neither needs
  // the other's clock.
  if (const auto until = page.judge().until_ns) {
    response.headers.emplace_back("Understudy-Acknowledge-Within",
                                  std::to_string((*until - permission.judged_at_ns) / 1'000'000));
  }
  response.may_leave = [&page, &events, permission, what = std::string(what)] {
    if (page.still_permits(permission)) return true;
    events.write("acknowledgement.withheld",
                 WideEvent().add("epoch", permission.epoch).add("order", what));
    return false;
  };
}

}  // namespace understudy::boxoffice
