#include "orders.h"

namespace understudy::boxoffice {
namespace {

using Cell = std::optional<std::string>;

Cell number(std::int64_t value) { return std::to_string(value); }
Cell number(const std::optional<std::int64_t>& value) {
  return value ? Cell(std::to_string(*value)) : std::nullopt;
}
Cell epoch_of(const Permission& permission) { return number(permission.epoch); }

std::string text_or_empty(const postgres::Rows& rows, std::size_t column) {
  return rows.rows.front()[column].value_or("");
}
std::int64_t number_or_zero(const postgres::Rows& rows, std::size_t column) {
  return rows.rows.front()[column] ? rows.number(0, column) : 0;
}

}  // namespace

Result<Sale> Orders::buy(const Wish& wish, const Permission& permission) {
  auto rows = pool_.run("buy",
                        "SELECT outcome, order_id, seat_sold, version, epoch, region"
                        " FROM buy($1, $2, $3, $4, $5, $6, $7)",
                        {wish.key, number(wish.event), number(wish.seat), wish.buyer, wish.hold,
                         epoch_of(permission), region_});
  if (!rows) return rows.error();
  return Sale{rows->at(0, 0),           text_or_empty(*rows, 1),  wish.event,
              number_or_zero(*rows, 2), number_or_zero(*rows, 3), number_or_zero(*rows, 4),
              text_or_empty(*rows, 5)};
}

Result<Hold> Orders::hold(const Wish& wish, std::int64_t seconds, const std::string& token,
                          const Permission& permission) {
  auto rows =
      pool_.run("hold",
                "SELECT outcome, seat_held, version,"
                " to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
                " FROM hold($1, $2, $3, $4, $5, $6, $7)",
                {token, number(wish.event), number(wish.seat), wish.buyer, number(seconds),
                 epoch_of(permission), region_});
  if (!rows) return rows.error();
  return Hold{
      rows->at(0, 0),         token, wish.event, number_or_zero(*rows, 1), number_or_zero(*rows, 2),
      text_or_empty(*rows, 3)};
}

Result<Hold> Orders::release(const std::string& token, const Permission& permission) {
  auto rows = pool_.run("release",
                        "SELECT outcome, event_freed, seat_freed, version"
                        " FROM release($1, $2, $3)",
                        {token, epoch_of(permission), region_});
  if (!rows) return rows.error();
  return Hold{rows->at(0, 0),           token, number_or_zero(*rows, 1), number_or_zero(*rows, 2),
              number_or_zero(*rows, 3), ""};
}

Result<Refund> Orders::refund(std::int64_t order, const Permission& permission) {
  auto rows = pool_.run("refund",
                        "SELECT outcome, event_freed, seat_freed, version FROM refund($1, $2, $3)",
                        {number(order), epoch_of(permission), region_});
  if (!rows) return rows.error();
  return Refund{rows->at(0, 0), number_or_zero(*rows, 1), number_or_zero(*rows, 2),
                number_or_zero(*rows, 3)};
}

Result<Sale> Orders::find(const std::string& key) {
  auto rows =
      pool_.run("find", "SELECT id, event, seat, epoch, region FROM orders WHERE key = $1", {key});
  if (!rows) return rows.error();
  if (rows->empty()) return Sale{.outcome = "unsold"};
  return Sale{"sold", rows->at(0, 0),     rows->number(0, 1), rows->number(0, 2),
              0,      rows->number(0, 3), rows->at(0, 4)};
}

Result<bool> Orders::claim_tick(std::int64_t second, const std::string& instance,
                                const Permission& permission) {
  auto rows = pool_.run("claim_tick", "SELECT claim_tick($1, $2, $3, $4)",
                        {number(second), instance, epoch_of(permission), region_});
  if (!rows) return rows.error();
  return rows->at(0, 0) == "t";
}

Result<std::vector<SeatChange>> Orders::expire_holds(std::int64_t second,
                                                     const Permission& permission) {
  auto rows = pool_.run("expire_holds", "SELECT event, seat, version FROM expire_holds($1, $2, $3)",
                        {number(second), epoch_of(permission), region_});
  if (!rows) return rows.error();
  std::vector<SeatChange> freed;
  for (std::size_t row = 0; row < rows->size(); ++row)
    freed.push_back({rows->number(row, 0), rows->number(row, 1), "free", rows->number(row, 2)});
  return freed;
}

}  // namespace understudy::boxoffice
