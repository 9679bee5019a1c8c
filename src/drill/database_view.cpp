#include "drill/database_view.h"

#include "system/postgres.h"

namespace understudy::drill {
namespace {

// Nanoseconds as text, since a double cannot hold them. xmin's commit time is the truth about when
// a row came to be, if the server keeps it (it forgets frozen rows, hence the coalesce), and unless
// a refund has written the row again.
constexpr const char* kTracked =
    "SELECT key, id, event, seat, epoch, region,"
    " (extract(epoch FROM coalesce("
    "CASE WHEN refunded_at IS NULL THEN pg_xact_commit_timestamp(xmin) END, at))"
    " * 1000000000)::bigint,"
    " (extract(epoch FROM at) * 1000000000)::bigint, refunded_at IS NOT NULL"
    " FROM orders ORDER BY id";
constexpr const char* kUntracked =
    "SELECT key, id, event, seat, epoch, region,"
    " (extract(epoch FROM at) * 1000000000)::bigint,"
    " (extract(epoch FROM at) * 1000000000)::bigint, refunded_at IS NOT NULL"
    " FROM orders ORDER BY id";
constexpr const char* kTicks =
    "SELECT region, epoch, second, (extract(epoch FROM at) * 1000000000)::bigint"
    " FROM cron_ticks ORDER BY second";

Result<postgres::Rows> read_orders(postgres::Connection& session,
                                   std::chrono::milliseconds timeout) {
  auto tracking = session.run("SELECT current_setting('track_commit_timestamp')", {}, timeout);
  if (!tracking) return tracking.error();
  const bool tracked = !tracking->empty() && tracking->at(0, 0) == "on";
  return session.run(tracked ? kTracked : kUntracked, {}, timeout);
}

WallTime wall_at(const postgres::Rows& rows, std::size_t row, std::size_t column) {
  return WallTime(Duration(rows.number(row, column)));
}

}  // namespace

Result<DatabaseView> read_database(const std::string& region, const std::string& conninfo,
                                   std::chrono::milliseconds timeout) {
  const auto where = "reading the database of " + region;
  auto session = postgres::Connection::open(conninfo, timeout);
  if (!session) return within(where, session.error());
  const auto orders = read_orders(*session, timeout);
  if (!orders) return within(where + ", table orders", orders.error());
  const auto ticks = session->run(kTicks, {}, timeout);
  if (!ticks) return within(where + ", table cron_ticks", ticks.error());

  DatabaseView view;
  view.region = region;
  view.orders.reserve(orders->size());
  for (std::size_t row = 0; row < orders->size(); ++row) {
    view.orders.push_back(OrderRow{orders->at(row, 0), orders->at(row, 1), orders->number(row, 2),
                                   orders->number(row, 3), orders->number(row, 4),
                                   orders->at(row, 5), wall_at(*orders, row, 6),
                                   wall_at(*orders, row, 7), orders->at(row, 8) == "t"});
  }
  for (std::size_t row = 0; row < ticks->size(); ++row) {
    view.ticks.push_back(CronTick{ticks->at(row, 0), ticks->number(row, 1), ticks->number(row, 2),
                                  wall_at(*ticks, row, 3)});
  }
  return view;
}

}  // namespace understudy::drill
