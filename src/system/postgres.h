#pragma once
// A PostgreSQL session over libpq in which every statement has a deadline.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy::postgres {

/// The rows of a statement, all as text; a null is nullopt.
struct Rows {
  std::vector<std::vector<std::optional<std::string>>> rows;
  std::uint64_t affected = 0;  ///< rows that INSERT, UPDATE or DELETE touched

  [[nodiscard]] bool empty() const { return rows.empty(); }
  [[nodiscard]] std::size_t size() const { return rows.size(); }
  /// Requires: the cell exists and is not null.
  [[nodiscard]] const std::string& at(std::size_t row, std::size_t column) const;
  [[nodiscard]] std::int64_t number(std::size_t row, std::size_t column) const;
};

using Parameters = std::vector<std::optional<std::string>>;

/// One session. Not thread-safe. After an error with After::unknown, or once connected() is false,
/// the session is of no more use: open another.
class Connection {
 public:
  /// `conninfo` as libpq reads it ("host=... port=... user=... password=..."); never logged.
  [[nodiscard]] static Result<Connection> open(const std::string& conninfo,
                                               std::chrono::milliseconds timeout);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  /// Runs one statement with parameters ($1, $2, ... as text).
  ///
  /// Errors: unchanged_final if the server refused it (see sqlstate(); a serialisation failure,
  /// deadlock or "not now" is unchanged_retry); unknown if no answer came in time or the connection
  /// broke, upon which the session is closed; unchanged_retry if it was closed before.
  [[nodiscard]] Result<Rows> run(const std::string& sql, const Parameters& parameters,
                                 std::chrono::milliseconds timeout);
  /// Several statements in one message without parameters, in one implicit transaction.
  [[nodiscard]] Result<Rows> run_script(const std::string& sql, std::chrono::milliseconds timeout);
  /// Prepares once per session and runs.
  [[nodiscard]] Result<Rows> run_prepared(const std::string& name, const std::string& sql,
                                          const Parameters& parameters,
                                          std::chrono::milliseconds timeout);

  /// Waits for a notification of a channel that this session LISTENs to; all that have come count
  /// as one. False if none came in time. Error, unchanged_retry: the session has ended, and with it
  /// what it listened to.
  [[nodiscard]] Result<bool> await_notification(std::chrono::milliseconds timeout);

  /// The code of the last refusal by the server, or "".
  [[nodiscard]] const std::string& sqlstate() const;
  /// Also looks whether the server has hung up in the meantime (one cheap system call).
  [[nodiscard]] bool connected() const;

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace understudy::postgres
