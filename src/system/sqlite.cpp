#include "system/sqlite.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace understudy::sqlite {

struct State {
  std::string file;
  sqlite3* handle = nullptr;
  bool in_transaction = false;  ///< a Transaction of ours has begun and not ended
  Failure last_failure = Failure::none;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { sqlite3_close_v2(handle); }

  /// After some failures SQLite rolls back by itself; what follows would then commit one by one.
  [[nodiscard]] bool rolled_back() const {
    return in_transaction && sqlite3_get_autocommit(handle) != 0;
  }
};

namespace {

/// Whether the failed call could have made a change durable.
enum class Commits : bool { no, yes };

Failure failure_of(int code) {
  switch (code & 0xff) {
    case SQLITE_OK: return Failure::none;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Failure::busy;
    case SQLITE_FULL: return Failure::full;
    case SQLITE_IOERR: return Failure::io;
    case SQLITE_CONSTRAINT: return Failure::constraint;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Failure::corrupt;
    default: return Failure::other;
  }
}

After after(Failure failure, Commits commits) {
  switch (failure) {
    case Failure::busy: return After::unchanged_retry;
    case Failure::full:
    case Failure::io: return commits == Commits::yes ? After::unknown : After::unchanged_retry;
    default: return After::unchanged_final;
  }
}

std::string_view meaning(Failure failure) {
  switch (failure) {
    case Failure::busy: return "locked by another process or connection";
    case Failure::full: return "no space left";
    case Failure::io: return "reading or writing failed";
    case Failure::constraint: return "refused by a constraint";
    case Failure::corrupt: return "not a sound SQLite database";
    case Failure::none:
    case Failure::other: break;
  }
  return "refused";
}

/// The error of the call that has just failed on this connection.
Error failed(State& state, std::string_view doing, Commits commits) {
  const int code = sqlite3_extended_errcode(state.handle);
  state.last_failure = failure_of(code);
  auto what = fmt::format("{}: {}: {} ({}", state.file, doing, meaning(state.last_failure),
                          sqlite3_errmsg(state.handle));
  const int system = sqlite3_system_errno(state.handle);
  const bool of_the_system = state.last_failure == Failure::io || (code & 0xff) == SQLITE_CANTOPEN;
  if (of_the_system && system != 0) what += ": " + std::generic_category().message(system);
  return Error{after(state.last_failure, commits), what + ")"};
}

Error refused_after_rollback(State& state) {
  state.last_failure = Failure::other;
  return Error{After::unchanged_retry,
               fmt::format("{}: an earlier failure has rolled this transaction back", state.file)};
}

Result<Done> execute(State& state, const char* sql, std::string_view doing, Commits commits) {
  if (sqlite3_exec(state.handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return Done{};
  return failed(state, doing, commits);
}

/// SQLite would make it readable for everybody. Only if it is new: to open and close an existing
/// file here would drop this process's locks on it.
void make_private(const std::string& file) {
  const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made >= 0) ::close(made);
}

/// The journal's mode is an answer, not an error: SQLite keeps another one where it must.
Result<Done> use_write_ahead_log(State& state) {
  sqlite3_stmt* statement = nullptr;
  std::string mode;
  int code = sqlite3_prepare_v2(state.handle, "PRAGMA journal_mode = WAL", -1, &statement, nullptr);
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  if (code == SQLITE_ROW) {
    mode = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
  }
  sqlite3_finalize(statement);
  if (code != SQLITE_ROW) return failed(state, "opening", Commits::no);
  if (mode == "wal") return Done{};
  return Error{After::unchanged_final,
               fmt::format("{}: opening: expected journal mode wal, found {}", state.file, mode)};
}

Result<Done> configure(State& state, const Options& options) {
  sqlite3_busy_timeout(state.handle, static_cast<int>(options.busy_timeout.count()));
  // Before the first access: then the next one, of the log's opening, takes the lock for good, and
  // not even the log's index is shared.
  const auto* locking = options.locking == Locking::exclusive ? "PRAGMA locking_mode = EXCLUSIVE"
                                                              : "PRAGMA locking_mode = NORMAL";
  if (auto set = execute(state, locking, "opening", Commits::no); !set) return set;
  if (auto set = use_write_ahead_log(state); !set) return set;
  return execute(state,
                 "PRAGMA synchronous = FULL;"
                 "PRAGMA foreign_keys = ON;"
                 "PRAGMA trusted_schema = OFF",
                 "opening", Commits::no);
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : state_(other.state_),
      handle_(std::exchange(other.handle_, nullptr)),
      on_row_(std::exchange(other.on_row_, false)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(state_, other.state_);
  std::swap(handle_, other.handle_);
  std::swap(on_row_, other.on_row_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::must_bind(int code) const {
  ensure(code != SQLITE_RANGE, "a statement is given the parameters it has");
  ensure(code != SQLITE_MISUSE, "a statement gets its parameters before it runs");
  ensure(code == SQLITE_OK, "a parameter fits into memory");
}

void Statement::bind(int parameter, std::nullptr_t /*value*/) {
  must_bind(sqlite3_bind_null(handle_, parameter));
}

void Statement::bind(int parameter, double value) {
  must_bind(sqlite3_bind_double(handle_, parameter, value));
}

void Statement::bind_integer(int parameter, std::int64_t value) {
  must_bind(sqlite3_bind_int64(handle_, parameter, value));
}

void Statement::bind(int parameter, std::string_view value) {
  // A null pointer would bind a null, even with a length of 0.
  const char* text = value.data() == nullptr ? "" : value.data();
  must_bind(
      sqlite3_bind_text64(handle_, parameter, text, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind(int parameter, std::span<const std::byte> value) {
  const void* bytes = value.empty() ? static_cast<const void*>("") : value.data();
  must_bind(sqlite3_bind_blob64(handle_, parameter, bytes, value.size(), SQLITE_TRANSIENT));
}

Result<bool> Statement::step() {
  on_row_ = false;
  if (state_->rolled_back()) return refused_after_rollback(*state_);
  const bool commits =
      sqlite3_get_autocommit(state_->handle) != 0 && sqlite3_stmt_readonly(handle_) == 0;
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) {
    on_row_ = true;
    return true;
  }
  if (code == SQLITE_DONE) {
    // At once: until it is reset, a statement may hold a lock.
    sqlite3_reset(handle_);
    return false;
  }
  auto error = failed(*state_, "running a statement", commits ? Commits::yes : Commits::no);
  sqlite3_reset(handle_);
  return error;
}

Result<Done> Statement::run() {
  while (true) {
    const auto row = step();
    if (!row) return row.error();
    if (!*row) return Done{};
  }
}

void Statement::reset() {
  on_row_ = false;
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

void Statement::must_have(int column) const {
  ensure(on_row_, "columns are read while a row is there");
  ensure(column >= 0, "columns count from 0");
  ensure(column < sqlite3_column_count(handle_), "a row has the column that is read");
}

bool Statement::is_null(int column) const {
  must_have(column);
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  must_have(column);
  return sqlite3_column_int64(handle_, column);
}

double Statement::real(int column) const {
  must_have(column);
  return sqlite3_column_double(handle_, column);
}

std::string Statement::text(int column) const {
  must_have(column);
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
  return text == nullptr ? std::string() : std::string(text, size);
}

std::vector<std::byte> Statement::blob(int column) const {
  must_have(column);
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(handle_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
  return bytes == nullptr ? std::vector<std::byte>() : std::vector(bytes, bytes + size);
}

int Statement::columns() const { return sqlite3_column_count(handle_); }

Transaction::~Transaction() {
  if (state_ == nullptr) return;
  // Whatever it answers, the transaction is over: SQLite has rolled it back already, or does now.
  if (!state_->rolled_back()) sqlite3_exec(state_->handle, "ROLLBACK", nullptr, nullptr, nullptr);
  state_->in_transaction = false;
}

Result<Done> Transaction::commit() {
  ensure(state_ != nullptr, "a transaction is committed once");
  if (state_->rolled_back()) return refused_after_rollback(*state_);
  auto committed = execute(*state_, "COMMIT", "committing", Commits::yes);
  if (!committed) return committed;
  state_->in_transaction = false;
  state_ = nullptr;
  return committed;
}

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::string& file, Options options, Failure* failure) {
  make_private(file);
  auto state = std::make_unique<State>();
  state->file = file;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(file.c_str(), &state->handle, flags, nullptr);
  Result<Done> opened =
      code == SQLITE_OK ? configure(*state, options) : failed(*state, "opening", Commits::no);
  if (failure != nullptr) *failure = state->last_failure;
  if (!opened) return opened.error();
  return Database(std::move(state));
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(state_->handle, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return failed(*state_, "preparing a statement", Commits::no);
  ensure(handle != nullptr, "a statement is not empty");
  return Statement(*state_, handle);
}

Result<Done> Database::run(const std::string& sql) {
  if (state_->rolled_back()) return refused_after_rollback(*state_);
  const bool commits = sqlite3_get_autocommit(state_->handle) != 0;
  return execute(*state_, sql.c_str(), "running a statement", commits ? Commits::yes : Commits::no);
}

Result<Transaction> Database::begin() {
  ensure(!state_->in_transaction, "one transaction at a time");
  if (auto begun = execute(*state_, "BEGIN IMMEDIATE", "beginning", Commits::no); !begun) {
    return begun.error();
  }
  state_->in_transaction = true;
  return Transaction(*state_);
}

std::int64_t Database::changed() const { return sqlite3_changes64(state_->handle); }

std::int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(state_->handle); }

Failure Database::last_failure() const { return state_->last_failure; }

}  // namespace understudy::sqlite
