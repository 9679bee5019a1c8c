#pragma once
// A mail as it travels: RFC 5322 with MIME. Pure.

#include <string>

#include "base/time.h"
#include "messages.h"

namespace understudy::boxoffice {

/// Header and body, every line ending in CRLF and at most 76 bytes long but for the addresses'.
/// No field can break out of its line, whatever name, subject and text hold.
/// Requires: is_address of `from`, the mail's address and its message_id.
[[nodiscard]] std::string to_rfc5322(const Mail& mail, std::string_view from, WallTime date);

}  // namespace understudy::boxoffice
