#include "registry/record_store.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "ports/wire.h"
#include "recovery/record_changes.h"

namespace understudy {

namespace {

constexpr const char* kSchema = R"(
  CREATE TABLE IF NOT EXISTS change (
    version INTEGER PRIMARY KEY,
    author TEXT NOT NULL,
    at_boot_ns INTEGER NOT NULL,
    at_wall_ns INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT)";

constexpr std::uint64_t kKept = 100'000;

Error unbelievable(const std::string& file, const std::string& why) {
  return {After::unchanged_final,
          fmt::format("{}: {}; restore it or let a person decide", file, why)};
}

}  // namespace

Result<RecordStore> RecordStore::open(const std::string& file, const std::optional<Record>& first,
                                      const Clock& clock) {
  auto database = sqlite::Database::open(file, {.locking = sqlite::Locking::exclusive});
  if (!database) return database.error();
  if (auto made = database->run(kSchema); !made) return made.error();
  RecordStore store(std::move(*database), clock);
  std::optional<std::string> text;
  {
    auto newest =
        store.database_.prepare("SELECT record FROM change ORDER BY version DESC LIMIT 1");
    if (!newest) return newest.error();
    auto row = newest->step();
    if (!row) return row.error();
    if (*row) text = newest->text(0);
  }
  if (!text) {
    if (!first) return unbelievable(file, "it holds no record, and none was given to begin with");
    if (auto why = malformed(*first)) return unbelievable("the first record", *why);
    if (auto stored = store.store(*first, "up"); !stored) return stored.error();
    return store;
  }
  const auto object = wire::parse_object(*text);
  const auto record = object ? wire::record_from(*object) : std::nullopt;
  if (!record) return unbelievable(file, "its newest record cannot be read");
  if (auto why = malformed(*record)) return unbelievable(file, *why);
  store.current_ = *record;
  return store;
}

Replaced RecordStore::replace(const Record& next, const std::string& author) {
  if (next.nonce == current_.nonce && next.version == current_.version)
    return current_;  // a repeated request
  if (next.version != current_.version + 1) return Conflict{current_};
  if (const auto rule = broken_rule(current_, next)) {
    return Error{After::unchanged_final, "the registry refuses the change: " + *rule};
  }
  if (auto stored = store(next, author); !stored) return stored.error();
  return current_;
}

Result<Done> RecordStore::store(const Record& next, const std::string& author) {
  auto transaction = database_.begin();
  if (!transaction) return transaction.error();
  {
    auto insert = database_.prepare("INSERT INTO change VALUES (?, ?, ?, ?, ?)");
    if (!insert) return insert.error();
    auto inserted = insert
                        ->with(next.version, author, clock_->boot().time_since_epoch().count(),
                               clock_->wall().time_since_epoch().count(),
                               boost::json::serialize(wire::to_json(next)))
                        .run();
    if (!inserted) return inserted;
    if (next.version > kKept && next.version % 100 == 0) {
      auto prune = database_.prepare("DELETE FROM change WHERE version <= ?");
      if (!prune) return prune.error();
      if (auto pruned = prune->with(next.version - kKept).run(); !pruned) return pruned;
    }
  }
  auto committed = transaction->commit();
  if (committed) current_ = next;
  return committed;
}

Result<std::vector<LoggedChange>> RecordStore::changes_after(std::uint64_t version,
                                                             unsigned count) {
  auto query = database_.prepare(
      "SELECT author, at_boot_ns, at_wall_ns, record FROM change WHERE version > ? ORDER BY "
      "version LIMIT ?");
  if (!query) return query.error();
  query->with(version, count);
  std::vector<LoggedChange> changes;
  while (true) {
    auto row = query->step();
    if (!row) return row.error();
    if (!*row) return changes;
    const auto object = wire::parse_object(query->text(3));
    auto record = object ? wire::record_from(*object) : std::nullopt;
    if (!record) return Error{After::unchanged_final, "a logged change cannot be read"};
    changes.push_back({std::move(*record), query->text(0), BootTime(Duration(query->integer(1))),
                       WallTime(Duration(query->integer(2)))});
  }
}

}  // namespace understudy
