#pragma once
// Sends a mail to a mail server, over libcurl.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace understudy::smtp {

struct Mail {
  std::string from;
  std::vector<std::string> to;
  std::string subject;  ///< one line; what is not ASCII is written as '?'
  std::string text;     ///< UTF-8
  WallTime date{};
};

struct Login {
  std::string user;
  std::string password;
};

/// Hands the mail to the server at `url` (smtp:// or smtps://) within `timeout`. With a login the
/// connection must be encrypted, by STARTTLS if need be, and the server's certificate is verified
/// with the system's authorities; without one it is encrypted if the server can.
///
/// Errors: unchanged_retry if it was not taken; unchanged_final if it never will be (the server
/// said 5xx, or login or certificate failed); unknown if it may have been. No text holds the
/// password.
[[nodiscard]] Result<Done> send(const std::string& url, const Mail& mail,
                                const std::optional<Login>& login,
                                std::chrono::milliseconds timeout);

}  // namespace understudy::smtp
