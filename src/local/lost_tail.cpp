#include "local/lost_tail.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "local/postgres_tool.h"
#include "local/wal2json_reader.h"
#include "local/waldump_reader.h"
#include "system/file.h"

namespace understudy {

namespace fs = std::filesystem;
namespace json = boost::json;

/// One pass over an old log.
struct LostTailKeeper::Reading {
  std::uint64_t epoch;
  std::uint64_t timeline;
  WalPosition diverged_at;
  BootTime deadline;
  postgres::Connection session;
  WalPosition end = 0;           ///< of the old log
  WalPosition slot_restart = 0;  ///< from where the slot keeps it
};

namespace {

constexpr int kBatch = 500;
constexpr const char* kDecoding = "logical-decoding";

Result<Done> done_if(const Result<postgres::Rows>& rows) {
  if (!rows) return rows.error();
  return Done{};
}

/// A path of the old log that tools read.
std::string log_folder(const DataFolder& data) { return data.path() + "/pg_wal"; }

}  // namespace

milliseconds LostTailKeeper::rest(BootTime deadline) const {
  return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(deadline - clock_.boot()));
}

std::string LostTailKeeper::note_path(std::uint64_t epoch) const {
  return fmt::format("{}/epoch-{}.kept.json", salvage_folder(place_.folder), epoch);
}

std::optional<KeptTail> LostTailKeeper::kept(std::uint64_t epoch) const {
  const auto text = file::read(note_path(epoch), 1 << 16);
  if (!text) return std::nullopt;
  try {
    const json::value whole = json::parse(*text);
    const json::object& object = whole.as_object();
    const auto words = [&](const char* name) {
      return json::value_to<std::string>(object.at(name));
    };
    const auto number = [&](const char* name) {
      return object.at(name).to_number<std::uint64_t>();
    };
    return KeptTail{.tail = {.file = words("file"),
                             .transactions = number("transactions"),
                             .changes = number("changes"),
                             .method = words("method"),
                             .diverged_at = parse_wal_position(words("diverged_at")).value()},
                    .epoch = number("epoch"),
                    .timeline = number("timeline"),
                    .log_end = parse_wal_position(words("log_end")).value()};
  } catch (const std::exception&) {
    return std::nullopt;  // none of ours: it is written anew
  }
}

std::optional<KeptTail> LostTailKeeper::kept_where(std::uint64_t timeline,
                                                   WalPosition diverged_at) const {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(salvage_folder(place_.folder), none)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("epoch-") || !name.ends_with(".kept.json")) continue;
    const auto found = kept(std::strtoull(name.c_str() + std::strlen("epoch-"), nullptr, 10));
    if (found && found->timeline == timeline && found->tail.diverged_at == diverged_at)
      return found;
  }
  return std::nullopt;
}

Result<Done> LostTailKeeper::note(const KeptTail& kept) const {
  if (auto folder = file::make_folder(salvage_folder(place_.folder), 0700); !folder) return folder;
  const json::object object{{"epoch", kept.epoch},
                            {"timeline", kept.timeline},
                            {"diverged_at", format_wal_position(kept.tail.diverged_at)},
                            {"log_end", format_wal_position(kept.log_end)},
                            {"method", kept.tail.method},
                            {"transactions", kept.tail.transactions},
                            {"changes", kept.tail.changes},
                            {"file", kept.tail.file}};
  return file::write_durably(note_path(kept.epoch), json::serialize(object) + "\n");
}

Result<KeptTail> LostTailKeeper::nothing_lost(std::uint64_t epoch, std::uint64_t timeline,
                                              WalPosition diverged_at) {
  const KeptTail kept{.tail = {.file = {},
                               .transactions = 0,
                               .changes = 0,
                               .method = "nothing-lost",
                               .diverged_at = diverged_at},
                      .epoch = epoch,
                      .timeline = timeline,
                      .log_end = diverged_at};
  if (auto noted = note(kept); !noted) return noted.error();
  return kept;
}

Result<KeptTail> LostTailKeeper::keep(std::uint64_t epoch, std::uint64_t timeline,
                                      WalPosition diverged_at, BootTime deadline) {
  // Nothing of the log may be recycled by what follows, and nothing new be written but what a start
  // and a shutdown write. The configuration loads the fence: nobody can commit, not even we.
  auto server = PrivatePostgres::start(
      {.programs = place_.programs,
       .directory = place_.folder,
       .data = data_.path(),
       .socket_folder = place_.socket_folder,
       .log_file = place_.folder + "/log/postgres.log",
       .settings = {"config_file=" + place_.folder + "/postgresql.conf", "wal_keep_size=1TB",
                    "max_slot_wal_keep_size=-1", "checkpoint_timeout=1d", "autovacuum=off",
                    "synchronous_standby_names="}});
  if (!server) return within("starting the old database", server.error());
  auto session = server->connect(place_.database, rest(deadline));
  if (!session) return within("reading the old database", session.error());
  Reading reading{epoch, timeline, diverged_at, deadline, std::move(*session), 0, 0};
  auto kept = read(reading);
  auto stopped = server->stop(rest(deadline));
  if (!kept) return kept;
  if (!stopped) return within("stopping the old database", stopped.error());
  auto control = data_.control(rest(deadline));
  if (!control) return control.error();
  kept->log_end = control->checkpoint;
  if (auto noted = note(*kept); !noted) return noted.error();
  return kept;
}

Result<KeptTail> LostTailKeeper::read(Reading& reading) {
  auto end = reading.session.run("SELECT pg_current_wal_flush_lsn()", {}, rest(reading.deadline));
  if (!end) return end.error();
  reading.end = parse_wal_position(end->at(0, 0)).value_or(0);
  auto can = can_decode(reading);
  if (!can) return can.error();
  if (!*can) return decoded_before_or_dumped(reading);
  auto tail = decode(reading);
  // The slot is there, and what it needs of the log is not.
  if (!tail && tail.error().after == After::unchanged_final) {
    file::log_line("what was lost cannot be decoded: " + tail.error().what);
    if (auto ended = reading.session.run_script("ROLLBACK", rest(reading.deadline)); !ended)
      return ended.error();
    return decoded_before_or_dumped(reading);
  }
  return as_kept(std::move(tail), reading);
}

/// What was decoded at an earlier reading tells more than a dump, and nobody has committed since:
/// the fence was loaded, and the region not the active one.
Result<KeptTail> LostTailKeeper::decoded_before_or_dumped(Reading& reading) {
  auto before = kept(reading.epoch);
  if (before && before->tail.method == kDecoding && before->timeline == reading.timeline &&
      before->tail.diverged_at == reading.diverged_at)
    return *std::move(before);
  return as_kept(dump(reading), reading);
}

Result<KeptTail> LostTailKeeper::as_kept(Result<LostTail> tail, const Reading& reading) {
  if (!tail) return tail.error();
  return KeptTail{
      .tail = *tail, .epoch = reading.epoch, .timeline = reading.timeline, .log_end = 0};
}

Result<bool> LostTailKeeper::can_decode(Reading& reading) {
  auto slot = reading.session.run(
      "SELECT restart_lsn, confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = $1 AND "
      "plugin = 'wal2json' AND database = current_database() AND wal_status <> 'lost'",
      {kSalvageSlot}, rest(reading.deadline));
  if (!slot) return slot.error();
  if (slot->empty() || !slot->rows[0][0] || !slot->rows[0][1]) return false;
  reading.slot_restart = parse_wal_position(slot->at(0, 0)).value_or(0);
  return parse_wal_position(slot->at(0, 1)).value_or(~WalPosition{0}) <= reading.diverged_at;
}

Result<LostTail> LostTailKeeper::decode(Reading& reading) {
  auto first_new = first_new_xid(reading);
  if (!first_new) return first_new.error();
  LostTail tail{.file = salvage_path(place_.folder, reading.epoch),
                .transactions = 0,
                .changes = 0,
                .method = kDecoding,
                .diverged_at = reading.diverged_at};
  auto writer = SalvageWriter::create(tail.file, {.platform = place_.platform,
                                                  .region = place_.region,
                                                  .epoch = reading.epoch,
                                                  .diverged_at = reading.diverged_at,
                                                  .timeline = reading.timeline,
                                                  .method = tail.method,
                                                  .database = place_.database,
                                                  .first_new_xid = *first_new,
                                                  .made_at = clock_.wall()});
  if (!writer) return writer.error();
  // A cursor: the server keeps what does not fit into memory, and we see a batch at a time.
  auto opened = reading.session.run_script(
      fmt::format("BEGIN; DECLARE tail NO SCROLL CURSOR FOR SELECT data FROM "
                  "pg_logical_slot_peek_changes('{}', NULL, NULL, {})",
                  kSalvageSlot, kWal2JsonOptions),
      rest(reading.deadline));
  if (!opened) return opened.error();
  Wal2JsonReader reader;
  while (true) {
    auto rows = reading.session.run_script(fmt::format("FETCH {} FROM tail", kBatch),
                                           rest(reading.deadline));
    if (!rows) return rows.error();
    if (rows->empty()) break;
    for (std::size_t row = 0; row < rows->size(); ++row) {
      auto transaction = reader.take(rows->at(row, 0));
      if (!transaction) return transaction.error();
      if (!*transaction || (*transaction)->changes.empty()) continue;
      // What the standby has, the slot may tell too.
      if ((*transaction)->commit_lsn < reading.diverged_at) continue;
      writer->add(to_json(**transaction));
      ++tail.transactions;
      tail.changes += (*transaction)->changes.size();
    }
  }
  if (auto ended = done_if(reading.session.run_script("ROLLBACK", rest(reading.deadline))); !ended)
    return ended.error();
  if (tail.transactions == 0) {
    tail.method = "nothing-lost";
    tail.file.clear();
    return tail;
  }
  if (auto finished = writer->finish(); !finished) return finished.error();
  return tail;
}

/// The new primary gives its first transaction at least the number that follows all that it had
/// seen in the log up to the parting. Younger rows there are told from older ones by it, without
/// anybody's clock.
Result<std::uint32_t> LostTailKeeper::first_new_xid(Reading& reading) {
  const std::string output = salvage_path(place_.folder, reading.epoch) + ".waldump";
  if (auto folder = file::make_folder(salvage_folder(place_.folder), 0700); !folder)
    return folder.error();
  auto status = run_postgres_tool_into(
      output, place_.folder,
      {place_.programs + "/pg_waldump", "-p", log_folder(data_), "-t",
       std::to_string(reading.timeline), "-s", format_wal_position(reading.slot_restart), "-e",
       format_wal_position(reading.diverged_at)},
      [] {}, rest(reading.deadline));
  WaldumpReader reader(0, {});
  std::ifstream lines(output);
  for (std::string line; std::getline(lines, line);) (void)reader.take(line);
  lines.close();
  fs::remove(output);
  if (!status) return status.error();
  if (reader.next_xid() == 0)
    return Error{After::unchanged_final, "the old log before the parting cannot be read"};
  return reader.next_xid();
}

Result<LostTail> LostTailKeeper::dump(Reading& reading) {
  auto database = reading.session.run(
      "SELECT oid FROM pg_database WHERE datname = current_database()", {}, rest(reading.deadline));
  if (!database) return database.error();
  auto files = reading.session.run(
      "SELECT pg_relation_filenode(c.oid), CASE WHEN n.nspname LIKE 'pg%' THEN 'pg_catalog' ELSE "
      "n.nspname END, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE c.relkind IN ('r', 'm', 't') AND pg_relation_filenode(c.oid) IS NOT NULL",
      {}, rest(reading.deadline));
  if (!files) return files.error();
  RelationNames names;
  for (std::size_t row = 0; row < files->size(); ++row)
    names[static_cast<std::uint32_t>(files->number(row, 0))] = {files->at(row, 1),
                                                                files->at(row, 2)};
  LostTail tail{.file = salvage_path(place_.folder, reading.epoch),
                .transactions = 0,
                .changes = 0,
                .method = "waldump",
                .diverged_at = reading.diverged_at};
  if (auto folder = file::make_folder(salvage_folder(place_.folder), 0700); !folder)
    return folder.error();
  const std::string output = tail.file + ".waldump";
  auto status = run_postgres_tool_into(
      output, place_.folder,
      {place_.programs + "/pg_waldump", "-p", log_folder(data_), "-t",
       std::to_string(reading.timeline), "-s", format_wal_position(reading.diverged_at), "-e",
       format_wal_position(reading.end)},
      [] {}, rest(reading.deadline));
  if (!status) return status.error();
  if (*status != 0) {
    const auto text = file::read(output);
    return Error{After::unchanged_final,
                 "the old log after the parting cannot be read; what was lost is still in " +
                     data_.path() + ": " + reason_in(text ? *text : "")};
  }
  auto writer = SalvageWriter::create(tail.file, {.platform = place_.platform,
                                                  .region = place_.region,
                                                  .epoch = reading.epoch,
                                                  .diverged_at = reading.diverged_at,
                                                  .timeline = reading.timeline,
                                                  .method = tail.method,
                                                  .database = place_.database,
                                                  .first_new_xid = 0,
                                                  .made_at = clock_.wall()});
  if (!writer) return writer.error();
  WaldumpReader reader(static_cast<std::uint32_t>(database->number(0, 0)), std::move(names));
  std::ifstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    auto transaction = reader.take(line);
    if (!transaction) continue;
    writer->add(to_json(*transaction));
    ++tail.transactions;
    for (const SalvagedCount& count : transaction->counts)
      tail.changes += count.inserts + count.updates + count.deletes;
  }
  lines.close();
  fs::remove(output);
  if (tail.transactions == 0) {
    tail.method = "nothing-lost";
    tail.file.clear();
    return tail;
  }
  if (auto copied = copy_log(reading); !copied) return copied.error();
  if (auto finished = writer->finish(); !finished) return finished.error();
  return tail;
}

/// The rows themselves are in it, for whoever can read them.
Result<Done> LostTailKeeper::copy_log(const Reading& reading) const {
  const std::string to =
      salvage_folder(place_.folder) + fmt::format("/epoch-{}.wal", reading.epoch);
  if (auto folder = file::make_folder(to, 0700); !folder) return folder;
  const std::string first = wal_segment_name(reading.timeline, reading.diverged_at);
  const std::string last = wal_segment_name(reading.timeline, reading.end);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(log_folder(data_), error)) {
    const std::string name = entry.path().filename();
    if (name.size() != first.size() || name < first || name > last) continue;
    auto content = file::read(entry.path(), 1ULL << 31);
    if (!content) return content.error();
    if (auto wrote = file::write_durably(to + "/" + name, *content); !wrote) return wrote;
  }
  if (error) return Error{After::unchanged_retry, log_folder(data_) + ": " + error.message()};
  return Done{};
}

}  // namespace understudy
