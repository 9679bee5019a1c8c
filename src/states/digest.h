#pragma once
// Hashes and base64 for the intrinsic functions, on OpenSSL.

#include <optional>
#include <string>
#include <string_view>

namespace understudy::states {

/// Lower-case hexadecimal. None unless the algorithm is MD5, SHA-1, SHA-256, SHA-384 or SHA-512.
[[nodiscard]] std::optional<std::string> digest_hex(std::string_view algorithm,
                                                    std::string_view text);

[[nodiscard]] std::string base64_encode(std::string_view bytes);

/// None if the text is no base64.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

}  // namespace understudy::states
