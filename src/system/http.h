#pragma once
// What an HTTP request and response are, for the server and the client alike.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::http {

/// Names compare without regard to case, as HTTP's do.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// The first header of that name, or "".
[[nodiscard]] std::string_view find_header(const Headers& headers, std::string_view name);

/// "a%20b" to "a b". None if a '%' is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

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
  /// Server side: asked on the server's own thread right before each send(2) of this answer; once
  /// it says false, the connection is closed and nothing more leaves (mostly: nothing at all). Must
  /// be quick and must not throw. Empty: always.
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
