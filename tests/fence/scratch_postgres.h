#pragma once
// A PostgreSQL 15 of the test's own, fenced, and a page that the test writes.

#include <libpq-fe.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fence/page_writer.h"

namespace understudy::fence_test {

using std::chrono::milliseconds;

/// Asks `holds` again and again until it does; false after `limit`.
[[nodiscard]] bool eventually(const std::function<bool()>& holds,
                              milliseconds limit = std::chrono::seconds(30));

/// For connect(): TLS, and none of the user's own certificates.
inline constexpr const char* kTls = "sslmode=require sslcert=/none sslkey=/none sslrootcert=/none";

/// What a client was told.
struct Answer {
  enum class Kind { ok, refused, cut, none } kind = Kind::none;
  int results = 0;       ///< how many statements it told the success of
  std::string value;     ///< first column of the first row of the last result, if any
  std::string sqlstate;  ///< of the refusal
  std::string message;   ///< of the refusal or of what libpq says of the cut
  [[nodiscard]] bool ok() const { return kind == Kind::ok; }
  [[nodiscard]] bool fenced() const { return sqlstate == UNDERSTUDY_FENCE_SQLSTATE; }
};

/// One client's connection.
class Session {
 public:
  explicit Session(const std::string& conninfo);

  /// Runs a simple query and waits for its whole answer.
  Answer run(const std::string& sql);
  /// run(), the value only; "" unless ok.
  std::string value(const std::string& sql) { return run(sql).value; }
  /// Sends a simple query without waiting.
  void send(const std::string& sql);
  /// Waits for the whole answer to what was sent; Kind::none if it is not there in time.
  Answer receive(milliseconds limit = std::chrono::seconds(30));

  [[nodiscard]] PGconn* raw() const { return connection_.get(); }
  [[nodiscard]] pid_t backend() const { return PQbackendPID(connection_.get()); }
  /// Notices received so far, one a line.
  [[nodiscard]] const std::string& notices() const { return *notices_; }

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
  std::unique_ptr<std::string> notices_;
};

/// The writer of a page, as an agent would be.
class TestPage {
 public:
  explicit TestPage(std::string path) : path_(std::move(path)) { open_file(); }
  ~TestPage() { understudy_release_page(&writer_); }
  TestPage(const TestPage&) = delete;
  TestPage& operator=(const TestPage&) = delete;

  void promise(milliseconds left);
  void promise_without_end();
  void write(const understudy_promise& promise) { understudy_write_promise(&writer_, &promise); }
  void close() { understudy_close_page(&writer_, &last_); }
  /// As left by a writer that died in the middle.
  void tear() { writer_.page->sequence |= 1; }
  void from_another_boot();
  /// Deletes the file; what was mapped of it stays as it is.
  void remove();
  /// Puts a new, closed file in its place.
  void open_file();
  /// Waits until the promise's deadline has passed.
  void outlast() const;

 private:
  std::string path_;
  understudy_page_writer writer_{};
  understudy_promise last_{};
};

/// A server with its data under a directory of its own, ended and removed with this object.
class ScratchPostgres {
 public:
  ScratchPostgres();
  ~ScratchPostgres();
  ScratchPostgres(const ScratchPostgres&) = delete;
  ScratchPostgres& operator=(const ScratchPostgres&) = delete;

  [[nodiscard]] Session connect(const std::string& user = "admin",
                                const std::string& more = "") const;
  [[nodiscard]] std::string conninfo(const std::string& user, const std::string& more = "") const;
  [[nodiscard]] TestPage& page() { return *page_; }
  [[nodiscard]] std::string page_path() const { return directory_ + "/page"; }
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] pid_t postmaster() const { return postmaster_; }
  /// The server's log from `from` on.
  [[nodiscard]] std::string log(std::size_t from = 0) const;

  /// From here on commits of sessions with synchronous_commit = on wait inside the commit.
  void hold_commits();
  /// Lets them go on, and later ones through.
  void release_commits();
  /// Waits until that backend waits inside its commit.
  [[nodiscard]] bool waits_in_commit(pid_t backend);
  [[nodiscard]] bool waits_for(pid_t backend, const std::string& event);

 private:
  void initialise();
  void start();
  void configure(const std::string& sql);

  std::string directory_;
  int port_ = 0;
  pid_t postmaster_ = -1;
  std::unique_ptr<TestPage> page_;
};

}  // namespace understudy::fence_test
