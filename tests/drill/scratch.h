#pragma once
// Real processes for stack tests: scratch PostgreSQL servers and services, ended by pid.

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "system/postgres.h"

namespace understudy::drill {

/// A folder under the system's temporary folder that the unprivileged user may traverse; removed
/// with all that is in it.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Program {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;  ///< added to ours
  std::filesystem::path output;                    ///< what it prints goes to the end of this file
  bool unprivileged = false;  ///< as user postgres if we are root, which PostgreSQL insists on
};

/// A child that dies with us at the latest.
class Process {
 public:
  explicit Process(const Program& program);
  /// Kills it, frozen or not, if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Sends the signal to it and to all its descendants, parents first.
  void signal_all(int number) const;
  /// Waits for its end; its exit status, or -1 if a signal ended it.
  int wait();

 private:
  pid_t pid_;
};

/// Runs it to its end. Throws with its output if it failed: a broken test set-up.
void run(const Program& program);

/// A port of 127.0.0.1 that nobody listens on now.
[[nodiscard]] unsigned free_port();

/// A PostgreSQL 15 on 127.0.0.1 with passwords and commit timestamps, without fsync.
class ScratchPostgres {
 public:
  /// An empty primary.
  ScratchPostgres(const std::filesystem::path& folder, const std::string& name);
  /// A streaming standby of `primary`.
  ScratchPostgres(const std::filesystem::path& folder, const std::string& name,
                  const ScratchPostgres& primary);
  ~ScratchPostgres();

  /// For user postgres, with its password.
  [[nodiscard]] std::string conninfo(const std::string& database) const;
  /// Runs SQL as postgres and throws if that fails.
  postgres::Rows ask(const std::string& sql, const std::string& database = "postgres") const;
  [[nodiscard]] Process& process() { return *process_; }

 private:
  void start();
  std::filesystem::path folder_;
  std::filesystem::path data_;
  std::filesystem::path log_;
  unsigned port_;
  std::unique_ptr<Process> process_;
};

/// Makes a database and runs a schema file in it.
void make_database(const ScratchPostgres& server, const std::string& name,
                   const std::filesystem::path& schema);

}  // namespace understudy::drill
