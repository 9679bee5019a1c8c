#pragma once
// What an HTTP request and response are, for the server and the client alike.

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::http {

/// Names compare without regard to case, as HTTP's do.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// The first header of that name, or "".
[[nodiscard]] std::string_view find_header(const Headers& headers, std::string_view name);

struct Request {
  std::string method;  ///< "GET", "POST", ...
  std::string path;    ///< decoded, without the query: "/api/orders"
  std::string query;   ///< as sent, without '?'
  Headers headers;
  std::string body;
  /// Server side: the common name of the client's verified certificate; "" without TLS.
  std::string peer;

  [[nodiscard]] std::string_view header(std::string_view name) const {
    return find_header(headers, name);
  }
  /// The decoded value of a query parameter, or "".
  [[nodiscard]] std::string parameter(std::string_view name) const;
};

struct Response {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
  Headers headers;
  /// Server side: asked right before the first byte is written; if it says false, the connection is
  /// closed without an answer, so that no acknowledgement leaves. Empty: always.
  std::function<bool()> may_leave;

  [[nodiscard]] std::string_view header(std::string_view name) const {
    return find_header(headers, name);
  }
};

/// Certificate, key and the authority that the other side must be signed by; PEM files.
/// With it, both sides verify each other (mutual TLS).
struct Tls {
  std::string certificate_file;
  std::string key_file;
  std::string authority_file;
};

}  // namespace understudy::http
