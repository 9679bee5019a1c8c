#include "controller/sqlite_journal.h"

#include <fmt/format.h>

#include <mutex>

#include "system/sqlite.h"

namespace understudy {

namespace {

constexpr const char* kSchema = R"(
  CREATE TABLE IF NOT EXISTS execution (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL,
    seed INTEGER NOT NULL,
    started_ns INTEGER NOT NULL,
    status TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS event (
    execution TEXT NOT NULL REFERENCES execution (name),
    id INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (execution, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS kept (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  -- What was written is never written otherwise.
  CREATE TRIGGER IF NOT EXISTS event_stands BEFORE INSERT ON event
  WHEN EXISTS (SELECT 1 FROM event
               WHERE execution = NEW.execution AND id = NEW.id AND event <> NEW.event)
  BEGIN
    SELECT RAISE(ABORT, 'the journal has another event of this id');
  END)";

class SqliteJournal final : public Journal {
 public:
  explicit SqliteJournal(sqlite::Database database) : database_(std::move(database)) {}

  Result<Done> begin(const ExecutionEntry& entry) override {
    const std::lock_guard held(lock_);
    auto insert = database_.prepare(
        "INSERT INTO execution (name, document, seed, started_ns, status) VALUES (?, ?, ?, ?, ?)");
    if (!insert) return insert.error();
    return insert
        ->with(entry.name, entry.document, static_cast<std::int64_t>(entry.seed),
               entry.started.time_since_epoch().count(), entry.status)
        .run();
  }

  Result<Done> append(const std::string& execution,
                      std::vector<states::HistoryEvent>&& events) override {
    const std::lock_guard held(lock_);
    auto transaction = database_.begin();
    if (!transaction) return transaction.error();
    {
      auto insert = database_.prepare("INSERT OR IGNORE INTO event VALUES (?, ?, ?)");
      if (!insert) return insert.error();
      for (const states::HistoryEvent& event : events) {
        auto inserted = insert->with(execution, event.id, states::to_text(event)).run();
        if (!inserted) return inserted;
      }
    }
    return transaction->commit();
  }

  Result<Done> finish(const std::string& execution, const std::string& status) override {
    const std::lock_guard held(lock_);
    auto update = database_.prepare("UPDATE execution SET status = ? WHERE name = ?");
    if (!update) return update.error();
    return update->with(status, execution).run();
  }

  Result<std::vector<ExecutionEntry>> executions() override {
    const std::lock_guard held(lock_);
    auto query = database_.prepare(
        "SELECT name, document, seed, started_ns, status FROM execution ORDER BY number");
    if (!query) return query.error();
    std::vector<ExecutionEntry> entries;
    while (true) {
      auto row = query->step();
      if (!row) return row.error();
      if (!*row) return entries;
      entries.push_back({.name = query->text(0),
                         .document = query->text(1),
                         .seed = static_cast<std::uint64_t>(query->integer(2)),
                         .started = WallTime(Duration(query->integer(3))),
                         .status = query->text(4)});
    }
  }

  Result<std::vector<states::HistoryEvent>> events(const std::string& execution) override {
    const std::lock_guard held(lock_);
    auto query = database_.prepare("SELECT event FROM event WHERE execution = ? ORDER BY id");
    if (!query) return query.error();
    query->with(execution);
    std::vector<states::HistoryEvent> events;
    while (true) {
      auto row = query->step();
      if (!row) return row.error();
      if (!*row) return events;
      auto event = states::event_from_text(query->text(0));
      if (!event) {
        return within(fmt::format("{}: event {}", execution, events.size() + 1), event.error());
      }
      events.push_back(std::move(*event));
    }
  }

  Result<Done> keep(const std::string& name, const std::string& text) override {
    const std::lock_guard held(lock_);
    auto insert = database_.prepare("INSERT OR REPLACE INTO kept (name, text) VALUES (?, ?)");
    if (!insert) return insert.error();
    return insert->with(name, text).run();
  }

  Result<std::string> kept(const std::string& name) override {
    const std::lock_guard held(lock_);
    auto query = database_.prepare("SELECT text FROM kept WHERE name = ?");
    if (!query) return query.error();
    query->with(name);
    auto row = query->step();
    if (!row) return row.error();
    return *row ? query->text(0) : std::string();
  }

 private:
  std::mutex lock_;
  sqlite::Database database_;
};

}  // namespace

Result<std::unique_ptr<Journal>> open_sqlite_journal(const std::string& file) {
  auto database = sqlite::Database::open(file, {.locking = sqlite::Locking::exclusive});
  if (!database) return database.error();
  if (auto made = database->run(kSchema); !made) return made.error();
  return std::unique_ptr<Journal>(std::make_unique<SqliteJournal>(std::move(*database)));
}

}  // namespace understudy
