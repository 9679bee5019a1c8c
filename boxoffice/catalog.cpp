#include "catalog.h"

namespace understudy::boxoffice {

Result<Catalog::Events> Catalog::events() {
  // Under the lock, so that a thousand readers of an old list ask the database once.
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (known_ && now - known_since_ < std::chrono::seconds(1)) return known_;
  auto rows = pool_.run(
      "events",
      "SELECT id, name, venue, to_char(starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SSZ'),"
      " price_cents FROM events ORDER BY id",
      {});
  if (!rows) return rows.error();
  auto events = std::make_shared<std::vector<Event>>();
  events->reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row)
    events->push_back({rows->number(row, 0), rows->at(row, 1), rows->at(row, 2), rows->at(row, 3),
                       rows->number(row, 4)});
  known_ = std::move(events);
  known_since_ = now;
  return known_;
}

Result<std::optional<Event>> Catalog::find(std::int64_t event) {
  const auto all = events();
  if (!all) return all.error();
  for (const Event& known : **all)
    if (known.id == event) return std::optional(known);
  return std::optional<Event>();
}

Result<std::vector<SeatChange>> Catalog::seats(std::int64_t event) {
  auto rows =
      pool_.run("seats", "SELECT seat, state, version FROM seats WHERE event = $1 ORDER BY seat",
                {std::to_string(event)});
  if (!rows) return rows.error();
  std::vector<SeatChange> seats;
  seats.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row)
    seats.push_back({event, rows->number(row, 0), rows->at(row, 1), rows->number(row, 2)});
  return seats;
}

}  // namespace understudy::boxoffice
