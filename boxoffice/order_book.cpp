#include "order_book.h"

namespace understudy::boxoffice {
namespace {

#define RFC_3339(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

constexpr const char* kLines =
    "SELECT o.id, o.event, e.name, e.venue, " RFC_3339("e.starts_at") ", o.seat, o.buyer,"
    " e.price_cents, o.region, o.epoch, " RFC_3339("o.at") ", o.refunded_at IS NOT NULL"
    " FROM orders o JOIN events e ON e.id = o.event ";

Result<std::vector<OrderLine>> to_lines(const Result<postgres::Rows>& rows) {
  if (!rows) return rows.error();
  std::vector<OrderLine> lines;
  for (std::size_t i = 0; i < rows->size(); ++i)
    lines.push_back({rows->number(i, 0), rows->number(i, 1), rows->at(i, 2), rows->at(i, 3),
                     rows->at(i, 4), rows->number(i, 5), rows->at(i, 6), rows->number(i, 7),
                     rows->at(i, 8), rows->number(i, 9), rows->at(i, 10), rows->at(i, 11) == "t"});
  return lines;
}

}  // namespace

Result<std::vector<OrderLine>> OrderBook::of_buyer(const std::string& buyer) {
  return to_lines(pool_.run("of_buyer",
                            std::string(kLines) + "WHERE o.buyer = $1 ORDER BY o.id DESC LIMIT 200",
                            {buyer}));
}

Result<std::vector<OrderLine>> OrderBook::search(const std::string& text,
                                                 std::optional<std::int64_t> before) {
  return to_lines(
      pool_.run("search_orders",
                std::string(kLines) +
                    "WHERE ($1 = '' OR o.id::text = $1 OR o.key = $1 OR e.id::text = $1"
                    " OR position(lower($1) in lower(o.buyer)) > 0)"
                    " AND ($2::bigint IS NULL OR o.id < $2::bigint)"
                    " ORDER BY o.id DESC LIMIT " +
                    std::to_string(kPage),
                {text, before ? std::optional(std::to_string(*before)) : std::nullopt}));
}

Result<std::vector<SalesLine>> OrderBook::sales() {
  const auto rows = pool_.run(
      "sales",
      "SELECT e.id, e.name, e.venue, " RFC_3339("e.starts_at") ", e.price_cents,"
      " coalesce(s.seats, 0),"
      " count(o.id) FILTER (WHERE o.refunded_at IS NULL), count(o.refunded_at)"
      " FROM events e"
      " LEFT JOIN (SELECT event, count(*) AS seats FROM seats GROUP BY event) s ON s.event = e.id"
      " LEFT JOIN orders o ON o.event = e.id GROUP BY e.id, s.seats ORDER BY e.id",
      {});
  if (!rows) return rows.error();
  std::vector<SalesLine> lines;
  for (std::size_t i = 0; i < rows->size(); ++i)
    lines.push_back({rows->number(i, 0), rows->at(i, 1), rows->at(i, 2), rows->at(i, 3),
                     rows->number(i, 4), rows->number(i, 5), rows->number(i, 6),
                     rows->number(i, 7)});
  return lines;
}

Result<std::vector<Payout>> OrderBook::payouts() {
  const auto rows =
      pool_.run("payouts",
                "SELECT e.venue, count(DISTINCT e.id), count(o.id),"
                " coalesce(sum(e.price_cents) FILTER (WHERE o.id IS NOT NULL), 0)"
                " FROM events e LEFT JOIN orders o ON o.event = e.id AND o.refunded_at IS NULL"
                " GROUP BY e.venue ORDER BY e.venue",
                {});
  if (!rows) return rows.error();
  std::vector<Payout> payouts;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const std::int64_t gross = rows->number(i, 3);
    payouts.push_back(
        {rows->at(i, 0), rows->number(i, 1), rows->number(i, 2), gross, gross * kFeePercent / 100});
  }
  return payouts;
}

}  // namespace understudy::boxoffice
