#pragma once
// One SQLite file: write-ahead log, every commit on the disk before it is answered.

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

struct sqlite3_stmt;

namespace understudy::sqlite {

enum class Locking : bool {
  shared,     ///< other processes may open it, too
  exclusive,  ///< ours from open() until the Database is gone; nobody else even reads
};

struct Options {
  Locking locking = Locking::shared;
  /// How long a statement, and open(), waits for a lock of somebody else.
  std::chrono::milliseconds busy_timeout = std::chrono::seconds(2);
};

/// Why the last call failed, for callers that act on it; Error::what says it to people.
enum class Failure : std::uint8_t {
  none,
  busy,        ///< locked by another connection for longer than busy_timeout
  full,        ///< the disk, or the size set for the file
  io,          ///< reading, writing or syncing failed
  constraint,  ///< unique, not null, check, foreign key
  corrupt,     ///< not a database, or a damaged one
  other,       ///< a mistake in SQL, no permission, no memory
};

struct State;

/// A prepared statement. Used by the thread that uses its Database, and gone before it is.
///
/// Parameters count from 1, columns from 0. A wrong number of either is our bug and stops the
/// process. Texts may hold anything, blobs too; both are copied.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  void bind(int parameter, std::nullptr_t value);
  void bind(int parameter, double value);
  void bind(int parameter, std::string_view value);
  void bind(int parameter, const char* value) { bind(parameter, std::string_view(value)); }
  void bind(int parameter, std::span<const std::byte> value);
  template <std::integral Integer>
  void bind(int parameter, Integer value) {
    ensure(std::in_range<std::int64_t>(value), "SQLite's integers have 64 bits with a sign");
    bind_integer(parameter, static_cast<std::int64_t>(value));
  }
  template <class T>
  void bind(int parameter, const std::optional<T>& value) {
    if (value) {
      bind(parameter, *value);
    } else {
      bind(parameter, nullptr);
    }
  }

  /// Begins anew with these parameters: `insert.with("north", 7).run()`.
  template <class... Values>
  Statement& with(const Values&... values) {
    reset();
    int parameter = 0;
    (bind(++parameter, values), ...);
    return *this;
  }

  /// True: a row is there to be read, until the next call. False: done; the statement can be run
  /// again. Errors as for Database::run().
  [[nodiscard]] Result<bool> step();

  /// Runs a statement to its end and drops its rows.
  [[nodiscard]] Result<Done> run();

  /// Ends it early and forgets its parameters.
  void reset();

  /// Requires: step() has just given a row. What is of another type is converted as SQLite does;
  /// a null becomes 0 or "".
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::vector<std::byte> blob(int column) const;
  [[nodiscard]] int columns() const;

 private:
  friend class Database;
  Statement(State& state, sqlite3_stmt* handle) : state_(&state), handle_(handle) {}
  void bind_integer(int parameter, std::int64_t value);
  void must_bind(int code) const;
  void must_have(int column) const;

  State* state_ = nullptr;
  sqlite3_stmt* handle_ = nullptr;
  bool on_row_ = false;
};

/// Changes that happen together or not at all; rolled back unless committed. Gone before its
/// Database, and before another one begins.
class Transaction {
 public:
  Transaction(Transaction&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  /// Durable when this succeeds. Errors: unchanged_retry if somebody else's lock was in the way
  /// (the transaction stays open; commit again) or an earlier failure had rolled it back; unknown
  /// if writing or syncing failed: not seen from here on, and yet it may be there after a crash.
  ///
  /// Requires: not committed before.
  [[nodiscard]] Result<Done> commit();

 private:
  friend class Database;
  explicit Transaction(State& state) : state_(&state) {}
  State* state_ = nullptr;
};

/// One connection to one file. One thread at a time. Nothing else in this process may open the file
/// by other means while this is open: closing it there would drop our locks (a rule of POSIX).
class Database {
 public:
  /// Opens the file or makes it, readable by its owner only. Errors: unchanged_retry (Failure::busy
  /// to a caller who looks at `failure`) if another process has it exclusively or, when asked for
  /// exclusively, at all; else unchanged_final.
  [[nodiscard]] static Result<Database> open(const std::string& file, Options options = {},
                                             Failure* failure = nullptr);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  [[nodiscard]] Result<Statement> prepare(std::string_view sql);

  /// Runs statements separated by semicolons, without parameters. Outside a transaction each is
  /// committed by itself, and an error tells of the one that failed: those before it stand. BEGIN,
  /// COMMIT and ROLLBACK are begin()'s and its Transaction's.
  ///
  /// Errors: unchanged_retry if the file was locked or, inside a transaction, if the disk was full
  /// or failed; unchanged_final if SQL, a constraint or the file's content is against it; unknown
  /// if, outside a transaction, a change could not be written whole. Inside a transaction nothing
  /// is ever unknown, and once a failure has rolled it back every further statement is refused.
  [[nodiscard]] Result<Done> run(const std::string& sql);

  /// Waits for the one writer's lock at once, so that no later statement has to.
  [[nodiscard]] Result<Transaction> begin();

  /// Rows changed by the last INSERT, UPDATE or DELETE.
  [[nodiscard]] std::int64_t changed() const;
  [[nodiscard]] std::int64_t last_row_id() const;

  /// Of the last call on this database, its statements and transactions that failed.
  [[nodiscard]] Failure last_failure() const;

 private:
  explicit Database(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace understudy::sqlite
