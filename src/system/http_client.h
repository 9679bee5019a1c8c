#pragma once
// A blocking HTTP client over libcurl; connections are kept and reused.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "system/http.h"

namespace understudy::http {

struct ClientOptions {
  std::optional<Tls> tls;      ///< for https:// URLs: our certificate, and whom we believe
  std::string source_address;  ///< "" or the local address that connections come from
};

/// Thread-safe: any number of calls may run at once, each on a connection of its own.
class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends one request (`url` with scheme, host, port, path and query; of `request` the method,
  /// headers and body are used) and waits at most `timeout` for the whole answer. Any HTTP status
  /// is a success here. Never follows redirects, never retries.
  ///
  /// Errors: unchanged_retry if the request was certainly never delivered (no connection);
  /// unchanged_final if it never can be (not a URL, a TLS file that cannot be read);
  /// unknown if it may have been.
  [[nodiscard]] Result<Response> send(const std::string& url, const Request& request,
                                      std::chrono::milliseconds timeout) const;

 private:
  class Connections;
  std::unique_ptr<Connections> connections_;
};

}  // namespace understudy::http
