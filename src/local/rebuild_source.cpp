#include "local/rebuild_source.h"

#include <fmt/format.h>

#include "system/postgres.h"

namespace understudy {

namespace {

/// A session of the replication protocol that takes SQL, too; only in simple messages.
Result<postgres::Connection> open_replication(const std::string& conninfo, milliseconds timeout) {
  auto session =
      postgres::Connection::open(conninfo + " replication=database dbname=postgres", timeout);
  if (!session) return within("the other region", session.error());
  return session;
}

}  // namespace

Result<RebuildSource> ask_source(const std::string& conninfo, milliseconds timeout) {
  auto session = open_replication(conninfo, timeout);
  if (!session) return session.error();
  auto recovering = session->run_script("SELECT pg_is_in_recovery()", timeout);
  if (!recovering) return recovering.error();
  if (recovering->at(0, 0) != "f")
    return Error{After::unchanged_retry, "the other region's database is no primary"};
  auto identity = session->run_script("IDENTIFY_SYSTEM", timeout);
  if (!identity) return identity.error();
  auto size =
      session->run_script("SELECT sum(pg_database_size(oid))::bigint FROM pg_database", timeout);
  if (!size) return size.error();
  RebuildSource source{.system = identity->at(0, 0),
                       .timeline = static_cast<std::uint64_t>(identity->number(0, 1)),
                       .history = {},
                       .bytes = static_cast<std::uint64_t>(size->number(0, 0))};
  std::string file;
  if (source.timeline > 1) {
    auto history =
        session->run_script(fmt::format("TIMELINE_HISTORY {}", source.timeline), timeout);
    if (!history) return history.error();
    file = history->at(0, 1);
  }
  auto history = parse_timeline_history(source.timeline, file);
  if (!history)
    return Error{After::unchanged_final, "the other region's timeline history cannot be read"};
  source.history = std::move(*history);
  return source;
}

Result<Done> make_timeline_known(const std::string& conninfo, milliseconds timeout) {
  auto session = open_replication(conninfo, timeout);
  if (!session) return session.error();
  auto known = session->run_script(
      "SELECT timeline_id = ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, "
      "8))::bit(32)::int FROM pg_control_checkpoint()",
      timeout);
  if (!known) return known.error();
  if (known->at(0, 0) == "t") return Done{};
  auto done = session->run_script("CHECKPOINT", timeout);
  if (!done) return within("the other region's checkpoint", done.error());
  return Done{};
}

Result<Done> keep_slot_there(const std::string& conninfo, const std::string& slot,
                             milliseconds timeout) {
  auto session = open_replication(conninfo, timeout);
  if (!session) return session.error();
  auto found = session->run_script(
      fmt::format("SELECT wal_status FROM pg_replication_slots WHERE slot_name = '{}'", slot),
      timeout);
  if (!found) return found.error();
  const bool reserves = !found->empty() && found->rows[0][0] && *found->rows[0][0] != "lost";
  if (reserves) return Done{};
  if (!found->empty()) {
    auto dropped = session->run_script(fmt::format("DROP_REPLICATION_SLOT {}", slot), timeout);
    if (!dropped) return dropped.error();
  }
  auto made = session->run_script(
      fmt::format("CREATE_REPLICATION_SLOT {} PHYSICAL RESERVE_WAL", slot), timeout);
  if (!made) return within("the slot " + slot + " of the other region", made.error());
  return Done{};
}

}  // namespace understudy
