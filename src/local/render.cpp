#include "local/render.h"

#include <fmt/format.h>

#include <filesystem>

namespace understudy {

namespace {

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

/// What the role `understudy` may do with slots: keep the one that remembers the changes a failover
/// may lose, move it on, and make the one of the other region's standby. With REPLICATION it could
/// read every table.
///
/// Moved on by a segment of the log at a time, since each move reads the log anew from the last
/// snapshot before it. A slot that was lost (max_slot_wal_keep_size) is made anew.
constexpr const char* kSlotActs = R"(
CREATE FUNCTION understudy.keep_changes_since(standby_has pg_lsn) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  slot record;
BEGIN
  SELECT wal_status, confirmed_flush_lsn INTO slot
    FROM pg_replication_slots WHERE slot_name = 'understudy_salvage';
  IF slot.wal_status = 'lost' THEN
    PERFORM pg_drop_replication_slot('understudy_salvage');
  ELSIF FOUND THEN
    IF standby_has - slot.confirmed_flush_lsn >= 16 * 1024 * 1024 THEN
      PERFORM pg_replication_slot_advance('understudy_salvage', least(standby_has, pg_current_wal_flush_lsn()));
    END IF;
    RETURN;
  END IF;
  PERFORM pg_create_logical_replication_slot('understudy_salvage', 'wal2json');
END $$;
COMMENT ON FUNCTION understudy.keep_changes_since(pg_lsn) IS 'what this database commits after that position can be told row by row later, even after a failover';
REVOKE EXECUTE ON FUNCTION understudy.keep_changes_since(pg_lsn) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION understudy.keep_changes_since(pg_lsn) TO understudy;
CREATE FUNCTION understudy.keep_log_for(standby name) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  slot record;
BEGIN
  SELECT wal_status, restart_lsn INTO slot FROM pg_replication_slots WHERE slot_name = standby;
  IF FOUND AND (slot.restart_lsn IS NULL OR slot.wal_status = 'lost') THEN
    PERFORM pg_drop_replication_slot(standby);
  ELSIF FOUND THEN
    RETURN;
  END IF;
  PERFORM pg_create_physical_replication_slot(standby, true);
END $$;
COMMENT ON FUNCTION understudy.keep_log_for(name) IS 'keeps the log from the last restartpoint on for the standby that is to come back; before a promotion';
REVOKE EXECUTE ON FUNCTION understudy.keep_log_for(name) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION understudy.keep_log_for(name) TO understudy;
)";

}  // namespace

std::string private_socket_folder(const Layout& layout, const std::string& region) {
  return layout.memory() + "/" + region + ".private";
}

/// `_` for `-`, which may not be in a slot's name.
std::string replication_slot(const std::string& region) {
  std::string name = "region_" + region;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}

std::string replication_conninfo(const Layout& layout, const std::string& region) {
  const Endpoint other = layout.postgres(layout.topology().other(region).name);
  return fmt::format(
      "host={} port={} user=understudy_replicator passfile={} application_name={} "
      "connect_timeout=2",
      other.address, other.port, layout.domain(region).file("replication.pass"), region);
}

std::string postgres_configuration(const Layout& layout, const std::string& region) {
  const Topology& topology = layout.topology();
  const DomainPlace place = layout.domain(region);
  return fmt::format(R"(# Written by understudy up; made anew by the next one.
data_directory = '{folder}/postgres'
hba_file = '{folder}/pg_hba.conf'
ident_file = '{folder}/pg_ident.conf'
external_pid_file = ''
listen_addresses = '{address}'
port = {port}
unix_socket_directories = ''
max_connections = {connections}
superuser_reserved_connections = 10
password_encryption = scram-sha-256
client_connection_check_interval = 1s
shared_buffers = 64MB
jit = off
# Below the data folder, so that a killed server leaves nothing in /dev/shm.
dynamic_shared_memory_type = mmap

# The fence: no commit without an open page.
shared_preload_libraries = '{data}/bin/understudy_fence.so'
understudy_fence.page = '{page}'

# Either region may be primary or standby; which one it is, standby.signal says.
# What a failover loses is told row by row by a logical slot: logical.
wal_level = logical
include_if_exists = '{folder}/output-plugins.conf'
wal_log_hints = on
hot_standby = on
hot_standby_feedback = on
track_commit_timestamp = on
max_wal_senders = 10
max_replication_slots = 10
max_slot_wal_keep_size = 4GB
# A region that was left comes back by its own log from before the histories parted.
wal_keep_size = 128MB
# In the data folder: what a killed server leaves in /dev/shm would stay for ever.
dynamic_shared_memory_type = mmap
# The default of 5 s delays one promotion in five by as much.
wal_retrieve_retry_interval = 100ms
wal_receiver_status_interval = 1s
wal_receiver_timeout = 5s
wal_sender_timeout = 5s
primary_conninfo = '{primary}'
primary_slot_name = '{slot}'
include_if_exists = '{folder}/commits.conf'

logging_collector = off
log_line_prefix = '%m [%p] %q%u@%d '
log_connections = off
log_checkpoints = off
)",
                     fmt::arg("folder", place.folder), fmt::arg("data", layout.data()),
                     fmt::arg("address", layout.postgres(region).address),
                     fmt::arg("port", layout.postgres(region).port),
                     fmt::arg("connections", topology.database.connections_max),
                     fmt::arg("page", layout.page(region)),
                     fmt::arg("primary", replication_conninfo(layout, region)),
                     fmt::arg("slot", replication_slot(region)));
}

std::string postgres_admission(const Layout& /*layout*/, bool admitting) {
  std::string text =
      "# Written by understudy: the agent admits applications while the region may write, or is a "
      "standby.\n"
      "host all         postgres              127.0.0.0/8 scram-sha-256\n"
      "host all         understudy            127.0.0.0/8 scram-sha-256\n"
      "host all         understudy_probe      127.0.0.0/8 scram-sha-256\n"
      "host replication understudy_replicator 127.0.0.0/8 scram-sha-256\n"
      // For pg_rewind: to what it may call there see bootstrap_cluster().
      "host postgres    understudy_replicator 127.0.0.0/8 scram-sha-256\n";
  text += admitting ? "host all         all                   127.0.0.0/8 scram-sha-256\n"
                    : "host all         all                   127.0.0.0/8 reject\n";
  return text;
}

std::string replication_passfile(const Layout& layout, const std::string& region,
                                 const StackSecrets& secrets) {
  const Endpoint other = layout.postgres(layout.topology().other(region).name);
  return fmt::format("{}:{}:*:understudy_replicator:{}\n", other.address, other.port,
                     secrets.replication_role);
}

std::string bootstrap_cluster(const Layout& layout, const StackSecrets& secrets) {
  const Topology& topology = layout.topology();
  std::string slots;
  for (const Region& region : topology.regions) {
    if (region.name == topology.home) continue;
    slots += fmt::format("SELECT pg_create_physical_replication_slot({}, true);\n",
                         quoted(replication_slot(region.name)));
  }
  return fmt::format(
      R"(
CREATE ROLE understudy LOGIN PASSWORD '{understudy}';
GRANT pg_monitor, pg_signal_backend TO understudy;
CREATE ROLE understudy_probe LOGIN PASSWORD '{probe}' CONNECTION LIMIT 20;
CREATE ROLE understudy_replicator REPLICATION LOGIN PASSWORD '{replication}';
-- For pg_rewind. They read what a base backup, which this role may take, has in it anyway.
GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean), pg_stat_file(text, boolean),
  pg_read_binary_file(text), pg_read_binary_file(text, bigint, bigint, boolean) TO understudy_replicator;
GRANT pg_checkpoint TO understudy_replicator;
CREATE ROLE "{application}" LOGIN PASSWORD '{application_password}';
{slots})",
      fmt::arg("understudy", secrets.understudy_role), fmt::arg("probe", secrets.probe_role),
      fmt::arg("replication", secrets.replication_role),
      fmt::arg("application", topology.database.application_role),
      fmt::arg("application_password", secrets.application_role), fmt::arg("slots", slots));
}

std::string bootstrap_database(const Layout& layout) {
  std::string regions;  // by whose names standbys report
  for (const Region& region : layout.topology().regions)
    regions += (regions.empty() ? "" : ", ") + quoted(region.name);
  return fmt::format(R"(
GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer), pg_reload_conf() TO understudy;
CREATE SCHEMA understudy AUTHORIZATION understudy;
SET ROLE understudy;
CREATE TABLE understudy.epoch (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),  -- one row
  epoch bigint NOT NULL,
  region text NOT NULL,
  term bigint NOT NULL
);
COMMENT ON TABLE understudy.epoch IS 'the epoch of the last region that was made active here; the write path checks it';
CREATE TABLE understudy.heartbeat (at timestamptz NOT NULL);
INSERT INTO understudy.heartbeat VALUES (clock_timestamp());
CREATE TABLE understudy.verification (
  transition bigint PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE understudy.salvaged (
  epoch bigint,          -- whose failover lost it
  xid bigint,            -- of the transaction in the old region
  replayed_as xid NOT NULL,
  renamed jsonb NOT NULL,  -- numbers that rows had there and have here
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (epoch, xid)
);
COMMENT ON TABLE understudy.salvaged IS 'transactions that a failover lost and understudy salvage replay has brought here';
CREATE FUNCTION understudy.standby_flushed() RETURNS pg_lsn
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
  $$ SELECT max(flush_lsn) FROM pg_stat_replication WHERE state = 'streaming' AND application_name IN ({regions}) $$;
COMMENT ON FUNCTION understudy.standby_flushed() IS 'how far the standby has made the log durable, null if none is streaming; applications may not read pg_stat_replication';
REVOKE EXECUTE ON FUNCTION understudy.standby_flushed() FROM PUBLIC;
GRANT USAGE ON SCHEMA understudy TO "{application}";
GRANT SELECT ON understudy.epoch TO "{application}";
GRANT SELECT, INSERT ON understudy.salvaged TO "{application}";
GRANT EXECUTE ON FUNCTION understudy.standby_flushed() TO "{application}";
RESET ROLE;
{slot_acts})",
                     fmt::arg("regions", regions), fmt::arg("slot_acts", kSlotActs),
                     fmt::arg("application", layout.topology().database.application_role));
}

std::string redis_configuration(const Layout& layout, const std::string& region,
                                const StackSecrets& secrets) {
  const Endpoint redis = layout.redis(region);
  return fmt::format(
      R"(# Written by understudy up. Nothing here must survive: sessions, cache, fan-out.
bind {}
port {}
protected-mode yes
requirepass {}
save ""
appendonly no
maxmemory 64mb
maxmemory-policy allkeys-lru
dir {}/redis
)",
      redis.address, redis.port, secrets.redis, layout.domain(region).folder);
}

std::string haproxy_socket(const Layout& layout, const std::string& domain) {
  return fmt::format("{}/{}-haproxy.sock", layout.memory(), domain);
}

std::string understudy_conninfo(const Layout& layout, const std::string& region,
                                const StackSecrets& secrets) {
  const Endpoint server = layout.postgres(region);
  return fmt::format(
      "host={} port={} user=understudy dbname={} password={} application_name=understudy",
      server.address, server.port, layout.topology().database.name, secrets.understudy_role);
}

std::string superuser_conninfo(const Layout& layout, const std::string& region,
                               const StackSecrets& secrets) {
  const Endpoint server = layout.postgres(region);
  return fmt::format(
      "host={} port={} user=postgres dbname={} password={} application_name=understudy-drill",
      server.address, server.port, layout.topology().database.name, secrets.postgres_superuser);
}

std::string application_conninfo(const Layout& layout, const std::string& region,
                                 const StackSecrets& secrets) {
  const Endpoint server = layout.postgres(region);
  const DatabaseSettings& database = layout.topology().database;
  return fmt::format("host={} port={} user={} dbname={} password={}", server.address, server.port,
                     database.application_role, database.name, secrets.application_role);
}

std::string deployed_program(const Layout& layout, const std::string& region,
                             const Service& service) {
  const std::filesystem::path program(service.command.at(0));
  return layout.domain(region).file("bin/" + service.name + "/" + program.filename().string());
}

}  // namespace understudy
