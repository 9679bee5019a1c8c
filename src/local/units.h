#pragma once
// What a supervisor runs: the programs of one failure domain, and the words to command it.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <csignal>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace understudy {

/// One program that is kept running while it is wanted.
struct Unit {
  std::string name;   ///< "postgres", "api-web.0"
  std::string group;  ///< what is counted: "api-web"; a lone unit is its own group
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  std::string directory;
  std::string log_file;
  int stop_signal = SIGTERM;
  int death_signal = SIGKILL;  ///< when the supervisor dies
  bool wanted = true;          ///< at the supervisor's start
};

/// The supervisor's file: 0600, since environments hold secrets.
[[nodiscard]] Result<Done> save_units(const std::vector<Unit>& units, const std::string& file);
[[nodiscard]] Result<std::vector<Unit>> load_units(const std::string& file);
[[nodiscard]] boost::json::array to_json(const std::vector<Unit>& units);

/// Runs a domain's units until SIGTERM or SIGINT: restarts what ends (after 0.1 s, doubling to 5
/// s), adopts orphans so that nothing leaves the domain, and obeys SupervisorClient on a socket
/// that only its user may open. Ends units in reverse order, each within ten seconds, then by
/// SIGKILL, and at last the orphans. Returns when all have ended. Error: somebody else supervises
/// this domain, or the socket cannot be made.
[[nodiscard]] Result<Done> supervise(const std::string& folder, const std::string& socket);

/// What a supervisor says of one unit.
struct UnitState {
  std::string name;
  std::string group;
  bool wanted = false;
  pid_t pid = 0;           ///< 0: not running
  std::int64_t up_ms = 0;  ///< for how long it has been running
  unsigned restarts = 0;
  int last_status = 0;  ///< exit status, or 128 + signal, of its last end
};

/// Commands a supervisor. Every call opens a connection of its own; thread-safe.
class SupervisorClient {
 public:
  explicit SupervisorClient(std::string socket) : socket_(std::move(socket)) {}

  /// unchanged_retry: nobody listens there.
  [[nodiscard]] Result<std::vector<UnitState>> units(milliseconds timeout) const;
  /// What it would start, as it has it in memory, whatever its file says by now. Environments hold
  /// secrets.
  [[nodiscard]] Result<std::vector<Unit>> configuration(milliseconds timeout) const;
  /// The first `count` units of a group are to run, the others not.
  [[nodiscard]] Result<Done> want(const std::string& group, unsigned count,
                                  milliseconds timeout) const;
  /// Kills a unit (SIGKILL) and keeps it down until release().
  [[nodiscard]] Result<Done> hold(const std::string& unit, milliseconds timeout) const;
  /// Ends a unit by its stop signal, keeps it down until release(), and waits until it is down.
  /// unknown: it has not ended within `timeout`, and still may.
  [[nodiscard]] Result<Done> stop(const std::string& unit, milliseconds timeout) const;
  [[nodiscard]] Result<Done> release(const std::string& unit, milliseconds timeout) const;
  /// Ends a unit by its stop signal; it is started again at once.
  [[nodiscard]] Result<Done> restart(const std::string& unit, milliseconds timeout) const;

 private:
  [[nodiscard]] Result<boost::json::object> ask(const boost::json::object& request,
                                                milliseconds timeout) const;
  std::string socket_;
};

/// The pid that supervises `folder` now; 0 if none does.
[[nodiscard]] pid_t supervisor_of(const std::string& folder);

}  // namespace understudy
