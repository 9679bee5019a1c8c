#pragma once
// Telling whether two things are equal without carrying them about.

#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

/// HMAC-SHA-256 by a key, as 16 hexadecimal digits: without the key, a short secret cannot be
/// guessed from it.
[[nodiscard]] std::string keyed_digest(std::string_view key, std::string_view text);

/// SHA-256 of a text, as 16 hexadecimal digits.
[[nodiscard]] std::string digest(std::string_view text);

/// SHA-256 of a file, as 16 hexadecimal digits; remembered until the file changes. Thread-safe.
/// Error, unchanged_final: why it cannot be read.
[[nodiscard]] Result<std::string> file_digest(const std::string& path);

}  // namespace understudy
