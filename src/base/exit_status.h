#pragma once
// What the program's exit status means; documented in docs/cli.md and --help.

#include "base/result.h"

namespace understudy {

enum class Exit : int {
  ok = 0,
  no = 1,           ///< it ran, and the answer is no: objectives missed, nothing asked, not active
  usage = 2,        ///< wrong words, or a mistake in understudy.yaml
  machine = 3,      ///< this machine lacks something: a program, a port, room, a user, a folder
  busy = 4,         ///< another one is at it: a second controller, another up or down
  unreachable = 5,  ///< a part of the stack did not answer
};

/// For a command that failed on the machine it ran on.
[[nodiscard]] constexpr Exit exit_for(const Error& error) {
  return error.after == After::unchanged_retry ? Exit::busy : Exit::machine;
}

}  // namespace understudy
