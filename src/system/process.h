#pragma once
// Starting, naming and ending processes.

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace understudy::process {

/// Whom a program runs as; only root can choose.
struct Credentials {
  uid_t uid = 0;
  gid_t gid = 0;
};

struct Command {
  std::vector<std::string> arguments;  ///< [0]: the program, looked up in PATH if it has no '/'
  std::map<std::string, std::string> environment;  ///< all of it; nothing is inherited
  std::string directory;                           ///< where it runs; "": ours
  std::string log_file;                    ///< appended: standard output and error; "": ours
  std::string input;                       ///< all that it reads on standard input
  int death_signal = 0;                    ///< sent to it when its parent's thread dies; 0: none
  std::optional<Credentials> credentials;  ///< none: ours
  bool new_session = false;                ///< detached from our terminal and group
};

/// Starts a program. Error, unchanged_final: it cannot be executed (the text says why), the
/// directory or log file cannot be opened. Safe in a program with threads.
[[nodiscard]] Result<pid_t> spawn(const Command& command);

/// A process that cannot be mistaken for a later one with the same pid.
struct Identity {
  pid_t pid = 0;
  std::uint64_t started = 0;  ///< clock ticks since boot
  bool operator==(const Identity&) const = default;
};

/// None if there is no such process, or it is a zombie.
[[nodiscard]] std::optional<Identity> identify(pid_t pid);
[[nodiscard]] bool alive(const Identity& process);

/// True once it is gone; false when `timeout` came first.
[[nodiscard]] bool wait_gone(const Identity& process, std::chrono::milliseconds timeout);

/// The result of a program that was run to its end.
struct Finished {
  int status = 0;      ///< exit status, or 128 + signal
  std::string output;  ///< standard output and error, at most 64 KiB
};

/// Runs a program to its end. Error: it could not be started, or ran longer than `timeout` (and was
/// killed; with `new_session`, all that it started in its group too).
[[nodiscard]] Result<Finished> run(Command command, std::chrono::milliseconds timeout);

/// The full path of a program in PATH or in one of `folders`; none if it is nowhere.
[[nodiscard]] std::optional<std::string> find_program(const std::string& name,
                                                      const std::vector<std::string>& folders = {});

}  // namespace understudy::process
