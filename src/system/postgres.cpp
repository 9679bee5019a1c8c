#include "system/postgres.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <unordered_set>

namespace understudy::postgres {
namespace {

using Steady = std::chrono::steady_clock;

struct SessionDeleter {
  void operator()(PGconn* session) const { PQfinish(session); }
};
struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, ResultDeleter>;

/// libpq's texts as one line.
std::string one_line(const char* text) {
  std::string line = text == nullptr ? "" : text;
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  for (char& c : line)
    if (c == '\n' || c == '\t') c = ' ';
  return line;
}

/// Waits for any of `events`. False when the deadline has passed.
bool wait_for(int socket, short events, Steady::time_point deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
    if (left <= 0) return false;
    pollfd look{socket, events, 0};
    const int ready = poll(&look, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return true;  // the next call on the socket says what is wrong
  }
}

After left_behind(std::string_view sqlstate) {
  if (sqlstate == "40003" || sqlstate == "08007")
    return After::unknown;  // the server does not know
  const std::string_view kind = sqlstate.substr(0, 2);
  // Rolled back, out of resources, shutting down or starting up, or a lock not to be had.
  const bool later = kind == "40" || kind == "53" || kind == "57" || sqlstate == "55P03";
  return later ? After::unchanged_retry : After::unchanged_final;
}

struct NotificationDeleter {
  void operator()(PGnotify* notification) const { PQfreemem(notification); }
};

/// Takes all notifications that have been read; whether there was one.
bool take_notifications(PGconn* session) {
  bool came = false;
  while (std::unique_ptr<PGnotify, NotificationDeleter>(PQnotifies(session))) came = true;
  return came;
}

/// The server ended the session with it, rather than the statement.
bool is_fatal(const PGresult* refusal) {
  const char* severity = PQresultErrorField(refusal, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity != nullptr && std::string_view(severity) != "ERROR";
}

Rows to_rows(const PGresult* result) {
  Rows rows;
  const int height = PQntuples(result);
  const int width = PQnfields(result);
  rows.rows.reserve(static_cast<std::size_t>(height));
  for (int row = 0; row < height; ++row) {
    auto& cells = rows.rows.emplace_back();
    cells.reserve(static_cast<std::size_t>(width));
    for (int column = 0; column < width; ++column) {
      if (PQgetisnull(result, row, column))
        cells.emplace_back(std::nullopt);
      else
        cells.emplace_back(std::in_place, PQgetvalue(result, row, column),
                           static_cast<std::size_t>(PQgetlength(result, row, column)));
    }
  }
  const std::string_view touched = PQcmdTuples(const_cast<PGresult*>(result));
  std::from_chars(touched.data(), touched.data() + touched.size(), rows.affected);
  return rows;
}

}  // namespace

const std::string& Rows::at(std::size_t row, std::size_t column) const {
  ensure(row < rows.size() && column < rows[row].size() && rows[row][column].has_value(),
         "a cell that is asked for exists and is not null");
  return *rows[row][column];
}

std::int64_t Rows::number(std::size_t row, std::size_t column) const {
  const std::string& text = at(row, column);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  ensure(error == std::errc() && end == text.data() + text.size(),
         "a cell that is asked for as a number is one");
  return number;
}

struct Connection::State {
  std::unique_ptr<PGconn, SessionDeleter> session;
  std::string sqlstate;
  std::unordered_set<std::string> prepared;

  Error broken(std::string_view what) {
    Error error{After::unknown, fmt::format("database: {}", what)};
    session.reset();
    return error;
  }

  /// Sends what libpq has queued, reading along, since the server may not take more before.
  std::optional<Error> send_all(Steady::time_point deadline) {
    for (;;) {
      const int left = PQflush(session.get());
      if (left == 0) return std::nullopt;
      if (left < 0) return broken(one_line(PQerrorMessage(session.get())));
      if (!wait_for(PQsocket(session.get()), POLLIN | POLLOUT, deadline))
        return broken("the statement could not be sent in time");
      if (PQconsumeInput(session.get()) == 0)
        return broken(one_line(PQerrorMessage(session.get())));
    }
  }

  /// The next answer of the statement, null after the last.
  Result<Answer> next(Steady::time_point deadline) {
    while (PQisBusy(session.get())) {
      if (!wait_for(PQsocket(session.get()), POLLIN, deadline))
        return broken("no answer came in time");
      if (PQconsumeInput(session.get()) == 0)
        return broken(one_line(PQerrorMessage(session.get())));
    }
    return Answer(PQgetResult(session.get()));
  }

  /// Reads until the server is ready for the next statement. An error after a result counts: a
  /// commit may fail although its statement has been answered.
  Result<Rows> collect(Steady::time_point deadline) {
    if (auto failed = send_all(deadline)) return *failed;
    Answer last;
    Answer refusal;
    for (;;) {
      auto got = next(deadline);
      // A server that has refused for good hangs up next.
      if (!got && refusal) break;
      if (!got) return got.error();
      Answer answer = std::move(got).value();
      if (!answer) break;
      const ExecStatusType status = PQresultStatus(answer.get());
      if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
        return broken("COPY is not spoken here");
      const bool good =
          status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
      // The first refusal is the server's; after a fatal one libpq adds its own, that it hung up.
      if (good)
        last = std::move(answer);
      else if (!refusal)
        refusal = std::move(answer);
    }
    if (refusal && last && is_fatal(refusal.get()))
      return broken("the session ended after the statement and before its end was confirmed");
    if (refusal) return refused(refusal.get());
    if (!last) return broken("the server answered nothing");
    return to_rows(last.get());
  }

  Error refused(const PGresult* refusal) {
    const char* code = PQresultErrorField(refusal, PG_DIAG_SQLSTATE);
    // Without a code the text is libpq's own: the connection broke.
    if (code == nullptr) return broken(one_line(PQresultErrorMessage(refusal)));
    sqlstate = code;
    const char* text = PQresultErrorField(refusal, PG_DIAG_MESSAGE_PRIMARY);
    Error error{left_behind(sqlstate), fmt::format("database: {} ({})", one_line(text), sqlstate)};
    if (session && PQstatus(session.get()) != CONNECTION_OK) session.reset();
    return error;
  }

  /// Parameters as libpq wants them; the strings stay the caller's.
  static std::vector<const char*> pointers(const Parameters& parameters) {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const auto& parameter : parameters)
      values.push_back(parameter ? parameter->c_str() : nullptr);
    return values;
  }

  std::optional<Error> prepare(const std::string& name, const std::string& sql,
                               Steady::time_point deadline) {
    if (prepared.contains(name)) return std::nullopt;
    if (PQsendPrepare(session.get(), name.c_str(), sql.c_str(), 0, nullptr) == 0)
      return broken(one_line(PQerrorMessage(session.get())));
    auto done = collect(deadline);
    // Nothing was done by preparing, whatever became of the answer.
    if (!done)
      return Error{
          done.error().after == After::unknown ? After::unchanged_retry : done.error().after,
          done.error().what};
    prepared.insert(name);
    return std::nullopt;
  }
};

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::open(const std::string& conninfo,
                                    std::chrono::milliseconds timeout) {
  const auto deadline = Steady::now() + timeout;
  auto state = std::make_unique<State>();
  // libpq would look for a Kerberos ticket before each session; who has one says so in `conninfo`.
  const std::array<const char*, 3> keywords = {"gssencmode", "dbname", nullptr};
  const std::array<const char*, 3> values = {"disable", conninfo.c_str(), nullptr};
  constexpr int kExpandDbname = 1;
  state->session.reset(PQconnectStartParams(keywords.data(), values.data(), kExpandDbname));
  PGconn* session = state->session.get();
  if (session == nullptr) return Error{After::unchanged_retry, "libpq: out of memory"};
  const auto failed = [](std::string_view what) {
    return Error{After::unchanged_retry, fmt::format("database: {}", what)};
  };
  if (PQstatus(session) == CONNECTION_BAD) return failed(one_line(PQerrorMessage(session)));
  PQsetNoticeProcessor(
      session, [](void*, const char*) {}, nullptr);
  for (auto want = PGRES_POLLING_WRITING; want != PGRES_POLLING_OK; want = PQconnectPoll(session)) {
    if (want == PGRES_POLLING_FAILED) return failed(one_line(PQerrorMessage(session)));
    const short events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!wait_for(PQsocket(session), events, deadline))
      return failed(fmt::format("no session within {} ms", timeout.count()));
  }
  PQsetnonblocking(session, 1);
  return Connection(std::move(state));
}

Result<Rows> Connection::run(const std::string& sql, const Parameters& parameters,
                             std::chrono::milliseconds timeout) {
  const auto deadline = Steady::now() + timeout;
  state_->sqlstate.clear();
  if (!connected()) return Error{After::unchanged_retry, "database: the session is closed"};
  const auto values = State::pointers(parameters);
  if (PQsendQueryParams(state_->session.get(), sql.c_str(), static_cast<int>(values.size()),
                        nullptr, values.data(), nullptr, nullptr, 0) == 0)
    return state_->broken(one_line(PQerrorMessage(state_->session.get())));
  return state_->collect(deadline);
}

Result<Rows> Connection::run_script(const std::string& sql, std::chrono::milliseconds timeout) {
  const auto deadline = Steady::now() + timeout;
  state_->sqlstate.clear();
  if (!connected()) return Error{After::unchanged_retry, "database: the session is closed"};
  if (PQsendQuery(state_->session.get(), sql.c_str()) == 0)
    return state_->broken(one_line(PQerrorMessage(state_->session.get())));
  return state_->collect(deadline);
}

Result<Rows> Connection::run_prepared(const std::string& name, const std::string& sql,
                                      const Parameters& parameters,
                                      std::chrono::milliseconds timeout) {
  const auto deadline = Steady::now() + timeout;
  state_->sqlstate.clear();
  if (!connected()) return Error{After::unchanged_retry, "database: the session is closed"};
  if (auto failed = state_->prepare(name, sql, deadline)) return *failed;
  const auto values = State::pointers(parameters);
  if (PQsendQueryPrepared(state_->session.get(), name.c_str(), static_cast<int>(values.size()),
                          values.data(), nullptr, nullptr, 0) == 0)
    return state_->broken(one_line(PQerrorMessage(state_->session.get())));
  return state_->collect(deadline);
}

Result<bool> Connection::await_notification(std::chrono::milliseconds timeout) {
  const auto deadline = Steady::now() + timeout;
  for (;;) {
    if (!connected()) return Error{After::unchanged_retry, "database: the session is closed"};
    PGconn* session = state_->session.get();
    if (take_notifications(session)) return true;
    if (!wait_for(PQsocket(session), POLLIN, deadline)) return false;
    if (PQconsumeInput(session) == 0)
      return Error{After::unchanged_retry,
                   fmt::format("database: {}", one_line(PQerrorMessage(session)))};
  }
}

const std::string& Connection::sqlstate() const { return state_->sqlstate; }

bool Connection::connected() const {
  PGconn* session = state_ ? state_->session.get() : nullptr;
  if (session == nullptr || PQstatus(session) != CONNECTION_OK) return false;
  // At rest the server sends nothing but its farewell (and notices): look whether it has.
  for (;;) {
    pollfd look{PQsocket(session), POLLIN, 0};
    if (poll(&look, 1, 0) <= 0) return true;
    if (PQconsumeInput(session) == 0 || PQstatus(session) != CONNECTION_OK) return false;
  }
}

}  // namespace understudy::postgres
