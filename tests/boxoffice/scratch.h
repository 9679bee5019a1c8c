#pragma once
// Throw-away folders, processes and servers for tests; all of it ends with its object.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "system/postgres.h"

namespace understudy::test {

class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A port of the loopback that was free a moment ago; each call gives another one.
[[nodiscard]] std::uint16_t free_port();

/// Looks every few milliseconds; false if it has not come true within `patience`.
[[nodiscard]] bool eventually(const std::function<bool()>& holds,
                              std::chrono::milliseconds patience = std::chrono::seconds(10));

[[nodiscard]] std::string read_file(const std::string& path);

struct Command {
  std::vector<std::string> words;
  std::map<std::string, std::string> environment;  ///< all of it, if not empty
  std::string output = "/dev/null";                ///< standard output is appended to it
  std::string errors = "/dev/null";
  bool as_postgres = false;  ///< when we are root, which PostgreSQL refuses to be
};

/// Killed and collected at the end.
class Process {
 public:
  explicit Process(const Command& command);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number) const;
  /// The exit status; 128 + n if signal n ended it; none if it still runs after `patience`.
  std::optional<int> wait(std::chrono::milliseconds patience = std::chrono::seconds(20));

 private:
  pid_t pid_;
  std::optional<int> status_;
};

/// Runs a command to its end.
[[nodiscard]] int run(const Command& command);

/// A PostgreSQL of its own: superuser `postgres` (trusted), role and database `boxoffice` (scram).
class ScratchPostgres {
 public:
  ScratchPostgres();
  ~ScratchPostgres();
  ScratchPostgres(const ScratchPostgres&) = delete;
  ScratchPostgres& operator=(const ScratchPostgres&) = delete;

  void start();
  void stop_immediately();
  void become_standby(bool standby);  ///< from the next start on
  /// To all of its processes.
  void signal(int number) const;

  /// A process that receives the log as a standby of that name would, without being a database.
  [[nodiscard]] std::unique_ptr<Process> start_log_receiver(const std::string& name,
                                                            const std::string& folder) const;

  [[nodiscard]] std::string as_superuser(const std::string& database = "boxoffice") const;
  [[nodiscard]] std::string as_application() const;
  /// One statement as superuser; the test fails if it does.
  postgres::Rows run(const std::string& sql) const;
  [[nodiscard]] std::int64_t count(const std::string& sql) const { return run(sql).number(0, 0); }

  static constexpr const char* kPassword = "scratch-secret-1";

 private:
  ScratchFolder folder_;
  std::uint16_t port_;
  std::optional<Process> process_;
};

class ScratchRedis {
 public:
  ScratchRedis();
  void start();  ///< and waits until it answers
  void stop();
  [[nodiscard]] std::string url() const;
  static constexpr const char* kPassword = "scratch-secret-2";

 private:
  ScratchFolder folder_;
  std::uint16_t port_;
  std::optional<Process> process_;
};

}  // namespace understudy::test
