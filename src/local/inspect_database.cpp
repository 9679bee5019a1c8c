#include "local/inspect_database.h"

#include "system/postgres.h"

namespace understudy {

namespace {

// Settings in which a standby must follow its primary, and what keeps the log for it.
constexpr const char* kSettings = R"(
  SELECT name, setting FROM pg_settings
   WHERE name IN ('max_connections', 'max_wal_senders', 'max_prepared_transactions',
                  'max_locks_per_transaction', 'max_worker_processes', 'max_replication_slots',
                  'wal_level', 'wal_log_hints', 'track_commit_timestamp', 'hot_standby',
                  'max_slot_wal_keep_size', 'block_size', 'wal_segment_size', 'server_encoding'))";

// Settings of a library that is not loaded are not shown here, even if the file names them.
constexpr const char* kSelf = R"(
  SELECT current_setting('server_version'),
         COALESCE(datcollversion, ''),
         COALESCE(pg_database_collation_actual_version(oid), ''),
         EXISTS (SELECT FROM pg_settings WHERE name = 'understudy_fence.page'),
         (SELECT COALESCE(sum(size), 0)::bigint FROM pg_ls_waldir())
    FROM pg_database WHERE datname = current_database())";

constexpr const char* kExtensions = R"(
  SELECT extname, COALESCE(default_version, '')
    FROM pg_extension LEFT JOIN pg_available_extensions ON name = extname)";

constexpr const char* kSlots =
    "SELECT slot_name, COALESCE(wal_status, '') FROM pg_replication_slots";

Result<std::map<std::string, std::string>> pairs(postgres::Connection& session, const char* sql,
                                                 milliseconds timeout) {
  auto rows = session.run(sql, {}, timeout);
  if (!rows) return rows.error();
  std::map<std::string, std::string> all;
  for (std::size_t i = 0; i < rows->size(); ++i) all[rows->at(i, 0)] = rows->at(i, 1);
  return all;
}

}  // namespace

Result<DatabaseInspection> inspect_database(const std::string& conninfo, milliseconds timeout) {
  auto session = postgres::Connection::open(conninfo, timeout);
  if (!session) return session.error();
  auto self = session->run(kSelf, {}, timeout);
  if (!self) return self.error();
  DatabaseInspection seen;
  seen.version = self->at(0, 0);
  seen.collation_recorded = self->at(0, 1);
  seen.collation_actual = self->at(0, 2);
  seen.fence_loaded = self->at(0, 3) == "t";
  seen.wal_bytes = static_cast<std::uint64_t>(self->number(0, 4));
  for (const auto& [sql, into] :
       {std::pair{kSettings, &seen.settings}, std::pair{kExtensions, &seen.extensions},
        std::pair{kSlots, &seen.slots}}) {
    auto read = pairs(*session, sql, timeout);
    if (!read) return read.error();
    *into = std::move(*read);
  }
  return seen;
}

}  // namespace understudy
