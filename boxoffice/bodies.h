#pragma once
// Requests' and answers' bodies: JSON and one small page.

#include <string>
#include <vector>

#include "base/result.h"
#include "catalog.h"
#include "orders.h"

namespace understudy::boxoffice {

/// Text as a JSON string, with its quotes.
[[nodiscard]] std::string quoted(std::string_view text);

/// {"event": n, "buyer": "...", "seat": n, "hold": "..."}; the last two may be absent. The error
/// names the field that is missing or wrong and what was expected.
[[nodiscard]] Result<Wish> read_wish(std::string_view body);
/// As a wish without `hold`, with "seconds": n (1 to 3600, 120 if absent).
struct HoldWish {
  Wish wish;
  std::int64_t seconds = 120;
};
[[nodiscard]] Result<HoldWish> read_hold_wish(std::string_view body);

/// "region" and "epoch" are the sale's own and never change; `region` and `epoch` say who tells of
/// it now, which after a failover is another one ("acknowledged_by").
[[nodiscard]] std::string sale_body(const Sale& sale, std::string_view region, std::int64_t epoch);
[[nodiscard]] std::string hold_body(const Hold& hold);
[[nodiscard]] std::string events_body(const std::vector<Event>& events);
/// {"type":"snapshot","event":n,"seats":[[seat,state,version],...]}: the answer to a seat map's
/// request and the first message of a feed alike.
[[nodiscard]] std::string seats_body(std::int64_t event, const std::vector<SeatChange>& seats);
/// {"type":"seat","event":n,"seat":n,"state":"...","version":n}
[[nodiscard]] std::string change_body(const SeatChange& change);
/// A page that lists the first events.
[[nodiscard]] std::string events_page(const std::vector<Event>& events, std::string_view region);

}  // namespace understudy::boxoffice
