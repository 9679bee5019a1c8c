#pragma once
// Internal to system_http: OpenSSL's contexts and certificates, apart from the heavy server file.

#include <openssl/ssl.h>

#include <string>

#include "base/result.h"
#include "system/http.h"

namespace understudy::http {

/// A context for a server that demands a certificate of the authority from every client; TLS 1.2 or
/// newer. The caller owns it. The error names the file that cannot be used.
[[nodiscard]] Result<SSL_CTX*> make_server_context(const Tls& tls);

/// The common name of the verified certificate of the other side, or "".
[[nodiscard]] std::string peer_name(SSL* session);

}  // namespace understudy::http
