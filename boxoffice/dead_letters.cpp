#include "dead_letters.h"

namespace understudy::boxoffice {

Result<std::vector<DeadLetter>> DeadLetters::all() {
  const auto rows =
      pool_.run("dead_letters",
                "SELECT id, kind, order_id, attempts, coalesce(error, ''),"
                " to_char(failed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
                " FROM outbox WHERE failed_at IS NOT NULL ORDER BY id LIMIT 200",
                {});
  if (!rows) return rows.error();
  std::vector<DeadLetter> letters;
  for (std::size_t i = 0; i < rows->size(); ++i)
    letters.push_back({rows->number(i, 0), rows->at(i, 1), rows->number(i, 2), rows->number(i, 3),
                       rows->at(i, 4), rows->at(i, 5)});
  return letters;
}

Result<bool> DeadLetters::requeue(std::int64_t id, const Permission& permission) {
  const auto rows =
      pool_.run("requeue", "SELECT requeue($1, $2, $3)",
                {std::to_string(id),
                 permission.epoch ? std::optional(std::to_string(*permission.epoch)) : std::nullopt,
                 region_});
  if (!rows) return rows.error();
  return rows->at(0, 0) == "t";
}

}  // namespace understudy::boxoffice
