#pragma once
// HAProxy's runtime socket.

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace understudy {

/// Gives one command to the HAProxy that listens at `socket` and returns what it prints: nothing,
/// for most commands that did what they say. Waits at most `timeout` in all.
///
/// Errors: unchanged_retry if nobody listens there; unknown if no answer came.
[[nodiscard]] Result<std::string> ask_haproxy(const std::string& socket, const std::string& command,
                                              milliseconds timeout);

/// The same for a command that prints nothing unless it is refused: then unchanged_final.
[[nodiscard]] Result<Done> tell_haproxy(const std::string& socket, const std::string& command,
                                        milliseconds timeout);

}  // namespace understudy
