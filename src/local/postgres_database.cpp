#include "local/postgres_database.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <vector>

#include "system/file.h"
#include "system/postgres.h"

namespace understudy {

namespace {

// WAL positions as plain numbers. A standby that has just started knows no received position yet.
constexpr const char* kStateQuery = R"(
  SELECT recovering,
         CASE WHEN recovering
              THEN COALESCE((SELECT received_tli FROM pg_stat_wal_receiver), 0)
              ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int END,
         CASE WHEN recovering
              THEN GREATEST(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn
              ELSE pg_current_wal_insert_lsn() - '0/0'::pg_lsn END::bigint,
         CASE WHEN recovering
              THEN COALESCE(pg_last_wal_replay_lsn() - '0/0'::pg_lsn, 0)
              ELSE pg_current_wal_insert_lsn() - '0/0'::pg_lsn END::bigint,
         CASE WHEN recovering
              THEN EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')
              ELSE EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming') END,
         (EXTRACT(epoch FROM pg_last_xact_replay_timestamp()) * 1000000)::bigint,
         COALESCE((SELECT epoch FROM understudy.epoch), 0),
         COALESCE((SELECT max(flush_lsn) - '0/0'::pg_lsn FROM pg_stat_replication
                    WHERE state = 'streaming'), 0)::bigint
    FROM (SELECT pg_is_in_recovery() AS recovering) AS now)";

// Never lowers an epoch, whatever comes late.
constexpr const char* kPublish = R"(
  INSERT INTO understudy.epoch (one, epoch, region, term) VALUES (true, $1, $2, $3)
  ON CONFLICT (one) DO UPDATE SET epoch = EXCLUDED.epoch, region = EXCLUDED.region, term = EXCLUDED.term
   WHERE understudy.epoch.epoch < EXCLUDED.epoch)";

constexpr const char* kBeat = "UPDATE understudy.heartbeat SET at = clock_timestamp()";

constexpr const char* kKeepChanges =
    "SELECT understudy.keep_changes_since('0/0'::pg_lsn + $1::numeric)";

constexpr const char* kKeepLog = "SELECT understudy.keep_log_for($1)";
constexpr auto kKeepLogPatience = milliseconds(500);

constexpr const char* kEndSessions = R"(
  SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
   WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
     AND usename NOT IN (SELECT rolname FROM pg_roles
                          WHERE rolsuper OR rolreplication OR rolname LIKE 'understudy%'))";

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(PostgresAccess access, Clock& clock)
      : access_(std::move(access)), clock_(clock) {}

  Result<DatabaseState> state(BootTime deadline) override {
    auto rows = run("state", kStateQuery, {}, deadline);
    if (!rows) return rows.error();
    const auto& row = rows->rows.at(0);
    DatabaseState state;
    state.role = row[0] == "t" ? DatabaseRole::standby : DatabaseRole::primary;
    state.timeline = static_cast<std::uint64_t>(rows->number(0, 1));
    state.written = static_cast<WalPosition>(row[2] ? rows->number(0, 2) : 0);
    state.replayed = static_cast<WalPosition>(rows->number(0, 3));
    state.streaming = row[4] == "t";
    if (row[5]) state.newest_commit = WallTime(std::chrono::microseconds(rows->number(0, 5)));
    state.epoch = static_cast<std::uint64_t>(rows->number(0, 6));
    state.standby_written = static_cast<WalPosition>(rows->number(0, 7));
    std::error_code unknown;
    const auto room = std::filesystem::space(access_.folder, unknown);
    if (!unknown) state.disk_free_bytes = room.available;
    return state;
  }

  Result<DatabaseState> promote(BootTime deadline) override {
    auto now = state(deadline);
    if (!now || now->role == DatabaseRole::primary) return now;
    // While this one has the log from before the parting: the other region comes back by it.
    // Without it, it is copied; a promotion waits for no more than that.
    if (!access_.standby_slot.empty()) {
      (void)run("keep-log", kKeepLog, {access_.standby_slot},
                std::min(deadline, clock_.boot() + kKeepLogPatience));
    }
    if (auto asked = run("promote", "SELECT pg_promote(false)", {}, deadline); !asked) {
      return within("asking for the promotion", asked.error());
    }
    while (true) {
      auto seen = run("recovering", "SELECT pg_is_in_recovery()", {}, deadline);
      if (seen && seen->at(0, 0) == "f") return state(deadline);
      if (clock_.boot() >= deadline) {
        return Error{After::unknown, "the promotion was asked for, and is not done yet"};
      }
      clock_.sleep_until(clock_.boot() + milliseconds(2));
    }
  }

  Result<Done> publish_epoch(std::uint64_t epoch, const std::string& region, std::uint64_t term,
                             BootTime deadline) override {
    return done(
        run("publish", kPublish, {std::to_string(epoch), region, std::to_string(term)}, deadline));
  }

  Result<Done> beat(BootTime deadline) override { return done(run("beat", kBeat, {}, deadline)); }

  Result<Done> hold_commits(bool held, BootTime deadline) override {
    auto written = file::write_durably(access_.commits_file,
                                       commits_configuration(held ? access_.standby : ""), 0600);
    if (!written) return written;
    auto loaded = run("reload", "SELECT pg_reload_conf()", {}, deadline);
    if (!loaded) return loaded.error();
    return Done{};
  }

  Result<Done> admit_application(bool admitted, BootTime deadline) override {
    auto written = file::write_durably(access_.admission_file,
                                       admitted ? access_.admitting : access_.refusing, 0600);
    if (!written) return written;
    if (auto loaded = run("reload", "SELECT pg_reload_conf()", {}, deadline); !loaded)
      return loaded.error();
    if (admitted) return Done{};
    return done(run("end-sessions", kEndSessions, {}, deadline));
  }

  Result<Done> keep_changes_since(WalPosition standby_has, BootTime deadline) override {
    return done(run("keep-changes", kKeepChanges, {std::to_string(standby_has)}, deadline));
  }

 private:
  static Result<Done> done(const Result<postgres::Rows>& rows) {
    if (!rows) return rows.error();
    return Done{};
  }

  [[nodiscard]] milliseconds rest(BootTime deadline) const {
    return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(deadline - clock_.boot()));
  }

  /// On a kept connection, or a new one. A connection that breaks on a kept one was perhaps closed
  /// long ago, by a restart of the server: such a statement is tried once more on a new one if it
  /// is harmless, and every statement here is.
  Result<postgres::Rows> run(const char* name, const char* sql,
                             const postgres::Parameters& parameters, BootTime deadline) {
    while (true) {
      auto kept = take();
      const bool fresh = !kept.has_value();
      if (fresh) {
        auto opened = postgres::Connection::open(access_.conninfo, rest(deadline));
        if (!opened) return opened.error();
        kept.emplace(std::move(*opened));
      }
      auto rows = kept->run_prepared(name, sql, parameters, rest(deadline));
      const bool usable = kept->connected();
      if (usable) give_back(std::move(*kept));
      if (rows || fresh || usable || clock_.boot() >= deadline) return rows;
    }
  }

  std::optional<postgres::Connection> take() {
    const std::lock_guard held(lock_);
    if (idle_.empty()) return std::nullopt;
    std::optional<postgres::Connection> taken(std::move(idle_.back()));
    idle_.pop_back();
    return taken;
  }

  void give_back(postgres::Connection connection) {
    const std::lock_guard held(lock_);
    idle_.push_back(std::move(connection));
  }

  const PostgresAccess access_;
  Clock& clock_;
  std::mutex lock_;
  std::vector<postgres::Connection> idle_;
};

}  // namespace

std::string commits_configuration(const std::string& standby) {
  return "# Written by understudy: the agent lets commits wait for the standby, or not.\n"
         "synchronous_standby_names = '" +
         standby + "'\n";
}

std::unique_ptr<Database> make_postgres_database(PostgresAccess access, Clock& clock) {
  return std::make_unique<PostgresDatabase>(std::move(access), clock);
}

}  // namespace understudy
