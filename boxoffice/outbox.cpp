#include "outbox.h"

#include <fmt/format.h>

#include <algorithm>

namespace understudy::boxoffice {
namespace {

using Cell = std::optional<std::string>;

constexpr std::int64_t kFailuresMax = 20;
constexpr std::chrono::seconds kWaitMax{15 * 60};

Cell epoch_of(const Permission& permission) {
  return permission.epoch ? Cell(std::to_string(*permission.epoch)) : std::nullopt;
}
Cell seconds(std::chrono::seconds length) { return std::to_string(length.count()) + " seconds"; }

/// PostgreSQL's array. Requires: words of our own, which need no quotes.
template <class Values>
std::string array(const Values& values) {
  return fmt::format("{{{}}}", fmt::join(values, ","));
}

Result<bool> to_bool(const Result<postgres::Rows>& rows) {
  if (!rows) return rows.error();
  return rows->at(0, 0) == "t";
}

}  // namespace

std::optional<std::chrono::seconds> retry_after(std::int64_t failures) {
  if (failures >= kFailuresMax) return std::nullopt;
  const auto doublings = std::clamp<std::int64_t>(failures - 1, 0, 10);
  return std::min(kWaitMax, std::chrono::seconds(std::int64_t{1} << doublings));
}

Result<std::vector<Job>> Outbox::claim(std::size_t most, std::chrono::seconds lease,
                                       const Permission& permission) {
  auto rows =
      pool_.run("claim_outbox",
                "SELECT id, kind, attempts, lease, order_id, buyer, seat, event_name, venue,"
                " to_char(starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"')"
                " FROM claim_outbox($1, $2, $3, $4)",
                {std::to_string(most), seconds(lease), epoch_of(permission), region_});
  if (!rows) return rows.error();
  std::vector<Job> jobs;
  for (std::size_t row = 0; row < rows->size(); ++row)
    jobs.push_back({rows->number(row, 0), rows->at(row, 1), rows->number(row, 2), rows->at(row, 3),
                    Ticket{rows->number(row, 4), rows->at(row, 5), rows->number(row, 6),
                           rows->at(row, 7), rows->at(row, 8), rows->at(row, 9)}});
  return jobs;
}

Result<Outbox::Claimed> Outbox::claim_messages(const std::vector<MessageClaim>& messages,
                                               const Permission& permission) {
  std::vector<std::int64_t> orders;
  std::vector<std::string> media;
  std::vector<std::string> ids;
  for (const MessageClaim& each : messages) {
    orders.push_back(each.order);
    media.push_back(each.medium);
    ids.push_back(each.message_id);
  }
  auto rows = pool_.run("claim_mails",
                        "SELECT order_of, medium_of, outcome FROM claim_mails($1, $2, $3, $4, $5)",
                        {array(orders), array(media), array(ids), epoch_of(permission), region_});
  if (!rows) return rows.error();
  if (rows->size() != messages.size())
    return Error{After::unchanged_retry, "the database belongs to another epoch or region"};
  Claimed claimed{messages, ""};
  for (std::size_t row = 0; row < rows->size(); ++row)
    claimed.messages[row].outcome = rows->at(row, 2);
  // Asked after the commit, so it lies behind it.
  auto position = pool_.run("log_position", "SELECT pg_current_wal_lsn()", {});
  if (!position) return position.error();
  claimed.log_position = position->at(0, 0);
  return claimed;
}

Result<bool> Outbox::standby_has(const std::string& log_position) {
  return to_bool(pool_.run("standby_has",
                           "SELECT coalesce(understudy.standby_flushed() >= $1::pg_lsn, false)",
                           {log_position}));
}

Result<bool> Outbox::finish(const Job& job, const Sendings& sendings,
                            const Permission& permission) {
  return to_bool(pool_.run(
      "finish_outbox", "SELECT finish_outbox($1, $2, $3, $4, $5)",
      {std::to_string(job.id), job.lease, array(sendings.sent), epoch_of(permission), region_}));
}

Result<bool> Outbox::fail(const Job& job, const Sendings& sendings, const std::string& error,
                          std::optional<std::chrono::seconds> wait, const Permission& permission) {
  return to_bool(
      pool_.run("fail_outbox", "SELECT fail_outbox($1, $2, $3, $4, $5, $6, $7, $8)",
                {std::to_string(job.id), job.lease, array(sendings.sent), array(sendings.not_sent),
                 error, wait ? seconds(*wait) : std::nullopt, epoch_of(permission), region_}));
}

Result<bool> Outbox::put_back(const Job& job, const Sendings& sendings, std::chrono::seconds wait,
                              const Permission& permission) {
  return to_bool(
      pool_.run("fail_outbox", "SELECT fail_outbox($1, $2, $3, $4, $5, $6, $7, $8)",
                {std::to_string(job.id), job.lease, array(sendings.sent), array(sendings.not_sent),
                 std::nullopt, seconds(wait), epoch_of(permission), region_}));
}

Result<std::string> Outbox::unsent() {
  auto rows = pool_.run(
      "unsent",
      "SELECT json_build_object('count', (SELECT count(*) FROM unsent), 'messages',"
      " coalesce((SELECT json_agg(u) FROM (SELECT * FROM unsent ORDER BY claimed_at LIMIT 1000) u),"
      " '[]'))",
      {});
  if (!rows) return rows.error();
  return rows->at(0, 0);
}

}  // namespace understudy::boxoffice
