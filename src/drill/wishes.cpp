#include "drill/wishes.h"

#include <fmt/format.h>

#include "base/ensure.h"

namespace understudy::drill {
namespace {
constexpr std::uint64_t kRivals = 3;   // buyers who want the same seat, on average
constexpr std::uint64_t kSpread = 20;  // seats that are fought over at a time
}  // namespace

Wishes::Wishes(Venue venue, unsigned particular_percent, std::uint64_t seed)
    : venue_(venue), particular_percent_(particular_percent), random_(seed) {
  ensure(venue_.events > 0, "a venue has events");
  ensure(venue_.seats_per_event > 0, "an event has seats");
  ensure(particular_percent_ <= 100, "a share is at most 100 percent");
}

Wish Wishes::next() {
  if (random_() % 100 < particular_percent_) return particular();
  return Wish{static_cast<std::int64_t>(1 + random_() % venue_.events), std::nullopt};
}

Wish Wishes::particular() {
  const std::uint64_t front = particular_made_++ / kRivals;
  const std::uint64_t index = front + random_() % kSpread;
  const std::uint64_t row = index / venue_.events % venue_.seats_per_event;
  return Wish{static_cast<std::int64_t>(1 + index % venue_.events),
              static_cast<std::int64_t>(venue_.seats_per_event - row)};
}

std::string Wishes::next_page() {
  const auto draw = random_();
  if (draw % 2 == 0) return "/";
  return fmt::format("/api/events/{}", 1 + draw / 2 % venue_.events);
}

}  // namespace understudy::drill
