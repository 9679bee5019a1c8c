#pragma once
// What each buyer wants: mostly any good seat, now and then one that others want as well.

#include <cstdint>
#include <optional>
#include <random>
#include <string>

namespace understudy::drill {

/// The events and seats that are on sale: events 1..events, each with seats 1..seats_per_event.
struct Venue {
  unsigned events = 400;
  unsigned seats_per_event = 500;
};

struct Wish {
  std::int64_t event = 0;
  std::optional<std::int64_t> seat;  ///< none: best available
};

/// The same venue, share and seed give the same wishes. Particular seats are wanted by three buyers
/// each on average, some at once and some seconds apart, from the back of the venue, where
/// best-available buyers come last.
class Wishes {
 public:
  /// Requires: a venue with at least one seat; particular_percent <= 100.
  Wishes(Venue venue, unsigned particular_percent, std::uint64_t seed);
  [[nodiscard]] Wish next();
  /// "/" or the page of an event.
  [[nodiscard]] std::string next_page();

 private:
  Wish particular();

  Venue venue_;
  unsigned particular_percent_;
  std::mt19937_64 random_;
  std::uint64_t particular_made_ = 0;
};

}  // namespace understudy::drill
