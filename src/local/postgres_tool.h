#pragma once
// PostgreSQL's own programs, run to their end, and the servers that only we can reach.

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "system/postgres.h"

namespace understudy {

/// The environment of PostgreSQL's programs: nothing of the caller's reaches them.
[[nodiscard]] const std::map<std::string, std::string>& postgres_environment();

/// The line of a tool's output that says why it failed: the first that names an error, with its
/// hint; else the last.
[[nodiscard]] std::string reason_in(const std::string& output);

/// Runs one below `directory`, and ends it with us, so that nobody who still writes there is left
/// when we are. unchanged_retry: it ended with another status than 0; the text says why.
[[nodiscard]] Result<std::string> run_postgres_tool(const std::string& what,
                                                    const std::string& directory,
                                                    std::vector<std::string> arguments,
                                                    milliseconds timeout);

/// The same for one that has much to say: its output goes into a file, `look` is called with the
/// file's size whenever it may have grown. Gives its exit status.
[[nodiscard]] Result<int> run_postgres_tool_into(const std::string& output,
                                                 const std::string& directory,
                                                 std::vector<std::string> arguments,
                                                 const std::function<void()>& look,
                                                 milliseconds timeout);

struct PrivateServer {
  std::string programs;       ///< the folder of `postgres`
  std::string directory;      ///< where it runs; its admission file is put there
  std::string data;           ///< its data folder
  std::string socket_folder;  ///< only ours; of this server alone
  std::string log_file;
  std::vector<std::string> settings;  ///< "name=value", over its configuration
};

/// A server that only we can reach for as long as the object lives: its socket lies in a folder
/// that is only ours, and it listens on no address. Ends with us at the latest.
class PrivatePostgres {
 public:
  [[nodiscard]] static Result<PrivatePostgres> start(const PrivateServer& server);
  PrivatePostgres(PrivatePostgres&& other) noexcept
      : socket_folder_(std::move(other.socket_folder_)), pid_(std::exchange(other.pid_, 0)) {}
  PrivatePostgres& operator=(PrivatePostgres&&) = delete;
  ~PrivatePostgres();

  /// A superuser's session, once it takes any. unchanged_retry: it ended, or not within `timeout`.
  [[nodiscard]] Result<postgres::Connection> connect(const std::string& database,
                                                     milliseconds timeout);

  /// Shuts it down as fast as it can be clean. unknown: it was not within `timeout`, and was ended.
  Result<Done> stop(milliseconds timeout);

  static constexpr int kPort = 5432;  ///< only a part of the socket's name

 private:
  PrivatePostgres(std::string socket_folder, pid_t pid)
      : socket_folder_(std::move(socket_folder)), pid_(pid) {}
  [[nodiscard]] bool ended();

  std::string socket_folder_;
  pid_t pid_;
};

}  // namespace understudy
